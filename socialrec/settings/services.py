"""Settings of the services: Spark, Airflow, MLflow, a cluster's servers, maintenance and alerts."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from socialrec.settings.section import Days, Section

LOOPBACK = "127.0.0.1"

Port = Annotated[int, Field(ge=1, le=65535)]

_WEB = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(/\S*)?")


def _web_address(value: str) -> str:
    # The message leaves out the value: it may be a secret.
    if not _WEB.fullmatch(value):
        raise ValueError("not an address such as https://host:8080, of http or https, without a user or a password")
    return value


def _mlflow_address(value: str) -> str:
    return value if value.startswith("sqlite:////") else _web_address(value)


WebAddress = Annotated[str, AfterValidator(_web_address)]
MlflowAddress = Annotated[str, AfterValidator(_mlflow_address)]


LOGGING = Path(__file__).parents[1] / "etl" / "log4j2.properties"


class SparkSettings(Section):
    """Settings of Spark; the default is local mode."""

    master: str = "local[*]"
    driver_memory: str = "2g"
    executor_memory: str = "1g"
    """Memory of an executor's JVM on a cluster; in local mode executors share the driver's."""
    shuffle_partitions: int = Field(4, ge=1)
    authenticate: bool = False
    """Authentication between the parts of a cluster by the secret in `secrets/spark.conf`, as `make cluster` and
    `socialrec serve` start them. In local mode it is always on, with a secret per session.
    """
    quick_landing_mib: int = Field(64, ge=0)
    """Size of the landing folder up to which Java, in local mode, compiles Spark's code quickly instead of thoroughly:
    a small night takes a third less time so, a large one more. 0 is never.
    """
    conf: dict[str, str] = Field(default_factory=dict)
    """Further Spark properties, by their own names."""
    conf_dir: Path | None = None
    """Folder with a configuration of Spark's own, such as `spark-defaults.conf` and `log4j2.properties`; without one
    Spark logs errors alone.
    """
    ui_url: WebAddress | None = None
    """Page of a standalone master or a history server; Airflow's Spark tasks then link to it."""

    @property
    def is_local(self) -> bool:
        """True if Spark runs in local mode, in which it needs no network."""
        return self.master.startswith("local")

    @property
    def is_on_loopback(self) -> bool:
        """True if Spark needs only this machine: local mode, or a master on loopback."""
        return self.is_local or f"//{LOOPBACK}:" in self.master

    @property
    def environment(self) -> dict[str, str]:
        """Environment for Spark's launcher."""
        # Java takes no class from an archive where a folder is among the sources of classes.
        by_file = {"LOG4J_CONFIGURATION_FILE": str(LOGGING)}
        own = {"SPARK_CONF_DIR": str(self.conf_dir)} if self.conf_dir else by_file
        return own | ({"SPARK_LOCAL_IP": LOOPBACK} if self.is_on_loopback else {})


class MaintenanceSettings(Section):
    """Retention and limits of maintenance."""

    version_days: Days = 30.0
    """Days for which old versions of a table can be read; versions that the champion and the one before it were trained
    on stay.
    """
    passage_days: Days = 14.0
    """Days for which a day's passages stay, before the newest one: they are most of what answers take on disk."""
    answer_days: Days = 180.0
    """Days for which a day's answers stay, before the newest one."""
    max_files: int = Field(8, ge=1)
    """Most files of a partition; more are merged, where the files are small."""
    verified_gib: float = Field(20.0, ge=0)
    """Limit on the files verified in one run: about a quarter of the lake, another quarter each week, but at
    most this.
    """
    leftover_days: Days = 7.0
    """Days after which unused files are removed: unfinished files, checkpoints, candidates and copies of models."""
    history_days: Days = 180.0
    """Days for which receipts, logs and records of past runs stay, and runs deleted in MLflow can be restored."""


class ServiceSettings(Section):
    """Settings of Airflow and MLflow. Where the supervisor starts them, a busy port means the next free one is
    taken.
    """

    host: str = LOOPBACK
    """Address that servers listen on."""
    airflow_port: Port = 8080
    mlflow_port: Port = 5000
    airflow_url: WebAddress | None = None
    """URL of Airflow for people and tasks; none means its port on this machine."""
    mlflow_uri: MlflowAddress | None = None
    """URL of an existing MLflow server, or `sqlite:///` and the absolute path of a database; none means our own on
    loopback. Its user name and password are the variables MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD of the
    environment.
    """
    mlflow_is_ours: bool = False
    """True if the server at `mlflow_uri` is run by `socialrec serve mlflow`: then programs sign in to it with the
    password in `secrets/`.
    """
    scheduled: bool = True
    """False if DAGs run only when somebody starts them, not at the hours below."""
    nightly_cron: str = "0 2 * * *"
    train_cron: str = "0 4 * * 0"
    answers_cron: str = "0 5 * * *"
    train_answers_cron: str = "0 8 * * 0"
    maintenance_cron: str = "0 6 * * 0"


class ClusterSettings(Section):
    """Settings of a cluster's servers, for shops that are too large for one machine's files.

    Addresses contain no passwords: those are files in `secrets/`, made on first use where they are missing.
    """

    executor: Literal["LocalExecutor", "CeleryExecutor", "KubernetesExecutor"] = "LocalExecutor"
    task_slots: int = Field(4, ge=1)
    """Most tasks that run in parallel, in total."""
    worker_slots: int = Field(2, ge=1)
    """Most tasks that one Celery worker runs in parallel."""
    queues: str = "default,gpu"
    """Queues from which a Celery worker takes tasks: tasks of pool `gpu` are in a queue of that name."""
    airflow_database: str | None = None
    """URL of Airflow's database, such as `postgresql+psycopg2://airflow@db:5432/airflow`; none means SQLite. Its user's
    password is a file: `secrets/airflow.password`.
    """
    mlflow_database: str | None = None
    """URL of MLflow's database: a database and a user of its own."""
    broker: str | None = None
    """URL of Celery's Redis, such as `redis://broker:6379/0`. Its password is `requirepass` of `secrets/redis.conf`."""
    artifacts: str | None = None
    """Place of MLflow's artifacts, such as `s3://shop/mlflow`; none means a folder. Keys: `secrets/aws_credentials`."""
    s3_endpoint: WebAddress | None = None
    """Address of an S3-compatible store; none means Amazon's."""
    pod_template: Path | None = None
    """Template of a task's pod under the KubernetesExecutor."""
    gpu_pod_template: Path | None = None
    """Template of the pods of tasks of the pool `gpu`."""
    is_here: bool = False
    """True if the supervisor also starts the databases, the store and the workers, all on loopback of this machine."""
    celery_workers: int = Field(2, ge=1)
    spark_workers: int = Field(2, ge=1)
    spark_worker_memory: str = "1g"
    """Memory that a Spark worker of one core offers to executors."""
    spark_ui_port: Port = 8090
    """Port of the Spark master's page."""


class Channel(StrEnum):
    """Channel of alerts."""

    NONE = "none"
    LOG = "log"
    FILE = "file"
    WEBHOOK = "webhook"


class AlertSettings(Section):
    """Settings of alerts about tasks that failed for good and about late runs."""

    send_to: Channel = Channel.NONE
    """Channel of alerts. `log`: the log of Airflow. `file`: a line of `<home>/logs/alerts.jsonl`. `webhook`: one JSON
    object is posted.
    """
    webhook_url: WebAddress | None = None
    """URL for `webhook`. It is treated as a secret: no log shows it."""
    deadline_hours: float = Field(6.0, gt=0)
    """Hours after which a queued night or training that has not ended is late."""

    @model_validator(mode="after")
    def _webhook_has_an_address(self) -> Self:
        if self.send_to is Channel.WEBHOOK and not self.webhook_url:
            raise ValueError('send_to = "webhook" needs alerts.webhook_url')
        return self
