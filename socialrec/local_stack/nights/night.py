"""Nights started by a person: triggered through the real scheduler and followed to the end."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from socialrec.contracts.runs import ANSWERS, NIGHTLY, TRAIN, TRAIN_ANSWERS, training_of
from socialrec.errors import ServiceUnavailableError, UserError
from socialrec.orchestration.airflow_api import AirflowApi
from socialrec.orchestration.run_date import folder_name

FIRST_TRAINING = "train_first_champion"
PINNING = "pin_models"
GATE = "promote_model"
REFUSED = "refused"
PARSE_SECONDS = 120.0
LOOK_SECONDS = 1.0
AWAY_SECONDS = 180.0
LOG_LINES = 25
_ENDED = ("success", "failed")
_ERROR = re.compile(r"(?:^|\s)error: (?P<said>.+)|^(?P<raised>[\w.]*(?:Error|Exception|Interrupt): .+)")

Say = Callable[[str], None]


@dataclass(frozen=True)
class TaskLine:
    """State of one task of a night. `seconds` count up while it runs; `attempt` counts from 1."""

    dag_id: str
    run_id: str
    task_id: str
    state: str
    seconds: float
    attempt: int

    @property
    def name(self) -> str:
        """Name of the task, with its DAG where that is the training started by the night."""
        return self.task_id if self.dag_id == NIGHTLY else f"{self.dag_id}.{self.task_id}"


@dataclass(frozen=True)
class Failure:
    """Failed task of a night, its DAG, and the last lines of its log; no task where none was reached."""

    task: str
    dag_id: str
    page: str
    log: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the task, with its DAG where that is the training started by the night."""
        return self.task if self.dag_id == NIGHTLY else f"{self.dag_id}.{self.task}"

    @property
    def line(self) -> str:
        """Log line with the cause: the last error, else the last line."""
        found = [match for line in self.log if (match := _ERROR.search(line))]
        if found:
            return (found[-1]["said"] or found[-1]["raised"]).strip()
        return next((line.strip() for line in reversed(self.log) if line.strip()), "")

    @property
    def text(self) -> str:
        """Failed task and the last lines of its log, for people."""
        if not self.task:
            return f"the run failed before its first task started: see {self.page}"
        # Airflow logs its own lines before a program starts; the program's lines come after this one.
        begun = max((number for number, line in enumerate(self.log) if line == "Output:"), default=-1)
        lines = (f"  {line}" for line in self.log[begun + 1 :][-LOG_LINES:])
        return "\n".join([f"{self.name} failed; the last lines of its log:", *lines])


def start(api: AirflowApi, ds: str, say: Say, model_version: str | None = None) -> str:
    """Trigger the nightly DAG for a landing day, with the champion or a version of the model; returns the run's id.

    Raises UserError where the DAG files cannot be read.
    """
    _await_dags(api)
    for dag_id in (TRAIN, NIGHTLY):
        api.unpause(dag_id)
    if waiting := api.active_runs(NIGHTLY):
        say(f"{waiting[0]['dag_run_id']} is under way; this night starts when it has ended")
    return api.trigger(NIGHTLY, {"ds": ds, **({"model_version": model_version} if model_version else {})})


def start_answers(api: AirflowApi, ds: str) -> str:
    """Trigger the DAG that answers the open questions of a landing day; returns the run's id.

    From then on it runs daily, and its training weekly.
    """
    for dag_id in (TRAIN_ANSWERS, ANSWERS):
        api.unpause(dag_id)
    return api.trigger(ANSWERS, {"ds": ds})


def follow(api: AirflowApi, run_id: str, show: Callable[[Sequence[TaskLine]], None], dag_id: str = NIGHTLY) -> bool:
    """Show the tasks until the run has ended; True if it succeeded. UserError where the run was deleted."""
    while True:
        state, lines = _look(api, run_id, dag_id)
        show(lines)
        if state in _ENDED:
            return state == "success"
        time.sleep(LOOK_SECONDS)


@retry(
    retry=retry_if_exception_type(ServiceUnavailableError),
    stop=stop_after_delay(AWAY_SECONDS),
    wait=wait_fixed(LOOK_SECONDS),
    reraise=True,
)
def _look(api: AirflowApi, run_id: str, dag_id: str) -> tuple[str, list[TaskLine]]:
    """Read state and tasks of a run; tries again for a while if the API server does not answer, as the run
    continues.
    """
    run = api.run(dag_id, run_id)
    if run is None:
        raise UserError(f"run {run_id} of {dag_id} is gone: somebody deleted it")
    return run["state"], tasks(api, run_id, dag_id)


def tasks(api: AirflowApi, run_id: str, dag_id: str = NIGHTLY) -> list[TaskLine]:
    """Tasks of a run that have started, in that order, with those of the training that a night waits for."""
    lines = list(_lines(api, dag_id, run_id))
    if any(line.task_id == FIRST_TRAINING for line in lines):
        training = training_of(run_id)
        lines += _lines(api, TRAIN, training) if api.run(TRAIN, training) else ()
    return lines


def call_refused(lines: Sequence[TaskLine], runs: Path) -> list[TaskLine]:
    """Mark the failed gate of a refused candidate with the state `refused`.

    runs: the home's folder of receipts.
    """
    return [
        replace(line, state=REFUSED) if line.state == "failed" and _is_refusal(line, runs) else line for line in lines
    ]


def failure(api: AirflowApi, run_id: str, dag_id: str = NIGHTLY) -> Failure:
    """Failed task of a run; a task of the training that a night waited for, where that is the cause."""
    page = f"{api.url}/dags/{dag_id}/runs/{run_id}"
    failed = [line for line in tasks(api, run_id, dag_id) if line.state == "failed"]
    cause = _cause(failed) if dag_id == NIGHTLY else next(iter(failed), None)
    if cause is None:
        return Failure("", dag_id, page)
    log = api.log_lines(cause.dag_id, cause.run_id, cause.task_id, cause.attempt)
    return Failure(cause.task_id, cause.dag_id, page, tuple(log))


def _cause(failed: Sequence[TaskLine]) -> TaskLine | None:
    own = next((line for line in failed if line.dag_id == NIGHTLY), None)
    training = next((line for line in failed if line.dag_id == TRAIN), None)
    if own is None or training is None or own.task_id not in (FIRST_TRAINING, PINNING):
        return own or training
    # A night continues after a refusal, so the error of pin_models is the cause.
    return own if own.task_id == PINNING and training.task_id == GATE else training


def _is_refusal(line: TaskLine, runs: Path) -> bool:
    receipt = runs / folder_name(line.run_id) / f"{GATE}.json"
    if (line.dag_id, line.task_id) != (TRAIN, GATE) or not receipt.exists():
        return False
    return bool(json.loads(receipt.read_text(encoding="utf-8"))["status"] == REFUSED)


def _await_dags(api: AirflowApi) -> None:
    until = time.monotonic() + PARSE_SECONDS
    while not all(api.has_dag(dag_id) for dag_id in (NIGHTLY, TRAIN)):
        if errors := api.import_errors():
            raise UserError("Airflow cannot read the DAG files: " + "; ".join(errors))
        if time.monotonic() > until:
            raise UserError(
                f"Airflow has not read the DAG files after {PARSE_SECONDS:.0f} s: see logs/dag-processor.log"
            )
        time.sleep(LOOK_SECONDS)


def _lines(api: AirflowApi, dag_id: str, run_id: str) -> Iterator[TaskLine]:
    started = [task for task in api.tasks(dag_id, run_id) if task["state"] and task["start_date"]]
    for task in sorted(started, key=lambda task: str(task["start_date"])):
        yield TaskLine(dag_id, run_id, task["task_id"], task["state"], _seconds(task), max(task["try_number"], 1))


def _seconds(task: dict[str, Any]) -> float:
    begun, ended = (datetime.fromisoformat(task[name]) if task[name] else None for name in ("start_date", "end_date"))
    assert begun is not None
    return max(((ended or datetime.now(UTC)) - begun).total_seconds(), 0.0)
