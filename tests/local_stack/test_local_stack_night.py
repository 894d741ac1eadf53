"""A night that a person starts: what Airflow is asked for, and where a failure's cause lies."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from socialrec.contracts.runs import ANSWERS, NIGHTLY, TRAIN
from socialrec.local_stack.nights import night
from socialrec.local_stack.nights.night import Failure, TaskLine
from socialrec.orchestration.airflow_api import AirflowApi

NIGHT = "manual__2026-01-01T02:00:00+00:00"
FOLDER = "for__manual__2026-01-01T02-00-00-00-00"


class Airflow(AirflowApi):
    """Answers as Airflow would about one night and its training; `tasks` are states by name, in order of start."""

    def __init__(self, tasks: Mapping[str, str], training: Mapping[str, str], log: Sequence[str] = ()) -> None:
        self.url = "http://127.0.0.1:8080"
        self._states = {NIGHT: tasks, f"for__{NIGHT}": training}
        self._log = list(log)
        self.triggered: dict[str, Any] = {}

    def has_dag(self, dag_id: str) -> bool:
        return True

    def unpause(self, dag_id: str) -> None:
        pass

    def active_runs(self, dag_id: str) -> list[dict[str, Any]]:
        return []

    def trigger(self, dag_id: str, conf: dict[str, Any]) -> str:
        self.triggered = conf
        return NIGHT

    def run(self, dag_id: str, run_id: str) -> dict[str, Any] | None:
        return {"dag_run_id": run_id} if self._states[run_id] else None

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        at = "2026-01-01T02:00:{:02}Z"
        return [
            {"task_id": name, "state": state, "start_date": at.format(n), "end_date": at.format(n), "try_number": 1}
            for n, (name, state) in enumerate(self._states[run_id].items())
        ]

    def log_lines(self, dag_id: str, run_id: str, task_id: str, attempt: int) -> list[str]:
        return [f"log of {dag_id}.{task_id}", *self._log]


def failed_at(tasks: Mapping[str, str], training: Mapping[str, str]) -> str:
    return night.failure(Airflow(tasks, training), NIGHT).name


def test_a_night_is_asked_for_by_its_day_and_where_a_person_names_one_by_a_version() -> None:
    airflow = Airflow({}, {})
    night.start(airflow, "2026-01-01", print)
    assert airflow.triggered == {"ds": "2026-01-01"}
    night.start(airflow, "2026-01-01", print, "3")
    assert airflow.triggered == {"ds": "2026-01-01", "model_version": "3"}


def test_the_cause_is_the_nights_own_failed_task_or_the_one_of_the_training_that_it_waited_for() -> None:
    assert failed_at({"ingest_landing": "failed"}, {}) == "ingest_landing"
    waited = {"build_gold": "success", "train_first_champion": "failed"}
    assert failed_at(waited, {"fit_recommender": "failed"}) == f"{TRAIN}.fit_recommender"
    went_on = {"train_first_champion": "success", "pin_models": "failed"}
    assert failed_at(went_on, {"fit_recommender": "failed"}) == f"{TRAIN}.fit_recommender"


def test_a_refusal_that_the_night_went_on_after_is_not_the_cause() -> None:
    refused = {"promote_model": "failed"}
    assert failed_at({"train_first_champion": "success", "score_recommendations": "failed"}, refused) == (
        "score_recommendations"
    )
    assert failed_at({"train_first_champion": "success", "pin_models": "failed"}, refused) == "pin_models"


def test_a_night_that_failed_before_its_first_task_leads_to_its_page() -> None:
    failure = night.failure(Airflow({}, {}), NIGHT)
    assert failure.text == (
        f"the run failed before its first task started: see http://127.0.0.1:8080/dags/{NIGHTLY}/runs/{NIGHT}"
    )
    assert (failure.line, failure.task) == ("", "")


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (["error: 3 of 10 records break", "Command exited with return code 2"], "3 of 10 records break"),
        (
            ["Traceback (most recent call last):", "  at", "ValueError: cannot reshape", ""],
            "ValueError: cannot reshape",
        ),
        (["26/01/01 INFO error: no landing day", "bye"], "no landing day"),
        (["mirror: fine", "killed", " "], "killed"),
        ([], ""),
    ],
)
def test_the_line_of_a_failure_is_its_last_error_or_else_its_last_line(log: Sequence[str], line: str) -> None:
    assert Failure("fit_recommender", TRAIN, "page", tuple(log)).line == line


def test_a_failures_text_names_the_task_and_ends_with_its_last_lines() -> None:
    log = tuple(f"line {number}" for number in range(100))
    first, *rest = Failure("fit_recommender", TRAIN, "page", log).text.splitlines()
    assert first == f"{TRAIN}.fit_recommender failed; the last lines of its log:"
    assert (rest[0], rest[-1], len(rest)) == ("  line 75", "  line 99", 25)


def test_a_failures_text_leaves_out_what_airflow_logs_before_the_program_starts() -> None:
    log = ("DAG bundles loaded", "Output:", "error: no day", "Command exited with return code 2")
    assert Failure("pin_models", NIGHTLY, "page", log).text.splitlines()[1:] == [
        "  error: no day",
        "  Command exited with return code 2",
    ]


def test_a_gate_that_refused_is_shown_as_refused_and_one_that_broke_down_as_failed(tmp_path: Path) -> None:
    training = f"for__{NIGHT}"
    gate, fit = (TaskLine(TRAIN, training, name, "failed", 1.0, 1) for name in ("promote_model", "fit_recommender"))
    assert night.call_refused([gate, fit], tmp_path) == [gate, fit]
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "promote_model.json").write_text(json.dumps({"status": "refused"}))
    assert [line.state for line in night.call_refused([fit, gate], tmp_path)] == ["failed", "refused"]


def test_answers_are_triggered_for_the_day_and_their_failure_names_their_dag() -> None:
    airflow = Airflow({"pin_answers": "success", "answer_questions": "failed"}, {}, ["error: gold.passages is empty"])
    run_id = night.start_answers(airflow, "2026-01-01")
    assert airflow.triggered == {"ds": "2026-01-01"}
    failure = night.failure(airflow, run_id, ANSWERS)
    assert (failure.name, failure.line) == ("socialrec_answers.answer_questions", "gold.passages is empty")
    assert failure.page == f"http://127.0.0.1:8080/dags/socialrec_answers/runs/{run_id}"
