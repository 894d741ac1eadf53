"""Settings of what the nights run on: Spark, Airflow, MLflow, a cluster's servers, housekeeping and alerts."""

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


class SparkSettings(Section):
    """Where Spark runs; the default is this machine."""

    master: str = "local[*]"
    driver_memory: str = "2g"
    executor_memory: str = "1g"
    """Memory of an executor's JVM on a cluster; where Spark runs inside the driver it has the driver's."""
    shuffle_partitions: int = Field(4, ge=1)
    authenticate: bool = False
    """The parts of a cluster show each other the secret in `secrets/spark.conf`, as those do that `make cluster` and
    `socialrec serve` start. Inside one machine's processes they always do, with a secret of each session."""
    conf: dict[str, str] = Field(default_factory=dict)
    """Further Spark properties, by their own names."""
    conf_dir: Path = Path(__file__).parents[1] / "etl" / "spark_conf"
    """Folder with Spark's own files, such as `log4j2.properties`."""
    ui_url: WebAddress | None = None
    """The page of a standalone master or a history server; Airflow's Spark tasks then link to it."""

    @property
    def is_local(self) -> bool:
        """Whether Spark runs inside this machine's processes: then it has no business on the network."""
        return self.master.startswith("local")

    @property
    def is_on_loopback(self) -> bool:
        """Whether this machine is all that Spark needs: inside the driver, or on a master that nobody else reaches."""
        return self.is_local or f"//{LOOPBACK}:" in self.master

    @property
    def environment(self) -> dict[str, str]:
        """What Spark's launcher has to find in its environment."""
        return {"SPARK_CONF_DIR": str(self.conf_dir)} | ({"SPARK_LOCAL_IP": LOOPBACK} if self.is_on_loopback else {})


class MaintenanceSettings(Section):
    """What housekeeping keeps, and for how long."""

    version_days: Days = 30.0
    """How long an old version of a table can be read; what the champion and the one before it learned from stays."""
    max_files: int = Field(8, ge=1)
    """Partitions in more files than this are merged, where the files are small."""
    verified_gib: float = Field(20.0, ge=0)
    """Each run verifies about a quarter of the lake's files, another quarter each week, but at most so much."""
    leftover_days: Days = 7.0
    """Unfinished files, checkpoints, candidates and unused copies of models go when nobody touched them for so long."""
    history_days: Days = 180.0
    """How long receipts, logs and records of past runs stay; runs deleted in MLflow can be restored for as long."""


class ServiceSettings(Section):
    """Airflow and MLflow. Where the supervisor starts them, a busy port means the next free one is taken."""

    host: str = LOOPBACK
    """Address that servers listen on."""
    airflow_port: Port = 8080
    mlflow_port: Port = 5000
    airflow_url: WebAddress | None = None
    """Where people and tasks reach Airflow; none means its port on this machine."""
    mlflow_uri: MlflowAddress | None = None
    """An MLflow server that is already there, or the absolute path of a database of its own after `sqlite:///`; none
    means our own on loopback. Its user name and password are the variables MLFLOW_TRACKING_USERNAME and
    MLFLOW_TRACKING_PASSWORD of the environment."""
    mlflow_is_ours: bool = False
    """The server at `mlflow_uri` is one that `socialrec serve mlflow` runs: then programs sign in to it with
    the password in `secrets/`."""
    nightly_cron: str = "0 2 * * *"
    train_cron: str = "0 4 * * 0"
    maintenance_cron: str = "0 6 * * 0"


class ClusterSettings(Section):
    """What stands behind Airflow and MLflow where one machine's own files are too small for a shop.

    Addresses hold no passwords: those are files in `secrets/`, made on first use where nobody put them there.
    """

    executor: Literal["LocalExecutor", "CeleryExecutor", "KubernetesExecutor"] = "LocalExecutor"
    task_slots: int = Field(4, ge=1)
    """Tasks that may run at once, in all."""
    worker_slots: int = Field(2, ge=1)
    """Tasks that one Celery worker runs at once."""
    queues: str = "default,gpu"
    """Queues that a Celery worker takes tasks from: those of pool `gpu` stand in a queue of that name."""
    airflow_database: str | None = None
    """Such as `postgresql+psycopg2://airflow@db:5432/airflow`; none means SQLite. A user's password is a file:
    `secrets/airflow.password`."""
    mlflow_database: str | None = None
    """The same for MLflow: a database and a user of its own."""
    broker: str | None = None
    """Celery's Redis, such as `redis://broker:6379/0`. Password: what `secrets/redis.conf` requires."""
    artifacts: str | None = None
    """MLflow's artifacts, such as `s3://shop/mlflow`; none means a folder. Keys: `secrets/aws_credentials`."""
    s3_endpoint: WebAddress | None = None
    """An S3-compatible store; none means Amazon's."""
    pod_template: Path | None = None
    """What a task's pod looks like under the KubernetesExecutor."""
    gpu_pod_template: Path | None = None
    """The same for tasks of the pool `gpu`."""
    is_here: bool = False
    """Whether the supervisor starts the databases, the store and the workers too, all on loopback of this machine."""
    celery_workers: int = Field(2, ge=1)
    spark_workers: int = Field(2, ge=1)
    spark_worker_memory: str = "1g"
    """What a Spark worker of one core may give to executors."""
    spark_ui_port: Port = 8090
    """The Spark master's page."""


class Channel(StrEnum):
    """Where an alert goes."""

    NONE = "none"
    LOG = "log"
    FILE = "file"
    WEBHOOK = "webhook"


class AlertSettings(Section):
    """Who is told that a task failed for good, or that a run is late."""

    send_to: Channel = Channel.NONE
    """`log`: the log of Airflow. `file`: a line of `<home>/logs/alerts.jsonl`. `webhook`: one JSON object is posted."""
    webhook_url: WebAddress | None = None
    """For `webhook`. It is taken for a secret: no log shows it."""
    deadline_hours: float = Field(6.0, gt=0)
    """A night or a training that has not ended so long after it was queued is late."""

    @model_validator(mode="after")
    def _webhook_has_an_address(self) -> Self:
        if self.send_to is Channel.WEBHOOK and not self.webhook_url:
            raise ValueError('send_to = "webhook" needs alerts.webhook_url')
        return self
