"""What ran here, read from receipts alone."""

from __future__ import annotations

import json
import os
from typing import Any

from socialrec.service.past_runs import BY_HAND, past_runs
from socialrec.settings import Settings

NOON = 1_767_268_800  # 2026-01-01 12:00:00 UTC


def leave(settings: Settings, run_id: str, job: str, at: int, **said: Any) -> None:
    file = settings.runs / run_id / f"{job}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"ds": "2025-12-31", "status": "written", "seconds": 1.5, **said}))
    os.utime(file, (at, at))


def test_a_new_home_has_no_past_runs(settings: Settings) -> None:
    assert past_runs(settings) == []


def test_runs_come_newest_first_with_what_they_did(settings: Settings) -> None:
    leave(settings, "night", "ingest_landing", NOON)
    leave(settings, "night", "score_recommendations", NOON + 1, recommender_version="3")
    leave(settings, "night", "publish_recommendations", NOON + 2, changed_rows=40)
    leave(settings, "night", "report_run", NOON + 3)
    leave(settings, "for__night", "promote_model", NOON + 4, status="refused")
    training, night = past_runs(settings)
    assert (training.dag, training.outcome) == ("socialrec_train", "promote_model: refused")
    assert (training.changed_rows, training.recommender_version) == (None, None)
    assert (night.dag, night.ds, night.ended) == ("socialrec_nightly", "2025-12-31", "2026-01-01 12:00:03")
    assert (night.n_jobs, night.seconds, night.outcome) == (4, 6.0, "report_run: written")
    assert (night.changed_rows, night.recommender_version) == (40, "3")


def test_rollbacks_pre_trainings_and_housekeeping_are_told_apart_too(settings: Settings) -> None:
    leave(settings, "back", "roll_back_model", NOON)
    leave(settings, "base", "pretrain_encoder", NOON + 1)
    leave(settings, "tidy", "maintain_lake", NOON + 2)
    leave(settings, "tidy", "clean_databases", NOON + 3)
    dags = [run.dag for run in past_runs(settings)]
    leave(settings, "gone", "erase_users", NOON + 4)
    assert past_runs(settings)[0].dag == "socialrec_erasure"
    assert dags == ["socialrec_maintenance", "socialrec_pretrain", "socialrec_rollback"]


def test_a_night_that_stopped_early_is_not_called_one(settings: Settings) -> None:
    leave(settings, "night", "ingest_landing", NOON)
    [run] = past_runs(settings)
    assert (run.dag, run.outcome) == (BY_HAND, "ingest_landing: written")
