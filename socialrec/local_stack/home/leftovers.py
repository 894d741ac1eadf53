"""Leftovers in a home: unfinished files, unused models, records of old runs."""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from socialrec.settings import Settings
from socialrec.tracking import ANSWERS, ENCODER, RECOMMENDER

DAY_SECONDS = 86_400.0


def find_leftovers(settings: Settings, kept: Collection[Path]) -> Iterator[tuple[str, Path]]:
    """Find files and whole folders to remove, each with its kind: those unused for as long as the settings say.

    `kept` are copies of models that stay at any age. Pre-trained models below `models/base` always stay: a
    champion may depend on them. So do uploads under way in the landing folder, which are their deliverer's.
    """
    short, long = settings.maintenance.leftover_days, settings.maintenance.history_days
    for name in (ENCODER, RECOMMENDER, ANSWERS):
        copies = (settings.models / name).glob("*")
        yield from _untouched("unused_models", (copy for copy in copies if copy not in kept), short)
    yield from _untouched("candidates", settings.models.glob("candidates/*"), short)
    yield from _untouched("checkpoints", settings.models.glob("checkpoints/*"), short)
    yield from _untouched("unfinished", settings.models.glob("base/.made-*"), short)
    # Spark's own libraries lie directly there.
    loose = (path for path in settings.scratch.glob("*") if path.is_file())
    yield from _untouched("unfinished", iter([*settings.scratch.glob("*/*"), *loose]), short)
    for folder, pattern in ((settings.export, ".*"), (settings.reports, ".*"), (settings.runs, "*.partial")):
        yield from _untouched("unfinished", folder.rglob(pattern), short)
    yield from _untouched("receipts", settings.runs.glob("*"), long)
    logs = (file for file in (settings.home / "airflow" / "logs").rglob("*") if file.is_file())
    yield from _untouched("task_logs", logs, long)


def remove(path: Path) -> None:
    """Delete a file or a whole folder; one that is already gone is no error."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _untouched(kind: str, paths: Iterator[Path], days: float) -> Iterator[tuple[str, Path]]:
    oldest = time.time() - days * DAY_SECONDS
    for path in sorted(paths):
        if _last_touched(path) < oldest:
            yield kind, path


def _last_touched(path: Path) -> float:
    """Time of the last write to anything in it (seconds since 1970)."""
    return max((part.lstat().st_mtime for part in (path, *path.rglob("*"))), default=time.time())
