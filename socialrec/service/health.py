"""Whether the servers answer, and that they are well."""

from __future__ import annotations

import requests

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
    """`mlflow` until it answers."""
    try:
        return [] if requests.get(f"{url}/health", timeout=TIMEOUT_SECONDS).ok else ["mlflow"]
    except requests.RequestException:
        return ["mlflow"]
