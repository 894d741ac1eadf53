"""Health checks of the servers."""

from __future__ import annotations

import json
import subprocess
from urllib.parse import urlsplit

import requests

from socialrec.local_stack.cluster.machines import address
from socialrec.local_stack.environment import BIN, airflow_environment, airflow_url, mlflow_url
from socialrec.local_stack.ports import answers
from socialrec.settings import Settings

AIRFLOW_PARTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
TIMEOUT_SECONDS = 3.0


def airflow_ails(url: str) -> list[str]:
    """Parts of Airflow that are not healthy yet."""
    try:
        answer = requests.get(f"{url}/api/v2/monitor/health", timeout=TIMEOUT_SECONDS)
        parts = answer.json() if answer.ok else {}
    except (requests.RequestException, ValueError):
        return ["api_server"]
    return [part for part in AIRFLOW_PARTS if parts.get(part, {}).get("status") != "healthy"]


def mlflow_ails(url: str) -> list[str]:
    """Name of MLflow until it answers."""
    try:
        return [] if requests.get(f"{url}/health", timeout=TIMEOUT_SECONDS).ok else ["mlflow"]
    except requests.RequestException:
        return ["mlflow"]


def cluster_ails(settings: Settings) -> list[str]:
    """Workers of Spark and Celery that do not answer yet."""
    cluster = settings.cluster
    missing = {
        "spark workers": cluster.spark_workers - spark_workers_alive(settings),
        "celery workers": cluster.celery_workers - celery_workers_alive(settings),
    }
    return [f"{number} {name}" for name, number in missing.items() if number > 0]


def spark_workers_alive(settings: Settings) -> int:
    """Number of live workers that Spark's master reports."""
    host = urlsplit(settings.spark.master).hostname
    try:
        answer = requests.get(f"http://{host}:{settings.cluster.spark_ui_port}/json/", timeout=TIMEOUT_SECONDS)
        return int(answer.json()["aliveworkers"])
    except (requests.RequestException, ValueError, KeyError):
        return 0


def celery_workers_alive(settings: Settings) -> int:
    """Number of Celery's workers that answer a ping through the broker."""
    app = "airflow.providers.celery.executors.celery_executor.app"
    command = [str(BIN / "celery"), "--app", app, "inspect", "ping", "--json", "--timeout", str(TIMEOUT_SECONDS)]
    environment = airflow_environment(settings)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return len(json.loads(lines[-1])) if lines else 0


def is_healthy(name: str, settings: Settings) -> bool:
    """Check if the program of this name serves, from any machine; one healthy worker counts for all."""
    parts = {"api-server": "metadatabase", "dag-processor": "dag_processor"}
    if name.startswith("spark"):
        return spark_workers_alive(settings) > 0
    if name.startswith("celery"):
        return celery_workers_alive(settings) > 0
    if name == "store":
        return answers(address(settings.cluster.s3_endpoint, "cluster.s3_endpoint"))
    if name == "mlflow":
        return not mlflow_ails(mlflow_url(settings))
    ails = airflow_ails(airflow_url(settings))
    return "api_server" not in ails and parts.get(name, name) not in ails
