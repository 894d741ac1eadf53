"""What ran in this home, from the receipts that its jobs left: it is there with the servers down too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from socialrec.contracts.runs import ERASURE, MAINTENANCE, NIGHTLY, PRETRAIN, ROLLBACK, TRAIN
from socialrec.recommend.summary import Receipts, read_receipts
from socialrec.settings import Settings

ENDS = {
    "report_run": NIGHTLY,
    "promote_model": TRAIN,
    "roll_back_model": ROLLBACK,
    "pretrain_encoder": PRETRAIN,
    "clean_databases": MAINTENANCE,
    "erase_users": ERASURE,
}
"""By a job that only this DAG has; of nights and trainings it is the last one, so that it tells of a whole run."""
BY_HAND = "jobs by hand, or not at its end"


@dataclass(frozen=True)
class PastRun:
    """One run: what it was, the day it stood for, when its last job ended (UTC), and what came of it.

    `seconds` adds up its jobs. `outcome` is the last job's status. `changed_rows` and `recommender_version` are None
    where the run published nothing.
    """

    run_id: str
    dag: str
    ds: str
    ended: str
    n_jobs: int
    seconds: float
    outcome: str
    changed_rows: int | None
    recommender_version: str | None


def past_runs(settings: Settings) -> list[PastRun]:
    """All runs, the newest first; none in a new home."""
    folders = [folder for folder in settings.runs.glob("*") if folder.is_dir()]
    found = [_past_run(folder, receipts) for folder in folders if (receipts := read_receipts(folder))]
    return sorted(found, key=lambda run: run.ended, reverse=True)


def _past_run(folder: Path, receipts: Receipts) -> PastRun:
    ended = {name: (folder / f"{name}.json").stat().st_mtime for name in receipts}
    last = max(receipts, key=lambda name: (ended[name], name))
    published: dict[str, Any] = receipts.get("publish_recommendations", {})
    models: dict[str, Any] = receipts.get("score_recommendations", {})
    return PastRun(
        run_id=folder.name,
        dag=next((dag for job, dag in ENDS.items() if job in receipts), BY_HAND),
        ds=receipts[last]["ds"],
        ended=datetime.fromtimestamp(ended[last], UTC).strftime("%Y-%m-%d %H:%M:%S"),
        n_jobs=len(receipts),
        seconds=round(sum(receipt["seconds"] for receipt in receipts.values()), 1),
        outcome=f"{last}: {receipts[last]['status']}",
        changed_rows=published.get("changed_rows"),
        recommender_version=models.get("recommender_version"),
    )
