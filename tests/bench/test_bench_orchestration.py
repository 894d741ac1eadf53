"""What the benchmark of the orchestration makes of the times of a night, worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from socialrec.bench.orchestration import LAST, Task, Through, gaps, loop_commands, make_home, result
from socialrec.sources import newest_day

NIGHT = [
    Task("resolve_run", 2.0, 3.0, ()),
    Task("ingest_landing", 4.0, 14.0, ("resolve_run",)),
    Task("pin_models", 15.5, 20.5, ("ingest_landing", "train_first_champion")),
    Task("score_recommendations", 21.0, 30.0, ("pin_models",)),
    Task("report_run", 31.0, 34.0, ("pin_models", "score_recommendations")),
]
LOOP = {"ingest_landing": 8.0, "pin_models": 4.5, "score_recommendations": 8.0, "report_run": 2.0}


def test_a_task_waits_from_the_end_of_the_last_one_before_it_and_a_skipped_one_counts_for_nothing() -> None:
    assert gaps(NIGHT) == {"ingest_landing": 1.0, "pin_models": 1.5, "score_recommendations": 0.5, "report_run": 1.0}


def test_airflows_share_is_what_the_night_took_more_than_the_loop() -> None:
    through = Through(NIGHT, seconds=36.0, cpu_seconds=25.0, jobs_cpu_seconds=21.0)
    found = json.loads(result(0.1, through, LOOP, 20.0, peak=500, n_rows=7).to_json())
    metrics = found["metrics"]
    assert (metrics["overhead_seconds"], metrics["share"]) == (13.5, 0.6)
    assert (metrics["share_of_five_minutes"], metrics["cpu_share"]) == (0.045, 0.2)
    assert (metrics["between_tasks_median"], metrics["between_tasks_most"]) == (1.0, 1.5)
    assert metrics["around_a_program_median"] == 1.0
    assert metrics["targets_met"] is True
    assert found["seconds"]["before_the_first_task"] == 2.0
    assert found["ratio"] == 0.625


@pytest.mark.parametrize(("total", "wait"), [(53.0, 1.0), (36.0, 2.0)])
def test_a_target_that_is_missed_is_said_to_be_missed(total: float, wait: float) -> None:
    tasks = [Task("ingest_landing", 0.0, 1.0, ()), Task("report_run", 1.0 + wait, 4.0, ("ingest_landing",))]
    found = json.loads(result(1, Through(tasks, total, 2.0, 1.0), LOOP, 1.0, peak=1, n_rows=1).to_json())
    assert found["metrics"]["targets_met"] is False


def test_the_loop_runs_the_nights_jobs_in_their_order() -> None:
    receipt = {"has_champion": True, "encoder_folder": "models/7", "encoder_version": "7"}
    commands = dict(loop_commands("2026-03-31", lambda run, job: receipt))
    assert list(commands) == [
        *("ingest_landing", "build_silver", "build_gold", "embed_images", "ensure_champion", "pin_models"),
        *(
            "embed_texts",
            "predict_insights",
            "build_features",
            "score_recommendations",
            "publish_recommendations",
            "report_run",
        ),
    ]
    assert commands["ensure_champion"][-1] == "--check"
    assert commands["embed_texts"][-2:] == ["--encoder-folder", "models/7"]


def test_a_home_has_the_demo_world_up_to_the_measured_night(tmp_path: Path) -> None:
    settings = make_home(tmp_path / "home", 0.01)
    assert newest_day(settings.landing) == LAST.isoformat()
    assert settings.text.train_steps == 2
