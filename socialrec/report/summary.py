"""Summary of a night in one document, from the receipts of its jobs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from socialrec.contracts.bronze import BRONZE, LANDED_DAYS, QUARANTINE
from socialrec.contracts.columns import Table
from socialrec.contracts.entities import EVENTS
from socialrec.contracts.silver import SILVER
from socialrec.contracts.vocabulary import Entity, PersonalData, QuarantineStage
from socialrec.lake import Lake

Receipts = dict[str, dict[str, Any]]
Rows = dict[str, dict[str, Any]]
OUTCOMES = ("published", "duplicate", "quarantined")
TEST_PREFIX = "test/"
BROKEN = frozenset({"whole", "numbers", "leak", "constant_scores"})
"""Checks of the gate whose failure means that the candidate cannot serve at all."""
COSTS = ("cpu_seconds", "gpu_seconds", "rows_written", "bytes_written")


def read_receipts(folder: Path, leave_out: Sequence[str] = ()) -> Receipts:
    """Read the receipts of a run by job name; none where the folder is missing."""
    files = sorted(file for file in folder.glob("*.json") if file.stem not in leave_out)
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}


def summarise(
    ds: str, run_id: str, receipts: Receipts, *, training: Receipts, rows: Rows, figures: Mapping[str, float]
) -> dict[str, Any]:
    """Summarise a run from its receipts and those of the training that it waited for (none: empty).

    rows: by entity, as from `rows_of`. counts: every count of every job. is_new: this run took in records, no earlier
    run of the day had. is_repeat: this run changed nothing. encoded: texts that the night and its training encoded.
    models: the versions on the night's rows. model: from `model_of`. refused: from `refusal_of`. pages: addresses in
    MLflow of the recommender's version and of its training (empty where nothing was pinned). evaluation: test figures
    of the model's training; evaluation_label: how they were measured. warnings: of all jobs, such as drift. cost: the
    cost of each job (COSTS), the sum, and the sum per thousand users with a list (empty where nobody has one). metrics:
    all numbers, by flat names.
    """
    counts = {name: dict(receipt["counts"]) for name, receipt in receipts.items()}
    pins = receipts.get("pin_models", {})
    models = {n: pins[n] for n in ("recommender_version", "encoder_version", "encoder_model_version") if n in pins}
    evaluation = {name: value for name, value in figures.items() if name.startswith(TEST_PREFIX)}
    flat = {f"{name}/{key}": float(value) for name, values in counts.items() for key, value in values.items()}
    drift = receipts.get("publish_recommendations", {}).get("drift", {})
    flat |= {f"drift/{name}": index for name, index in drift.items()}
    seconds = {name: receipt["seconds"] for name, receipt in receipts.items()}
    changed_rows = receipts.get("publish_recommendations", {}).get("changed_rows", 0)
    encoded = sum(part.get("embed_texts", {}).get("counts", {}).get("encoded", 0) for part in (receipts, training))
    is_new = receipts.get("build_silver", {}).get("status") != "up_to_date"
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
        "encoded": encoded,
        "changed_rows": changed_rows,
        "is_new": is_new,
        "is_repeat": not (is_new or changed_rows or encoded or training),
        "warnings": [line for receipt in receipts.values() for line in receipt.get("warnings", ())],
        "models": models,
        "model": model_of(pins),
        "refused": refusal_of(training.get("promote_model", {})),
        "pages": {"version": pins.get("model_url", ""), "training": pins.get("mlflow_url", "")},
        "evaluation": evaluation,
        "evaluation_label": pins.get("evaluation_label"),
        "seconds": seconds,
        "cost": cost,
        "peak_mib": max((receipt["peak_mib"] for receipt in receipts.values()), default=0),
        "metrics": {**flat, **{f"seconds/{name}": value for name, value in seconds.items()}, **evaluation},
    }


def model_of(pins: Mapping[str, Any]) -> dict[str, Any]:
    """Model of the lists and the reason why it serves, from the receipt of pin_models.

    kind: "trained" or "baseline". missing: data that a trained model still needs, in words. chosen_by: "champion" or
    "person". gate, gate_reasons: the gate's decision on this version. gate_warnings: lines, each with its remedy.
    """
    return {
        "kind": pins.get("model_kind", "trained"),
        "missing": pins.get("missing", ""),
        "chosen_by": pins.get("chosen_by", "champion"),
        "gate": pins.get("gate", ""),
        "gate_reasons": pins.get("gate_reasons", ""),
        "gate_warnings": list(pins.get("gate_warnings", ())),
    }


def refusal_of(promotion: Mapping[str, Any]) -> dict[str, Any] | None:
    """Candidate that the gate refused, from the receipt of promote_model; None where it refused nothing.

    version: None for a candidate that was never registered. reasons: lines. remedies: advice for each failed check.
    is_broken: nobody can take this version anyway. training: its page in MLflow.
    """
    if promotion.get("status") != "refused":
        return None
    failed = [check for check in promotion.get("checks", ()) if not check["is_passed"]]
    version = promotion.get("recommender_version")
    return {
        "version": version,
        "reasons": list(promotion.get("reasons", ())),
        "remedies": [check["remedy"] for check in failed if check.get("remedy")],
        "is_broken": version is None or any(check["name"] in BROKEN for check in failed),
        "training": promotion.get("mlflow_url", ""),
    }


def costs_of(receipts: Receipts, n_users: int) -> dict[str, dict[str, Any]]:
    """Costs of the jobs, by `jobs`, in `total`, and `per_thousand_users` of those who have a list."""
    jobs = {name: _cost(receipt) for name, receipt in receipts.items()}
    total = {name: sum(cost[name] for cost in jobs.values()) for name in COSTS}
    shares = {name: value / n_users * 1000 for name, value in total.items()} if n_users else {}
    return {"jobs": jobs, "total": total, "per_thousand_users": shares}


def _cost(receipt: Mapping[str, Any]) -> dict[str, float]:
    """COSTS of one job; empty where its receipt was written by a version that did not count them."""
    wrote = receipt.get("wrote", {}).values()
    seconds = {name: receipt.get(name, 0.0) for name in COSTS[:2]}
    return seconds | {f"{name}_written": sum(amount[name] for amount in wrote) for name in ("rows", "bytes")}


def headline(summary: Mapping[str, Any]) -> str:
    """Headline of the night in a few sentences: changes, inputs, the model of the lists, and all warnings."""
    if summary.get("is_repeat"):
        said = [f"A repeat of {summary['ds']}: nothing changed."]
    else:
        said = [*_changes_and_records(summary)]
    return " ".join([*said, *_model_sentences(summary), *(f"**{line}**" for line in summary["warnings"])])


def _changes_and_records(summary: Mapping[str, Any]) -> list[str]:
    published, rows = summary["counts"]["publish_recommendations"], summary["rows"].values()
    n_in, n_bad = (sum(counts[name] for counts in rows) for name in ("in", "quarantined"))
    came = f"{n_in:,} records came in, {n_bad:,} of them went to quarantine"
    came = came if summary.get("is_new", True) else "No new records came in"
    return [
        f"{summary['changed_rows']:,} of {published['published']:,} recommendations for {published['users']:,} users "
        "changed.",
        f"{came}; {summary['encoded']:,} texts were encoded.",
    ]


def _model_sentences(summary: Mapping[str, Any]) -> list[str]:
    version, model, refused = summary["models"]["recommender_version"], summary.get("model", {}), summary.get("refused")
    said = []
    if model.get("kind") == "baseline":
        said.append(f"Lists by the baseline (version {version}); needed for a trained model: {model['missing']}.")
    elif model.get("chosen_by") == "person":
        why = f"; the gate had refused it: {model['gate_reasons']}" if model["gate"] == "refused" else ""
        said.append(f"Lists by recommender {version}, chosen by a person{why}.")
    else:
        tonight = ", trained tonight" if summary["trained"] and not refused else ""
        said.append(f"Lists by recommender {version}{tonight}.")
    if refused:
        which = f"version {refused['version']}" if refused["version"] else "the candidate"
        said.append(f"The gate refused {which} of this night's training: {'; '.join(refused['reasons'])}.")
    if n_warnings := len(model.get("gate_warnings", ())):
        said.append(f"The gate has {n_warnings} {'warning' if n_warnings == 1 else 'warnings'} about this model.")
    return said


def landing_days(lake: Lake, ds: str) -> list[str]:
    """The landing days that the night of `ds` took in: those that bronze got in one write with this day."""
    newest = lake.newest_commits(LANDED_DAYS)
    if ds not in newest:
        return []
    return sorted(day for day, commit in newest.items() if commit.attempt == newest[ds].attempt)


def rows_of(lake: Lake, ds: str) -> Rows:
    """Count records of the night of `ds` by entity; a repeat of the night gives the same.

    in: records that landed, and their outcomes `published`, `duplicate` and `quarantined`; `adds_up` says that these
    three are all of them. total: rows of the silver table as of the night. masked: texts with a mask, by kind. A
    snapshot that was rebuilt from older days too has no duplicates of these days alone: its first two outcomes are
    None. Entities that the shop never delivered are left out.
    """
    days = landing_days(lake, ds)
    built = [entity for entity in Entity if lake.last_commit(SILVER[entity], ds)]
    counted = {entity.value: _rows(lake, entity, ds, days) for entity in built}
    return {entity: counts for entity, counts in counted.items() if counts["in"] or counts["total"]}


def _rows(lake: Lake, entity: Entity, ds: str, days: Sequence[str]) -> dict[str, Any]:
    commit = lake.last_commit(SILVER[entity], ds)
    counts = commit.counts if commit else {}
    stages = lake.read(QUARANTINE[entity], days, ["stage"])["stage"].to_pylist()
    n_in = _count(lake, BRONZE[entity], days) + stages.count(QuarantineStage.INGEST.value)
    until = [day for day in lake.partitions(SILVER[entity]) if day <= ds] if entity in EVENTS else [ds]
    found: dict[str, Any] = {"in": n_in, "total": _count(lake, SILVER[entity], until)}
    if counts.get("in", 0) == n_in:
        parts = {name: counts.get(name, 0) for name in OUTCOMES}
        masked = {kind.value: n for kind in PersonalData if (n := counts.get(f"masked_{kind}"))}
        return {**found, **parts, "adds_up": n_in == sum(parts.values()), "masked": masked}
    # Silver was built again from older days too: its counts are not those of this night.
    found |= {"quarantined": len(stages), "published": None, "duplicate": None, "masked": {}}
    if entity in EVENTS:
        published = _count(lake, SILVER[entity], days)
        found |= {"published": published, "duplicate": n_in - len(stages) - published}
    return {**found, "adds_up": n_in >= len(stages) + (found["published"] or 0)}


def _count(lake: Lake, table: Table, days: Sequence[str]) -> int:
    return lake.dataset(table, days).count_rows() if days else 0
