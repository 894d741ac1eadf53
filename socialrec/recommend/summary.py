"""A night in one document, from the receipts of its jobs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from socialrec.contracts.silver import SILVER
from socialrec.contracts.vocabulary import Entity, PersonalData
from socialrec.lake import Lake

Receipts = dict[str, dict[str, Any]]
Rows = dict[str, dict[str, Any]]
OUTCOMES = ("published", "duplicate", "quarantined")
TEST_PREFIX = "test/"
COSTS = ("cpu_seconds", "gpu_seconds", "rows_written", "bytes_written")


def read_receipts(folder: Path, leave_out: Sequence[str] = ()) -> Receipts:
    """Receipts of a run by job name; none where the folder is not there."""
    files = sorted(file for file in folder.glob("*.json") if file.stem not in leave_out)
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}


def summarise(
    ds: str, run_id: str, receipts: Receipts, *, training: Receipts, rows: Rows, figures: Mapping[str, float]
) -> dict[str, Any]:
    """The summary of a run, from its receipts and those of the training that it waited for (none: empty).

    rows: by entity `in`, its outcomes, whether they add up, and texts with a mask by kind. counts: every count of every
    job. encoded: texts that the night and its training encoded. models: the versions on the night's rows. pages: where
    MLflow shows the recommender's version and its training (empty where nothing was pinned). evaluation: test figures
    of the model's training, with `evaluation_label` saying how they were measured. warnings: of all jobs, such as what
    has drifted. cost: what each job took (COSTS), their sum, and that sum per thousand users with a list (empty where
    nobody has one). metrics: all of it that is a number, by flat names.
    """
    counts = {name: dict(receipt["counts"]) for name, receipt in receipts.items()}
    pins = receipts.get("pin_models", {})
    models = {n: pins[n] for n in ("recommender_version", "encoder_version", "encoder_model_version") if n in pins}
    evaluation = {name: value for name, value in figures.items() if name.startswith(TEST_PREFIX)}
    flat = {f"{name}/{key}": float(value) for name, values in counts.items() for key, value in values.items()}
    drift = receipts.get("publish_recommendations", {}).get("drift", {})
    flat |= {f"drift/{name}": index for name, index in drift.items()}
    seconds = {name: receipt["seconds"] for name, receipt in receipts.items()}
    cost = costs_of(receipts, counts.get("publish_recommendations", {}).get("users", 0))
    flat |= {f"cost/{name}": value for name, value in cost["total"].items()}
    flat |= {f"cost/{name}_per_thousand_users": value for name, value in cost["per_thousand_users"].items()}
    return {
        "ds": ds,
        "run_id": run_id,
        "status": {name: receipt["status"] for name, receipt in receipts.items()},
        "rows": rows,
        "counts": counts,
        "trained": bool(training),
        "encoded": sum(
            part.get("embed_texts", {}).get("counts", {}).get("encoded", 0) for part in (receipts, training)
        ),
        "changed_rows": receipts.get("publish_recommendations", {}).get("changed_rows", 0),
        "warnings": [line for receipt in receipts.values() for line in receipt.get("warnings", ())],
        "models": models,
        "pages": {"version": pins.get("model_url", ""), "training": pins.get("mlflow_url", "")},
        "evaluation": evaluation,
        "evaluation_label": pins.get("evaluation_label"),
        "seconds": seconds,
        "cost": cost,
        "peak_mib": max((receipt["peak_mib"] for receipt in receipts.values()), default=0),
        "metrics": {**flat, **{f"seconds/{name}": value for name, value in seconds.items()}, **evaluation},
    }


def costs_of(receipts: Receipts, n_users: int) -> dict[str, dict[str, Any]]:
    """What the jobs took, by `jobs`, in `total`, and `per_thousand_users` of those who have a list."""
    jobs = {name: _cost(receipt) for name, receipt in receipts.items()}
    total = {name: sum(cost[name] for cost in jobs.values()) for name in COSTS}
    shares = {name: value / n_users * 1000 for name, value in total.items()} if n_users else {}
    return {"jobs": jobs, "total": total, "per_thousand_users": shares}


def _cost(receipt: Mapping[str, Any]) -> dict[str, float]:
    """One job's COSTS; nothing where its receipt was written by a version that did not count them."""
    wrote = receipt.get("wrote", {}).values()
    seconds = {name: receipt.get(name, 0.0) for name in COSTS[:2]}
    return seconds | {f"{name}_written": sum(amount[name] for amount in wrote) for name in ("rows", "bytes")}


def headline(summary: Mapping[str, Any]) -> str:
    """The night in a few sentences: what came in, what came out of it, by which model, and what is odd about it."""
    published = summary["counts"]["publish_recommendations"]
    n_in, n_bad = (sum(counts[name] for counts in summary["rows"].values()) for name in ("in", "quarantined"))
    said = [
        f"{summary['changed_rows']:,} of {published['published']:,} published places of {published['users']:,} users "
        f"changed.",
        f"{n_in:,} records came in, {n_bad:,} of them into quarantine; {summary['encoded']:,} texts were encoded.",
        f"Lists by recommender {summary['models']['recommender_version']}"
        + (", trained tonight." if summary["trained"] else "."),
    ]
    return " ".join([*said, *(f"**{line}**" for line in summary["warnings"])])


def rows_of(lake: Lake, ds: str) -> Rows:
    """What came in with the night that took in this day, by entity: a night that is run again says the same."""
    rows: Rows = {}
    for entity in Entity:
        commit = lake.last_commit(SILVER[entity], ds)
        if commit is not None:
            parts = {name: commit.counts.get(name, 0) for name in OUTCOMES}
            n_in = commit.counts.get("in", 0)
            masked = {kind.value: n for kind in PersonalData if (n := commit.counts.get(f"masked_{kind}"))}
            rows[entity.value] = {"in": n_in, **parts, "adds_up": n_in == sum(parts.values()), "masked": masked}
    return rows
