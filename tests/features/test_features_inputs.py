"""Inputs of trainings and nights, read from a lake."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from socialrec.contracts.gold import COMMENT_INSIGHTS
from socialrec.contracts.silver import SILVER_COMMENTS
from socialrec.features.inputs import INSIGHTS, read_comments
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema

D1, D2 = "2026-03-01", "2026-03-02"


def comment(name: str, ds: str, **values: Any) -> dict[str, Any]:
    row = dict.fromkeys(arrow_schema(SILVER_COMMENTS).names)
    fixed = {"text": name, "text_hash": name, "language": "en", "user_key": "u", "product_id": "p", "is_late": False}
    return {**row, **fixed, "comment_id": name, "platform": "shop", "ds": ds, "created_ts": datetime.now(UTC), **values}


def insight(name: str, ds: str, sentiment: str) -> dict[str, Any]:
    return {
        "comment_id": name,
        "sentiment": sentiment,
        "sentiment_confidence": 0.5,
        "topic": None,
        "aspects": ["size"],
        "aspect_sentiments": [sentiment],
        "aspect_quotes": [name],
        "encoder_version": "enc",
        "platform": "shop",
        "ds": ds,
    }


def put(lake: Lake, table: Any, rows: list[dict[str, Any]]) -> None:
    days = sorted({row["ds"] for row in rows})
    with lake.stage(table, job=table.writers[0], partitions=days) as stage:
        stage.write(pa.Table.from_pylist(rows, arrow_schema(table)))
        stage.commit(counts={"published": len(rows)})


def test_comments_have_what_was_predicted_of_them_and_nothing_of_others_or_of_later_days(lake: Lake) -> None:
    put(lake, SILVER_COMMENTS, [comment("a", D1), comment("b", D1, platform="east"), comment("c", D2)])
    put(
        lake,
        COMMENT_INSIGHTS,
        [insight("b", D1, "negative"), insight("a", D1, "positive"), insight("c", D2, "neutral")],
    )
    found = read_comments(lake, D1).sort_by("text_hash").to_pylist()
    assert [row["text_hash"] for row in found] == ["a", "b"]
    assert found[0]["sentiment"] == "positive"
    assert (found[0]["aspects"], found[0]["aspect_sentiments"]) == (["size"], ["positive"])
    # Of another platform, whose comment has the same id.
    assert [found[1][name] for name in INSIGHTS] == [None] * 5


def test_before_the_first_insights_nothing_is_said_of_comments(lake: Lake) -> None:
    put(lake, SILVER_COMMENTS, [comment("a", D1)])
    [found] = read_comments(lake, D1).to_pylist()
    assert [found[name] for name in INSIGHTS] == [None] * 5
