"""Times of landed records."""

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from judged_records import DAY, EVENT, jsonl, judged
from pyspark.sql import SparkSession

from socialrec.contracts.vocabulary import Entity
from socialrec.settings.etl import PlatformSettings


def test_the_last_second_of_the_landing_day_is_not_the_future(spark: SparkSession, tmp_path: Path) -> None:
    jsonl(tmp_path, Entity.INTERACTIONS, {**EVENT, "event_ts": "2026-01-02T23:59:59Z"})
    assert judged(spark, tmp_path, Entity.INTERACTIONS).first().reason is None


def test_a_landing_day_ends_when_it_ends_where_the_platform_is(spark: SparkSession, tmp_path: Path) -> None:
    times = ["2026-01-02T23:30:00-08:00", "2026-01-03T00:00:00-08:00"]
    jsonl(tmp_path, Entity.INTERACTIONS, *({**EVENT, "event_ts": time} for time in times))
    west = PlatformSettings(time_zone="America/Los_Angeles")
    rows = judged(spark, tmp_path, Entity.INTERACTIONS, {"shop": west}).collect()
    assert [row.reason for row in rows] == [None, "future_event"]
    rows = judged(spark, tmp_path, Entity.INTERACTIONS, {"other": west}).collect()
    assert [row.reason for row in rows] == ["future_event"] * 2


def test_the_common_forms_of_iso_8601_are_times_and_what_could_mean_several_is_none(
    spark: SparkSession, tmp_path: Path
) -> None:
    noon = "2026-01-02T12:00:00"
    same = [
        "2026-01-02T12:00Z", "2026-01-02T12:00:00.000000000Z", "2026-01-02 13:00+01:00", "2026-01-02T13:00:00+01",
        "2026-01-02T06:30:00-0530", "20260102T120000Z", "2026-01-02T12:00:00,0Z", "2026-01-02 12:00",
        "2026-01-02T12:00",
        "2026-01-02 12:00:00 UTC", "2026-01-02 12:00:00 GMT", "2026-01-02T13:00+01:00[Europe/Paris]",
        "2026-01-02 13:00 Europe/Paris", "2026-01-02t12:00:00z", "1767355200", 1767355200, 1767355200000,
        "1767355200000000", 1767355200.0, " 2026-01-02T12:00Z ",
    ]  # fmt: skip
    other = [
        "2026-01-02 12:00:00 CST", "2026-01-02 12:00:00 BST", "2026-01-02 12:00 EST", "12:00", "2026", "02.01.2026",
        "2026-13-02", "2026-01-02T12:61Z", "yesterday", "12345", "2026-01-02 12:00 Nowhere/City", "99999999999999",
    ]  # fmt: skip
    jsonl(tmp_path, Entity.INTERACTIONS, *({**EVENT, "event_ts": time} for time in (*same, *other)))
    rows = judged(spark, tmp_path, Entity.INTERACTIONS).collect()
    assert [(str(time), str(row.event_ts), row.reason) for time, row in zip(same, rows, strict=False)] == [
        (str(time), noon.replace("T", " "), None) for time in same
    ]
    assert [(time, row.reason) for time, row in zip(other, rows[len(same) :], strict=True)] == [
        (time, "wrong_type") for time in other
    ]


def test_times_of_parquet_may_be_counts_since_1970(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "shop" / DAY
    folder.mkdir(parents=True)
    row = {"event_id": ["e"], "user_id": ["u"], "product_id": ["p"], "event_type": ["view"]}
    pq.write_table(pa.table({**row, "event_ts": pa.array([1767355200123])}), folder / "interactions-a.parquet")
    pq.write_table(pa.table({**row, "event_ts": pa.array([1767355200.5])}), folder / "interactions-b.parquet")
    pq.write_table(pa.table({**row, "event_ts": pa.array([20260102])}), folder / "interactions-c.parquet")
    rows = judged(spark, tmp_path, Entity.INTERACTIONS).collect()
    assert [row.event_ts for row in rows[:2]] == [
        datetime(2026, 1, 2, 12, 0, 0, 123_000), datetime(2026, 1, 2, 12, 0, 0, 500_000)
    ]  # fmt: skip
    assert [row.reason for row in rows] == [None, None, "wrong_type"]


def test_an_edge_that_ends_centuries_from_now_lasts(spark: SparkSession, tmp_path: Path) -> None:
    ends = ["9999-12-31T23:59:59-08:00", "9999-12-31", "2300-01-01", "2027-01-01", "1980-01-01"]
    jsonl(tmp_path, Entity.FOLLOWS, *({"follower_id": "a", "followee_id": "b", "until_ts": end} for end in ends))
    rows = judged(spark, tmp_path, Entity.FOLLOWS).collect()
    assert [row.until_ts for row in rows[:4]] == [None, None, None, datetime(2027, 1, 1)]
    assert [row.reason for row in rows] == [None] * 4 + ["out_of_range"]
