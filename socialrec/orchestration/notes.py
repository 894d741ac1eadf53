"""Notes on DAG runs: the task SDK cannot write one, so they go through the public REST API."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from socialrec.errors import UserError
from socialrec.orchestration.airflow_api import AirflowApi

CONNECTION = "airflow_api"
"""Connection with the address (host) of the REST API, and the user who writes the notes."""
log = logging.getLogger(__name__)


def write_note(context: Any, text: str) -> None:
    """Put a note on the run of this context. An error is logged and not raised: the run matters more than its note."""
    try:
        connection = Connection.get(CONNECTION)
        api = AirflowApi(connection.host or "", connection.login or "", connection.password or "")
        api.note(context["dag_run"].dag_id, context["dag_run"].run_id, text)
    except (AirflowNotFoundException, UserError) as error:
        log.warning("no note on the run, connection %s: %s", CONNECTION, error)
