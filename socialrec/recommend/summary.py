"""A night in one document, from the receipts of its jobs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from socialrec.contracts.vocabulary import Entity

Receipts = dict[str, dict[str, Any]]
OUTCOMES = ("published", "duplicate", "quarantined")
TEST_PREFIX = "test/"


def read_receipts(folder: Path, leave_out: str) -> Receipts:
    """Receipts of a run by job name."""
    files = sorted(file for file in folder.glob("*.json") if file.stem != leave_out)
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}


def summarise(ds: str, run_id: str, receipts: Receipts, figures: Mapping[str, float]) -> dict[str, Any]:
    """The summary of a run.

    rows: by entity `in`, its outcomes and whether they add up. counts: every count of every job. models: the versions
    on the night's rows. evaluation: test figures of the model's training, with `evaluation_label` saying how they were
    measured. metrics: all of it that is a number, by flat names.
    """
    counts = {name: dict(receipt["counts"]) for name, receipt in receipts.items()}
    rows = _rows(counts.get("build_silver", {}))
    pins = receipts.get("pin_models", {})
    models = {n: pins[n] for n in ("recommender_version", "encoder_version", "encoder_model_version") if n in pins}
    evaluation = {name: value for name, value in figures.items() if name.startswith(TEST_PREFIX)}
    flat = {f"{name}/{key}": float(value) for name, values in counts.items() for key, value in values.items()}
    seconds = {name: receipt["seconds"] for name, receipt in receipts.items()}
    return {
        "ds": ds,
        "run_id": run_id,
        "status": {name: receipt["status"] for name, receipt in receipts.items()},
        "rows": rows,
        "counts": counts,
        "changed_rows": receipts.get("publish_recommendations", {}).get("changed_rows", 0),
        "models": models,
        "evaluation": evaluation,
        "evaluation_label": pins.get("evaluation_label"),
        "seconds": seconds,
        "peak_mib": max((receipt["peak_mib"] for receipt in receipts.values()), default=0),
        "metrics": {**flat, **{f"seconds/{name}": value for name, value in seconds.items()}, **evaluation},
    }


def _rows(counts: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for entity in Entity:
        if f"{entity}_in" in counts:
            parts = {name: counts.get(f"{entity}_{name}", 0) for name in OUTCOMES}
            n_in = counts[f"{entity}_in"]
            rows[entity.value] = {"in": n_in, **parts, "adds_up": n_in == sum(parts.values())}
    return rows
