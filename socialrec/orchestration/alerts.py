"""Handling of failed tasks and late runs: a note on the run, and an alert as the section `alerts` says."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import requests
from airflow.sdk.configuration import conf
from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from socialrec.display.visible import plain_markdown
from socialrec.orchestration.notes import write_note
from socialrec.orchestration.operators import CandidateRefusedError
from socialrec.settings import Settings, load_settings
from socialrec.settings.services import Channel

TIMEOUT_SECONDS = 10.0
TEXT_CHARS = 500
log = logging.getLogger(__name__)


class Event(StrEnum):
    """Kinds of alerts."""

    FAILED = "failed"
    LATE = "late"


@dataclass(frozen=True)
class Alert:
    """One message: `text` is a sentence for people, the other fields are for programs. `link` is a page of Airflow."""

    event: Event
    dag_id: str
    run_id: str
    task_id: str | None
    text: str
    link: str | None


def task_failed(context: Any) -> None:
    """Put a note on the run of a task that failed for good, and send an alert."""
    ti, dag_run = context["ti"], context["dag_run"]
    error = context.get("exception")
    why = " ".join(str(error or "see its log").split())
    if not isinstance(error, CandidateRefusedError):
        log_page = getattr(ti, "log_url", None)
        write_note(
            context,
            f"**{ti.task_id} failed**: {plain_markdown(_shortened(why))}" + (f" [Log]({log_page})" if log_page else ""),
        )
    text = f"{dag_run.dag_id}: {ti.task_id} failed in {dag_run.run_id}: {why}"[:TEXT_CHARS]
    send(Alert(Event.FAILED, dag_run.dag_id, dag_run.run_id, ti.task_id, text, getattr(ti, "log_url", None)))


def _shortened(text: str) -> str:
    """Shorten a text that is too long for a note to its end, which says more than its beginning."""
    return text if len(text) <= TEXT_CHARS else f"… {text[-TEXT_CHARS:]}"


def run_late(context: Any) -> None:
    """Send the alert of a run that has not succeeded in time; one that failed before is late as well."""
    dag_run = context["dag_run"]
    dag_id, run_id = dag_run["dag_id"], dag_run["dag_run_id"]
    text = f"{dag_id}: {run_id} has not succeeded by {context['deadline']['deadline_time']:%Y-%m-%d %H:%M} UTC"
    airflow = conf.get("api", "base_url", fallback="http://localhost:8080").rstrip("/")
    link = f"{airflow}/dags/{dag_id}/runs/{quote(run_id, safe='')}"
    send(Alert(Event.LATE, dag_id, run_id, None, text, link))


def deadline(settings: Settings) -> DeadlineAlert:
    """Make the deadline alert of a DAG whose runs should end within `alerts.deadline_hours`."""
    interval = timedelta(hours=settings.alerts.deadline_hours)
    return DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, interval, SyncCallback(run_late), name="late")


def send(alert: Alert) -> None:
    """Send an alert to the channel of the settings. Errors are logged, so that they hide no cause."""
    settings = load_settings()
    match settings.alerts.send_to:
        case Channel.NONE:
            return
        case Channel.LOG:
            log.error("%s", alert.text)
        case Channel.FILE:
            _append(alert, settings)
        case Channel.WEBHOOK:
            _post(alert, settings)


def _append(alert: Alert, settings: Settings) -> None:
    line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), **asdict(alert)})
    try:
        settings.alerts_file.parent.mkdir(parents=True, exist_ok=True)
        with settings.alerts_file.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
    except OSError as error:
        log.warning("the alert was not written to %s: %s", settings.alerts_file, error)


def _post(alert: Alert, settings: Settings) -> None:
    assert settings.alerts.webhook_url is not None, "checked with the settings"
    try:
        # Follow no redirects: the alert goes to that address alone.
        address, body = settings.alerts.webhook_url, asdict(alert)
        answer = requests.post(address, json=body, timeout=TIMEOUT_SECONDS, allow_redirects=False)
        if answer.is_redirect:
            log.warning("the alert did not reach alerts.webhook_url: %s leads to another address", answer.status_code)
        answer.raise_for_status()
    except requests.RequestException as error:
        # The address often holds a secret, and the error's words hold the address.
        status = error.response.status_code if error.response is not None else type(error).__name__
        log.warning("the alert did not reach alerts.webhook_url: %s", status)
