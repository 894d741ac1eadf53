"""The runs of a home, by receipts and by a stand-in for Airflow's answers."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from socialrec.local_stack.nights.past_runs import JOBS, ONE_QUESTION, UNKNOWN, past_runs
from socialrec.orchestration.airflow_api import AirflowApi
from socialrec.settings import Settings

ROOT = Path(__file__).parents[2]
NOON = 1_767_268_800  # 2026-01-01 12:00:00 UTC
NIGHT = "manual__2026-01-01T12-00-00-00-00"
NIGHT_IN_AIRFLOW = "manual__2026-01-01T12:00:00+00:00"


def leave(settings: Settings, run_id: str, job: str, at: int, **said: Any) -> None:
    file = settings.runs / run_id / f"{job}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"ds": "2025-12-31", "status": "written", "seconds": 1.5, **said}))
    os.utime(file, (at, at))


HELPERS = {
    "embed_texts": {"embed_texts"},
    "gather_evidence": {"pin_answers", "build_passages", "embed_passages"},
    "answer_all": {"answer_questions", "publish_answers"},
}
"""Jobs of the tasks that DAG files take from `tasks.py`."""


class Airflow(AirflowApi):
    """Answers as Airflow would about one nightly run."""

    def __init__(self, state: str, **tasks: str) -> None:
        self._state, self._tasks = state, tasks

    def last_runs(self, dag_id: str, most: int) -> list[dict[str, Any]]:
        if dag_id != "socialrec_nightly":
            return []
        at = "2026-01-01T12:00:00Z"
        run = {"dag_run_id": NIGHT_IN_AIRFLOW, "state": self._state, "run_after": at, "start_date": at}
        return [{**run, "end_date": None, "conf": {"ds": "2025-12-31"}}]

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        assert run_id == NIGHT_IN_AIRFLOW
        return [
            {"task_id": name, "state": state, "start_date": f"2026-01-01T12:00:0{n}Z" if state else None}
            for n, (name, state) in enumerate(self._tasks.items())
        ]


def test_a_new_home_has_no_past_runs(settings: Settings) -> None:
    assert past_runs(settings) == []


def test_runs_come_newest_first_with_what_they_did(settings: Settings) -> None:
    leave(settings, "night", "ingest_landing", NOON)
    leave(settings, "night", "pin_models", NOON + 1, model_kind="baseline")
    leave(settings, "night", "score_recommendations", NOON + 1, recommender_version="3")
    leave(settings, "night", "publish_recommendations", NOON + 2, changed_rows=40)
    leave(settings, "night", "report_run", NOON + 3)
    leave(settings, "for__night", "promote_model", NOON + 4, status="refused")
    training, night = past_runs(settings)
    assert (training.dag, training.state, training.step) == ("socialrec_train", "refused", "promote_model")
    assert training.outcome == "refused at promote_model"
    assert (training.changed_rows, training.recommender_version) == (None, None)
    assert (night.dag, night.ds, night.ended) == ("socialrec_nightly", "2025-12-31", "2026-01-01 12:00:03")
    assert (night.n_jobs, night.seconds, night.outcome) == (5, 7.5, "succeeded")
    assert (night.changed_rows, night.recommender_version, night.model_kind) == (40, "3", "baseline")
    assert past_runs(settings, most=1) == [training]


def test_rollbacks_pre_trainings_and_housekeeping_are_told_apart_too(settings: Settings) -> None:
    leave(settings, "back", "roll_back_model", NOON - 1, status="rolled_back")
    leave(settings, "back", "publish_recommendations", NOON)
    leave(settings, "base", "pretrain_encoder", NOON + 1)
    leave(settings, "tidy", "maintain_lake", NOON + 2)
    leave(settings, "tidy", "clean_databases", NOON + 3)
    leave(settings, "gone", "erase_users", NOON + 4)
    assert [(run.dag, run.outcome) for run in past_runs(settings)] == [
        ("socialrec_erasure", "succeeded"),
        ("socialrec_maintenance", "succeeded"),
        ("socialrec_pretrain", "succeeded"),
        ("socialrec_rollback", "rolled back"),
    ]


def test_runs_of_answers_are_told_apart_by_what_they_did(settings: Settings) -> None:
    for number, name in enumerate(("pin_answers", "build_passages", "embed_passages")):
        for run_id in ("back", "day", "learnt"):
            leave(settings, run_id, name, NOON + number)
    leave(settings, "back", "roll_back_answers", NOON, status="rolled_back")
    for run_id in ("back", "day"):
        leave(settings, run_id, "publish_answers", NOON + 4)
    leave(settings, "learnt", "fit_answers", NOON + 5, status="refused")
    leave(settings, "form", "ask_question", NOON + 6, status="asked")
    assert {run.run_id: (run.dag, run.outcome) for run in past_runs(settings)} == {
        "back": ("socialrec_rollback_answers", "rolled back"),
        "day": ("socialrec_answers", "succeeded"),
        "learnt": ("socialrec_train_answers", "refused at fit_answers"),
        "form": ("socialrec_answers", "one question answered"),
    }


def test_answers_that_stopped_early_are_no_rollback(settings: Settings) -> None:
    leave(settings, NIGHT, "pin_answers", NOON)
    [run] = past_runs(settings)
    assert (run.dag, run.step) == ("socialrec_answers", "build_passages")


def test_a_night_that_stopped_early_names_the_step_that_it_did_not_end(settings: Settings) -> None:
    leave(settings, NIGHT, "ingest_landing", NOON)
    leave(settings, NIGHT, "build_silver", NOON + 1)
    [run] = past_runs(settings)
    assert (run.dag, run.state, run.step) == ("socialrec_nightly", "unfinished", "build_gold")
    assert run.outcome == "unfinished: stopped before the end of build_gold"


def test_a_night_that_only_looked_for_a_model_stopped_in_the_training_where_there_was_none(settings: Settings) -> None:
    for number, job in enumerate(("ingest_landing", "build_silver", "build_gold", "embed_images")):
        leave(settings, NIGHT, job, NOON + number)
    leave(settings, NIGHT, "pin_models", NOON + 4, status="checked", trains_first=True)
    assert [run.step for run in past_runs(settings)] == ["train_first_champion"]
    leave(settings, NIGHT, "pin_models", NOON + 3, status="checked", trains_first=False)
    assert [run.step for run in past_runs(settings)] == ["pin_models"]


def test_jobs_by_hand_are_not_called_a_night(settings: Settings) -> None:
    leave(settings, "manual", "ingest_landing", NOON)
    [run] = past_runs(settings)
    assert (run.dag, run.outcome) == (UNKNOWN, "last job: ingest_landing")
    assert UNKNOWN == "manual or unfinished run"


def test_a_night_that_failed_before_its_first_receipt_is_known_to_airflow(settings: Settings) -> None:
    airflow = Airflow("failed", resolve_run="success", ingest_landing="failed", build_silver="upstream_failed")
    [run] = past_runs(settings, airflow)
    assert (run.run_id, run.airflow_run, run.ds) == (NIGHT, NIGHT_IN_AIRFLOW, "2025-12-31")
    assert (run.state, run.step, run.outcome) == ("failed", "ingest_landing", "failed at ingest_landing")
    assert (run.ended, run.n_jobs) == ("2026-01-01 12:00:00", 0)


def test_airflow_says_whether_a_night_without_its_end_failed_or_runs(settings: Settings) -> None:
    leave(settings, NIGHT, "ingest_landing", NOON)
    [running] = past_runs(settings, Airflow("running", ingest_landing="success", build_silver="running"))
    assert (running.outcome, running.n_jobs) == ("running: build_silver", 1)
    [queued] = past_runs(settings, Airflow("queued"))
    assert queued.outcome == "waits for its turn"
    [failed] = past_runs(settings, Airflow("failed", ingest_landing="success", build_silver="failed"))
    assert failed.outcome == "failed at build_silver"


def test_a_night_that_runs_again_is_running_whatever_its_old_receipts_say(settings: Settings) -> None:
    leave(settings, NIGHT, "report_run", NOON)
    assert [run.outcome for run in past_runs(settings, Airflow("success"))] == ["succeeded"]
    assert [run.outcome for run in past_runs(settings, Airflow("running", report_run="running"))] == [
        "running: report_run"
    ]


@pytest.mark.parametrize("dag_id", JOBS)
def test_the_jobs_of_a_dag_are_those_that_its_file_names(dag_id: str) -> None:
    text = (ROOT / "dags" / f"{dag_id}.py").read_text(encoding="utf-8")
    code = text.split('"""', 2)[2]
    named = set(re.findall(r'"([a-z_]+)"', code)) & {file.stem for file in (ROOT / "jobs").glob("*.py")}
    helped = {job for helper, jobs in HELPERS.items() if f"{helper}(settings" in code for job in jobs}
    assert (named | helped) - {ONE_QUESTION} == set(JOBS[dag_id])
