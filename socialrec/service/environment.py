"""How Airflow and MLflow are configured: by environment variables and arguments alone."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from socialrec.service.secrets import USER, password, password_file, signing_key
from socialrec.settings import HOME_VARIABLE, LOOPBACK, Settings

REPOSITORY = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


def common_environment(settings: Settings) -> dict[str, str]:
    """What every server and every task inherits."""
    return {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        HOME_VARIABLE: str(settings.home),
        "PYTHONUNBUFFERED": "1",
        # Tasks are forked, and the tokenizers' threads do not survive a fork.
        "TOKENIZERS_PARALLELISM": "false",
    }


def airflow_environment(settings: Settings, port: int) -> dict[str, str]:
    """One small Airflow on loopback: SQLite, LocalExecutor, one API worker, one user."""
    home = settings.home / "airflow"
    url = f"http://{LOOPBACK}:{port}"
    sections: dict[str, dict[str, object]] = {
        "core": {
            "dags_folder": REPOSITORY / "dags",
            "plugins_folder": REPOSITORY / "plugins",
            "load_examples": False,
            "dags_are_paused_at_creation": False,
            "executor": "LocalExecutor",
            "parallelism": 4,
            "auth_manager": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
            "simple_auth_manager_users": f"{USER}:admin",
            "simple_auth_manager_passwords_file": password_file(settings),
            "fernet_key": signing_key(settings, "airflow_fernet.key", 32),
            # Tasks talk to the API server: they must find ours, on whichever port it is.
            "execution_api_server_url": f"{url}/execution/",
        },
        "database": {"sql_alchemy_conn": f"sqlite:///{home / 'airflow.db'}"},
        "api": {
            "host": LOOPBACK,
            "port": port,
            "base_url": url,
            "workers": 1,
            "secret_key": signing_key(settings, "airflow_api.key", 64),
        },
        "api_auth": {"jwt_secret": signing_key(settings, "airflow_jwt.key", 64)},
        "logging": {"base_log_folder": home / "logs", "dag_processor_child_process_log_directory": home / "logs/dags"},
        "dag_processor": {"parsing_processes": 1},
        "usage_data_collection": {"enabled": False},
    }
    variables = {
        f"AIRFLOW__{section.upper()}__{name.upper()}": str(value)
        for section, values in sections.items()
        for name, value in values.items()
    }
    spark = {"conn_type": "spark", "host": settings.spark.master}
    # For what tasks may not do themselves, such as putting a note on their run.
    api = {"conn_type": "http", "host": url, "login": USER, "password": password(settings)}
    return {
        **common_environment(settings),
        **variables,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps(spark),
        "AIRFLOW_CONN_AIRFLOW_API": json.dumps(api),
    }


def airflow_commands() -> dict[str, list[str]]:
    """The processes of Airflow by name: those of `airflow standalone`."""
    airflow = str(BIN / "airflow")
    return {
        "api-server": [airflow, "api-server"],
        # The API server reads the task logs from disk, so nobody need serve them on a port of its own.
        "scheduler": [airflow, "scheduler", "--skip-serve-logs"],
        "dag-processor": [airflow, "dag-processor"],
        "triggerer": [airflow, "triggerer", "--skip-serve-logs"],
    }


def mlflow_environment(settings: Settings) -> dict[str, str]:
    """MLflow without its background jobs, which are for evaluating language models."""
    return {
        **common_environment(settings),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def mlflow_command(settings: Settings, port: int) -> list[str]:
    """The MLflow server: SQLite, artifacts below the home folder, one worker."""
    folder = settings.home / "mlflow"
    return [
        *(str(BIN / "mlflow"), "server", "--host", LOOPBACK, "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
        *("--artifacts-destination", str(folder / "artifacts")),
    ]
