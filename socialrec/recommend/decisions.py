"""Decisions in gold.model_decisions: promotions with time and reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.gold import MODEL_DECISIONS
from socialrec.contracts.vocabulary import DecisionKind
from socialrec.errors import UserError
from socialrec.evaluate.gate import Decision
from socialrec.evaluate.rollback import PastDecision, version_to_go_back_to
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.recommend.model_files import Files


def gate_row(
    decision: Decision, figures: Mapping[str, float], files: Files = (), **facts: str | None
) -> dict[str, Any]:
    """Make the row of a gate's decision; facts are the remaining columns by name."""
    return {
        "decided_ts": datetime.now(UTC),
        "kind": DecisionKind.GATE,
        "is_champion": decision.promote,
        "reasons": list(decision.reasons),
        "checks": [vars(check) for check in decision.checks],
        "figures": [{"name": name, "value": value} for name, value in sorted(figures.items())],
        "files": list(files),
        **facts,
    }


def baseline_row(missing: str, files: Files = (), **facts: str | None) -> dict[str, Any]:
    """Make the row of a baseline that serves until a trained model is sound; facts are the remaining columns by
    name.
    """
    decided = {"decided_ts": datetime.now(UTC), "kind": DecisionKind.BASELINE, "is_champion": True}
    return {
        **decided,
        "reasons": [f"no trained model is sound yet; needed: {missing}"],
        "checks": [],
        "figures": [],
        "files": list(files),
    } | facts


def rollback_row(reason: str, **facts: str | None) -> dict[str, Any]:
    """Make the row of a person's rollback; facts are the remaining columns by name."""
    decided = {"decided_ts": datetime.now(UTC), "kind": DecisionKind.ROLLBACK, "is_champion": True}
    return {**decided, "reasons": [reason], "checks": [], "figures": [], "files": [], **facts}


def record_decision(lake: Lake, row: Mapping[str, Any], job: str) -> None:
    """Add one row to gold.model_decisions."""
    with lake.stage(MODEL_DECISIONS, job=job, partitions=[row["ds"]], append=True) as stage:
        stage.write(pa.Table.from_pylist([dict(row)], schema=arrow_schema(MODEL_DECISIONS)))
        stage.commit(counts={"published": 1})


def newest_decision(decisions: pa.Table, version: str) -> dict[str, Any] | None:
    """Newest decision (a row of gold.model_decisions) about a version, None where there is none."""
    about = decisions.filter(pc.equal(decisions["recommender_version"], version)).sort_by("decided_ts")
    rows: list[dict[str, Any]] = about.to_pylist()
    return rows[-1] if rows else None


def newest_champion(decisions: pa.Table) -> dict[str, Any] | None:
    """Row of the decision that made the champion; None where there was none yet."""
    rows: list[dict[str, Any]] = decisions.filter(decisions["is_champion"]).sort_by("decided_ts").to_pylist()
    return rows[-1] if rows else None


def champions(decisions: pa.Table, champion: str) -> list[str]:
    """Champion, and the one before it if on record: the versions a rollback may need."""
    try:
        return [champion, version_to_go_back_to(history(decisions), champion)]
    except UserError:
        return [champion]


def history(decisions: pa.Table) -> list[PastDecision]:
    """Decisions that no person made (rows of gold.model_decisions), in order of time."""
    not_by_hand = decisions.filter(pc.not_equal(decisions["kind"], DecisionKind.ROLLBACK.value)).sort_by("decided_ts")
    names = ("recommender_version", "is_champion", "champion_version", "reasons")
    columns = (not_by_hand[name].to_pylist() for name in names)
    return [PastDecision(*values) for values in zip(*columns, strict=True)]
