"""A night that a person starts: triggered through the real scheduler and followed to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from socialrec.contracts.runs import NIGHTLY, TRAIN, training_of
from socialrec.errors import AwayError, UserError
from socialrec.orchestration.airflow_api import AirflowApi

FIRST_TRAINING = "train_first_champion"
PARSE_SECONDS = 120.0
LOOK_SECONDS = 1.0
AWAY_SECONDS = 180.0
LOG_LINES = 25
_ENDED = ("success", "failed")

Say = Callable[[str], None]


@dataclass(frozen=True)
class TaskLine:
    """Where one task of a night stands. `seconds` count up while it runs; `attempt` counts from 1."""

    dag_id: str
    run_id: str
    task_id: str
    state: str
    seconds: float
    attempt: int

    @property
    def name(self) -> str:
        """The task's name, with its DAG where that is the training which the night started."""
        return self.task_id if self.dag_id == NIGHTLY else f"{self.dag_id}.{self.task_id}"


def start(api: AirflowApi, ds: str, say: Say) -> str:
    """Trigger the nightly DAG for a landing day and return the run's id.

    Raises UserError where the DAG files cannot be read.
    """
    _await_dags(api)
    for dag_id in (TRAIN, NIGHTLY):
        api.unpause(dag_id)
    if waiting := api.active_runs(NIGHTLY):
        say(f"{waiting[0]['dag_run_id']} is under way; this night starts when it has ended")
    return api.trigger(NIGHTLY, {"ds": ds})


def follow(api: AirflowApi, run_id: str, show: Callable[[Sequence[TaskLine]], None]) -> bool:
    """Show the tasks until the run has ended; whether it succeeded. UserError where somebody deleted the run."""
    while True:
        state, lines = _look(api, run_id)
        show(lines)
        if state in _ENDED:
            return state == "success"
        time.sleep(LOOK_SECONDS)


@retry(
    retry=retry_if_exception_type(AwayError),
    stop=stop_after_delay(AWAY_SECONDS),
    wait=wait_fixed(LOOK_SECONDS),
    reraise=True,
)
def _look(api: AirflowApi, run_id: str) -> tuple[str, list[TaskLine]]:
    """State and tasks of a run. The run goes on while the API server is away, so that is borne for a while."""
    run = api.run(NIGHTLY, run_id)
    if run is None:
        raise UserError(f"run {run_id} of {NIGHTLY} is gone: somebody deleted it")
    return run["state"], tasks(api, run_id)


def tasks(api: AirflowApi, run_id: str) -> list[TaskLine]:
    """The tasks of a night that have started, in that order, with those of the training that it waits for."""
    lines = list(_lines(api, NIGHTLY, run_id))
    if any(line.task_id == FIRST_TRAINING for line in lines):
        training = training_of(run_id)
        lines += _lines(api, TRAIN, training) if api.run(TRAIN, training) else ()
    return lines


def failure(api: AirflowApi, run_id: str) -> str:
    """The failed task's name and the last lines of its log."""
    failed = [line for line in tasks(api, run_id) if line.state == "failed"]
    # The training's own task says more than the one that waited for it.
    cause = next((line for line in failed if line.dag_id == TRAIN), failed[0] if failed else None)
    if cause is None:
        return f"the run failed before any task did: see {api.url}/dags/{NIGHTLY}/runs/{run_id}"
    log = api.log_lines(cause.dag_id, cause.run_id, cause.task_id, cause.attempt)
    return "\n".join([f"{cause.name} failed; the last lines of its log:", *(f"  {line}" for line in log[-LOG_LINES:])])


def _await_dags(api: AirflowApi) -> None:
    until = time.monotonic() + PARSE_SECONDS
    while not all(api.has_dag(dag_id) for dag_id in (NIGHTLY, TRAIN)):
        if errors := api.import_errors():
            raise UserError("Airflow cannot read the DAG files: " + "; ".join(errors))
        if time.monotonic() > until:
            raise UserError(f"the DAG files are not read after {PARSE_SECONDS:.0f} s: see logs/dag-processor.log")
        time.sleep(LOOK_SECONDS)


def _lines(api: AirflowApi, dag_id: str, run_id: str) -> Iterator[TaskLine]:
    started = [task for task in api.tasks(dag_id, run_id) if task["state"] and task["start_date"]]
    for task in sorted(started, key=lambda task: str(task["start_date"])):
        yield TaskLine(dag_id, run_id, task["task_id"], task["state"], _seconds(task), max(task["try_number"], 1))


def _seconds(task: dict[str, Any]) -> float:
    begun, ended = (datetime.fromisoformat(task[name]) if task[name] else None for name in ("start_date", "end_date"))
    assert begun is not None
    return max(((ended or datetime.now(UTC)) - begun).total_seconds(), 0.0)
