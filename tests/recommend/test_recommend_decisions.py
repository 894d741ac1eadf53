"""Decisions on record, and the version to go back to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from socialrec.contracts.gold import MODEL_DECISIONS
from socialrec.errors import UserError
from socialrec.evaluate.gate import Decision, GateCheck
from socialrec.evaluate.rollback import version_to_go_back_to
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.recommend.decisions import gate_row, history, record_decision, rollback_row

FACTS = {"champion_version": None, "encoder_version": "enc-1", "label": "time cut", "mlflow_run": "abc"}


def decided(*decisions: tuple[str, str, bool, str | None]) -> pa.Table:
    """Decisions in order: version, kind, whether it became champion, and the champion until then."""
    start = datetime(2026, 3, 1, tzinfo=UTC)
    rows = [
        {
            "recommender_version": version,
            "kind": kind,
            "is_champion": promoted,
            "champion_version": champion,
            "reasons": ["not better"],
            "decided_ts": start + timedelta(days=day),
        }
        for day, (version, kind, promoted, champion) in enumerate(decisions)
    ]
    return pa.Table.from_pylist(rows, schema=arrow_schema(MODEL_DECISIONS))


THREE = decided(
    ("1", "gate", True, None), ("2", "gate", False, "1"), ("3", "gate", True, "1"), ("4", "gate", True, "3")
)


def test_every_figure_of_a_decision_is_kept(lake: Lake) -> None:
    checks = (
        GateCheck("leak", True, True, 0.0, 0.0, "none"),
        GateCheck("popularity", False, True, float("nan"), 0.0, "not a number"),
    )
    figures = {"test/ndcg_at_10": 0.25, "cost/fit_seconds": 3.0}
    row = gate_row(Decision(checks), figures, recommender_version="7", ds="2026-03-01", **FACTS)
    record_decision(lake, row, "promote_model")
    (kept,) = lake.read(MODEL_DECISIONS).to_pylist()
    assert (kept["recommender_version"], kept["kind"], kept["is_champion"]) == ("7", "gate", False)
    assert kept["reasons"] == ["not a number"]
    assert [(check["name"], check["is_passed"]) for check in kept["checks"]] == [("leak", True), ("popularity", False)]
    assert {figure["name"]: figure["value"] for figure in kept["figures"]} == figures


def test_decisions_of_one_day_stand_beside_each_other(lake: Lake) -> None:
    for version in ("1", "2"):
        row = rollback_row("it was worse", recommender_version=version, ds="2026-03-01", **FACTS)
        record_decision(lake, row, "roll_back_model")
    rows = lake.read(MODEL_DECISIONS).to_pylist()
    assert sorted(row["recommender_version"] for row in rows) == ["1", "2"]
    assert {tuple(row["reasons"]) for row in rows} == {("it was worse",)}


def test_going_back_leads_to_the_champion_before_and_never_to_a_refused_version() -> None:
    assert version_to_go_back_to(history(THREE), "4") == "3"
    assert version_to_go_back_to(history(THREE), "3") == "1"


def test_going_back_twice_goes_two_champions_back() -> None:
    again = pa.concat_tables([THREE, decided(("3", "rollback", True, "4"))])
    assert version_to_go_back_to(history(again), "3") == "1"


def test_a_champion_that_was_gone_back_from_is_not_gone_back_to() -> None:
    replaced = decided(
        ("1", "gate", True, None), ("2", "gate", True, "1"), ("1", "rollback", True, "2"), ("3", "gate", True, "1")
    )
    assert version_to_go_back_to(history(replaced), "3") == "1"


def test_a_version_asked_for_may_be_any_that_was_promoted() -> None:
    assert version_to_go_back_to(history(THREE), "4", "1") == "1"
    assert version_to_go_back_to(history(THREE), "1", "4") == "4"


@pytest.mark.parametrize(
    ("champion", "wanted", "message"),
    [
        ("1", None, "version 1 has no champion before it"),
        ("9", None, "version 9 has no champion before it"),
        ("4", "4", "version 4 is the champion already"),
        ("4", "2", r"never champion: the gate refused it \(not better\); versions to go back to: 1, 3"),
        ("4", "8", "never champion: no gate decided on it"),
    ],
)
def test_a_version_that_cannot_be_gone_back_to_is_refused_in_one_line(
    champion: str, wanted: str | None, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        version_to_go_back_to(history(THREE), champion, wanted)


def test_before_the_first_decision_there_is_nothing_to_go_back_to(lake: Lake) -> None:
    with pytest.raises(UserError, match="no champion before it"):
        version_to_go_back_to(history(lake.read(MODEL_DECISIONS)), "1")
