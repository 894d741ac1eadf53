"""Production's services from ordinary packages on one machine: PostgreSQL, Redis, an S3 store, Spark, Celery.

All of it listens on loopback alone, under passwords of its own.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

from socialrec.errors import UserError
from socialrec.local_stack.environment import (
    BIN,
    REPOSITORY,
    airflow_command,
    airflow_environment,
    common_environment,
    store_environment,
)
from socialrec.local_stack.program import Program
from socialrec.local_stack.secrets import broker_conf, spark_conf, user_password
from socialrec.settings import Settings
from socialrec.settings.secret_files import kept
from socialrec.settings.services import LOOPBACK

POSTGRES_USER = "postgres"
"""Superuser inside the database; on the machine, the user who runs it where all other programs run as root."""
REDIS = "redis-server"
DATABASES = REPOSITORY / "docker" / "databases.sql"
SPARK = "org.apache.spark.deploy"


def backing_services(settings: Settings) -> dict[str, Program]:
    """Databases, broker, store and Spark by name, in the order in which they start."""
    return {
        **postgres(settings),
        "redis": redis(settings),
        **store(settings),
        **spark(settings),
    }


def postgres(settings: Settings) -> dict[str, Program]:
    """Database server, created on first use, and its two users, each the owner of one database without access to the
    other.
    """
    folder, owner = settings.home / "postgres", postgres_owner()
    host, port = address(settings.cluster.airflow_database, "cluster.airflow_database")
    _give(folder, owner)
    password = folder / "admin.password"
    kept(password, lambda: user_password(settings, POSTGRES_USER))
    _give(password, owner)
    plain = common_environment(settings)
    initdb, server, psql = (postgres_program(name) or name for name in ("initdb", "postgres", "psql"))
    data = folder / "data"
    listen = {"listen_addresses": host, "port": str(port), "unix_socket_directories": "", "shared_buffers": "64MB"}
    make = [
        *(initdb, "--pgdata", str(data), "--username", POSTGRES_USER, "--pwfile", str(password)),
        *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8"),
    ]
    serve = [server, "-D", str(data), *(f"--{name}={value}" for name, value in listen.items())]
    grant = [
        *(psql, "--host", host, "--port", str(port), "--username", POSTGRES_USER, "--no-password"),
        *("--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", "postgres", "--file", str(DATABASES)),
    ]
    for url in (settings.cluster.airflow_database, settings.cluster.mlflow_database):
        user_password(settings, urlsplit(url or "").username or POSTGRES_USER)
    admin = {"PGPASSWORD": user_password(settings, POSTGRES_USER), "SECRETS": str(settings.secrets)}
    return {
        "initdb": Program(make, plain, is_once=True, mark=folder / "made", user=owner),
        "postgres": Program(serve, plain, (host, port), user=owner),
        "create-databases": Program(grant, plain | admin, is_once=True),
    }


def redis(settings: Settings) -> Program:
    """Broker of Celery. Its content is also in Airflow's database, so nothing is kept on disk."""
    host, port = address(settings.cluster.broker, "cluster.broker")
    command = [
        *(REDIS, str(broker_conf(settings)), "--bind", host, "--port", str(port)),
        *("--save", "", "--appendonly", "no", "--dir", str(settings.home)),
    ]
    return Program(command, common_environment(settings), (host, port))


def store(settings: Settings) -> dict[str, Program]:
    """In-memory S3-compatible store and its bucket, for trials alone."""
    host, port = address(settings.cluster.s3_endpoint, "cluster.s3_endpoint")
    environment = common_environment(settings) | store_environment(settings)
    serve = [str(BIN / "moto_server"), "--host", settings.services.host, "--port", str(port)]
    make = [sys.executable, "-m", "socialrec.local_stack.cluster.bucket", str(settings.cluster.artifacts)]
    return {
        "store": Program(serve, environment, (host, port)),
        "create-bucket": Program(make, environment, is_once=True),
    }


def spark(settings: Settings) -> dict[str, Program]:
    """Standalone cluster manager of Spark, and workers of one core. Executors run this Python, so they find this
    project.
    """
    host, port = address(settings.spark.master, "spark.master")
    environment = spark_environment(settings)
    # A file, because other users can see processes' arguments.
    secret = ["--properties-file", str(spark_conf(settings))] if settings.spark.authenticate else []
    master = [
        *(str(BIN / "spark-class"), f"{SPARK}.master.Master", "--host", host, "--port", str(port)),
        *("--webui-port", str(settings.cluster.spark_ui_port), *secret),
    ]
    worker = [
        *(str(BIN / "spark-class"), f"{SPARK}.worker.Worker", "--cores", "1", "--webui-port", "0"),
        *("--memory", settings.cluster.spark_worker_memory, *secret, settings.spark.master, "--work-dir"),
    ]
    names = [f"spark-worker-{number}" for number in range(1, settings.cluster.spark_workers + 1)]
    workers = {name: Program([*worker, str(settings.home / "spark" / name)], environment) for name in names}
    return {"spark-master": Program(master, environment, (host, port)), **workers}


def spark_environment(settings: Settings) -> dict[str, str]:
    """Environment of Spark's daemons; files of finished applications are removed after an hour."""
    sweep = {"enabled": "true", "interval": "600", "appDataTtl": "3600"}
    return {
        **common_environment(settings),
        **settings.spark.environment,
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_LOCAL_DIRS": str(settings.home / "spark" / "scratch"),
        "SPARK_WORKER_OPTS": " ".join(f"-Dspark.worker.cleanup.{name}={value}" for name, value in sweep.items()),
    }


def celery_workers(settings: Settings) -> dict[str, Program]:
    """Workers of Celery, which run tasks that Airflow's scheduler sends to the broker."""
    environment = airflow_environment(settings)
    # Logs are in the shared home folder, so no log server is needed.
    command = airflow_command(
        *("celery", "worker", "--skip-serve-logs", "--queues", settings.cluster.queues, "--celery-hostname")
    )
    names = [f"celery-worker-{number}" for number in range(1, settings.cluster.celery_workers + 1)]
    return {name: Program([*command, f"{name}@%h"], environment) for name in names}


def address(url: str | None, setting: str) -> tuple[str, int]:
    """Host and port of a URL; UserError with the setting's name where one is missing."""
    parts = urlsplit(url or "")
    if parts.hostname is None or parts.port is None:
        raise UserError(f"{setting} is {url!r}: it must name a host and a port, as docker/cluster.env does")
    return parts.hostname, parts.port


def addresses(settings: Settings) -> list[tuple[str, int]]:
    """Addresses of the programs whose ports are settings."""
    cluster = settings.cluster
    named = {
        "cluster.airflow_database": cluster.airflow_database,
        "cluster.broker": cluster.broker,
        "cluster.s3_endpoint": cluster.s3_endpoint,
        "spark.master": settings.spark.master,
    }
    return [*(address(url, setting) for setting, url in named.items()), (LOOPBACK, cluster.spark_ui_port)]


def postgres_program(name: str) -> str | None:
    """Path of a PostgreSQL program, None where it is missing; Debian keeps the server's in a folder per version."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    return shutil.which(name) or (shutil.which(name, path=folders[-1]) if folders else None)


def postgres_owner() -> str | None:
    """User who runs PostgreSQL, which refuses to run as root: then the user that its package creates."""
    return POSTGRES_USER if os.geteuid() == 0 else None


def _give(path: Path, owner: str | None) -> None:
    """Make a folder for its owner alone, or change a file's owner."""
    if not path.exists():
        path.mkdir(parents=True, mode=0o700)
    if owner is not None:
        shutil.chown(path, owner, owner)
