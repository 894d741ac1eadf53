"""Configuration of Airflow and MLflow: environment variables and arguments alone, made from the settings."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from socialrec.local_stack.secrets import (
    USER,
    airflow_key,
    aws_credentials,
    broker_url,
    database_url,
    password,
    password_file,
)
from socialrec.settings import HOME_VARIABLE, Settings
from socialrec.settings.services import LOOPBACK

REPOSITORY = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


def common_environment(settings: Settings) -> dict[str, str]:
    """Environment that every server and every task inherits."""
    return {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        HOME_VARIABLE: str(settings.home),
        "PYTHONUNBUFFERED": "1",
        # Tasks are forked, and the tokenizers' threads do not survive a fork.
        "TOKENIZERS_PARALLELISM": "false",
    }


def airflow_url(settings: Settings) -> str:
    """URL of the API server, for people and tasks."""
    return settings.services.airflow_url or f"http://{LOOPBACK}:{settings.services.airflow_port}"


def mlflow_url(settings: Settings) -> str:
    """URL of MLflow, for people and tasks."""
    return settings.services.mlflow_uri or f"http://{LOOPBACK}:{settings.services.mlflow_port}"


def airflow_environment(settings: Settings) -> dict[str, str]:
    """Environment of Airflow; without settings a small one: SQLite, LocalExecutor, one API worker, one user."""
    home, url = settings.home / "airflow", airflow_url(settings)
    services, cluster = settings.services, settings.cluster
    sections: dict[str, dict[str, object]] = {
        "core": {
            "dags_folder": REPOSITORY / "dags",
            "plugins_folder": Path(__file__).parent / "airflow_plugins",
            "load_examples": False,
            "dags_are_paused_at_creation": False,
            "executor": cluster.executor,
            "parallelism": cluster.task_slots,
            "auth_manager": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
            "simple_auth_manager_users": f"{USER}:admin",
            "simple_auth_manager_passwords_file": password_file(settings),
            "fernet_key": airflow_key(settings, "fernet"),
            # Tasks talk to the API server: they must find ours, on whichever port it is.
            "execution_api_server_url": f"{url}/execution/",
        },
        "database": {"sql_alchemy_conn": airflow_database(settings)},
        "api": {
            "host": services.host,
            "port": services.airflow_port,
            "base_url": url,
            "workers": 1,
            "secret_key": airflow_key(settings, "api"),
        },
        "api_auth": {"jwt_secret": airflow_key(settings, "jwt")},
        "logging": {"base_log_folder": home / "logs", "dag_processor_child_process_log_directory": home / "logs/dags"},
        "dag_processor": {"parsing_processes": 1},
        # A busy machine answers late; no task may fail because of that.
        "workers": {"execution_api_timeout": 60},
        "usage_data_collection": {"enabled": False},
        **_celery(settings),
    }
    if cluster.pod_template is not None:
        sections["kubernetes_executor"] = {"pod_template_file": cluster.pod_template}
    variables = {
        f"AIRFLOW__{section.upper()}__{name.upper()}": str(value)
        for section, values in sections.items()
        for name, value in values.items()
    }
    spark = {"conn_type": "spark", "host": settings.spark.master}
    # For calls that tasks may not make themselves, such as putting a note on their run.
    api = {"conn_type": "http", "host": url, "login": USER, "password": password(settings)}
    return {
        **common_environment(settings),
        **variables,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps(spark),
        "AIRFLOW_CONN_AIRFLOW_API": json.dumps(api),
    }


def airflow_database(settings: Settings) -> str:
    """URL of Airflow's database."""
    url = settings.cluster.airflow_database
    return database_url(settings, url) if url else f"sqlite:///{settings.home / 'airflow' / 'airflow.db'}"


def _celery(settings: Settings) -> dict[str, dict[str, object]]:
    cluster = settings.cluster
    if cluster.broker is None:
        return {}
    return {
        "celery": {
            "broker_url": broker_url(settings, cluster.broker),
            "result_backend": f"db+{airflow_database(settings)}",
            "worker_concurrency": cluster.worker_slots,
        },
        # A task that takes longer is delivered a second time, so this exceeds all our time limits.
        "celery_broker_transport_options": {"visibility_timeout": 86_400},
    }


def airflow_command(*arguments: str) -> list[str]:
    """Command line of Airflow's own program."""
    return [str(BIN / "airflow"), *arguments]


def mlflow_environment(settings: Settings) -> dict[str, str]:
    """MLflow's server without its background jobs, which are for evaluating language models.

    Without settings of a cluster: SQLite and artifacts below the home folder. Programs that list processes show
    arguments, so the database's password is not one.
    """
    folder, cluster = settings.home / "mlflow", settings.cluster
    database = cluster.mlflow_database
    return {
        **common_environment(settings),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_BACKEND_STORE_URI": (
            database_url(settings, database) if database else f"sqlite:///{folder / 'mlflow.db'}"
        ),
        "MLFLOW_ARTIFACTS_DESTINATION": cluster.artifacts or str(folder / "artifacts"),
        **(store_environment(settings) if cluster.artifacts else {}),
    }


def store_environment(settings: Settings) -> dict[str, str]:
    """Environment of clients of the S3-compatible store."""
    endpoint = settings.cluster.s3_endpoint
    addresses = {"AWS_ENDPOINT_URL_S3": endpoint, "MLFLOW_S3_ENDPOINT_URL": endpoint} if endpoint else {}
    region = os.environ.get("AWS_DEFAULT_REGION", "us-east-1")
    return {
        "AWS_SHARED_CREDENTIALS_FILE": str(aws_credentials(settings)),
        "AWS_DEFAULT_REGION": region,
        **addresses,
    }


def mlflow_command(settings: Settings) -> list[str]:
    """Command line of the MLflow server behind its request filter, one process."""
    host, port = settings.services.host, str(settings.services.mlflow_port)
    return [sys.executable, "-m", "socialrec.tracking.serve", "--host", host, "--port", port]
