"""What lies about in a home: only what nobody touched for long, and never what a champion needs."""

from __future__ import annotations

import os
import time
from pathlib import Path

from socialrec.local_stack.home.leftovers import find_leftovers, remove
from socialrec.settings import Settings

WEEK, YEAR = 8 * 86_400, 366 * 86_400


def leave(settings: Settings, name: str, age: float) -> Path:
    """A file of some age, and the folder that it makes."""
    file = settings.home / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("x")
    moment = time.time() - age
    for path in (file, *file.relative_to(settings.home).parents):
        os.utime(settings.home / path, (moment, moment))
    return file


def test_only_what_nobody_touched_for_long_is_left_over(settings: Settings) -> None:
    leave(settings, "runs/new/a.json", 60)
    leave(settings, "runs/ancient/a.json", YEAR)
    leave(settings, "runs/last-month/a.json", 30 * 86_400)
    leave(settings, "models/checkpoints/killed/checkpoint.safetensors", WEEK)
    leave(settings, "models/checkpoints/running/checkpoint.safetensors", 60)
    leave(settings, "models/candidates/refused/recommender/model.json", WEEK)
    leave(settings, "models/socialrec-encoder/.fetch-abc/half", WEEK)
    leave(settings, "models/socialrec-answers/1-abc/answers.json", WEEK)
    leave(settings, "models/base/.made-abc/half", WEEK)
    leave(settings, "models/base/socialrec-base-1/model.safetensors", YEAR)
    leave(settings, "scratch/score_recommendations/r1-x/everyone.parquet", WEEK)
    leave(settings, "scratch/libzstd-jni-1.so", WEEK)
    leave(settings, "export/2026-01-01/.recommendations.parquet.77", WEEK)
    leave(settings, "export/2026-01-01/recommendations.parquet", YEAR)
    leave(settings, "landing/shop/2026-01-01/.interactions.jsonl.partial", YEAR)
    found = {(kind, path.relative_to(settings.home).as_posix()) for kind, path in find_leftovers(settings, [])}
    assert found == {
        ("receipts", "runs/ancient"),
        ("checkpoints", "models/checkpoints/killed"),
        ("candidates", "models/candidates/refused"),
        ("unused_models", "models/socialrec-encoder/.fetch-abc"),
        ("unused_models", "models/socialrec-answers/1-abc"),
        ("unfinished", "models/base/.made-abc"),
        ("unfinished", "scratch/score_recommendations/r1-x"),
        ("unfinished", "scratch/libzstd-jni-1.so"),
        ("unfinished", "export/2026-01-01/.recommendations.parquet.77"),
    }


def test_copies_of_models_that_are_needed_stay_whatever_their_age(settings: Settings) -> None:
    champion = leave(settings, "models/socialrec-recommender/1-abc/model.json", YEAR).parent
    refused = leave(settings, "models/socialrec-recommender/2-def/model.json", YEAR).parent
    assert list(find_leftovers(settings, {champion})) == [("unused_models", refused)]
    remove(refused)
    remove(refused)
    assert champion.exists()
    assert not refused.exists()
