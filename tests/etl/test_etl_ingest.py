"""Judging landed records, and staging them by the verdict."""

import gzip
import json
from datetime import datetime
from pathlib import Path

import pytest
from judged_records import COMMENT, EVENT, jsonl, judged, take_in
from pyspark.sql import SparkSession

from socialrec.contracts.bronze import BRONZE, QUARANTINE
from socialrec.contracts.vocabulary import Entity, QuarantineReason
from socialrec.errors import UserError
from socialrec.etl.bronze.erased import Erased
from socialrec.etl.bronze.ingest import Intake
from socialrec.lake import Lake
from socialrec.privacy.tombstones import add_tombstones, erasure_key, tombstone

BAD_EVENTS = [
    ('{"event_id": "e"', "unreadable_record", "the line is not a record of its format"),
    ("[1]", "unreadable_record", "the line is not a record of its format"),
    ({**EVENT, "user_id": None}, "missing_value", "user_id: null"),
    ({**EVENT, "product_id": "  "}, "missing_value", "product_id:   "),
    ({**EVENT, "event_ts": "noon"}, "wrong_type", "event_ts: noon"),
    ({**EVENT, "event_ts": "12:30"}, "wrong_type", "event_ts: 12:30"),
    ({**EVENT, "quantity": "many"}, "wrong_type", "quantity: many"),
    ({**EVENT, "quantity": -1}, "out_of_range", "quantity: -1"),
    ({**EVENT, "quantity": "Infinity"}, "out_of_range", "quantity: Infinity"),
    ({**EVENT, "event_ts": "1970-01-01T00:00:00Z"}, "out_of_range", "event_ts: 1970-01-01T00:00:00Z"),
    ({**EVENT, "event_type": "stare"}, "unknown_value", "event_type: stare"),
    ({**EVENT, "event_id": "x" * 201}, "too_long", "event_id: " + "x" * 120),
    ({**EVENT, "event_ts": "2026-01-03T00:00:00Z"}, "future_event", "event_ts: 2026-01-03T00:00:00Z"),
]


def test_each_way_to_break_a_contract_has_its_reason(spark: SparkSession, tmp_path: Path) -> None:
    jsonl(tmp_path, Entity.INTERACTIONS, *(record for record, _, _ in BAD_EVENTS), EVENT)
    rows = judged(spark, tmp_path, Entity.INTERACTIONS).collect()
    assert [(row.reason, row.detail) for row in rows[:-1]] == [(reason, detail) for _, reason, detail in BAD_EVENTS]
    assert [row.source_line for row in rows] == list(range(1, len(BAD_EVENTS) + 2))
    assert rows[-1].reason is None
    assert rows[-1].event_ts == datetime(2026, 1, 2, 10)
    for row, (record, _, _) in zip(rows, BAD_EVENTS, strict=False):
        assert row.record == (record if isinstance(record, str) else json.dumps(record)), "kept whole"


def test_every_reason_of_the_vocabulary_is_tested() -> None:
    """Some belong to other entities, and conflicts are found in silver: see the next tests and those of the jobs."""
    elsewhere = {QuarantineReason.EMPTY_TEXT, QuarantineReason.SELF_FOLLOW, QuarantineReason.CONFLICTING_ID}
    elsewhere |= {QuarantineReason.ERASED_USER, QuarantineReason.WRONG_ENCODING, QuarantineReason.MALFORMED}
    assert {reason for _, reason, _ in BAD_EVENTS} | elsewhere == set(QuarantineReason)


def test_comments_and_follows_have_reasons_of_their_own(spark: SparkSession, tmp_path: Path) -> None:
    bare = {**COMMENT, "rating": None}
    jsonl(tmp_path, Entity.COMMENTS, {**bare, "text": " "}, {**bare, "text": None}, {**COMMENT, "rating": 6})
    jsonl(tmp_path, Entity.FOLLOWS, {"follower_id": "a", "followee_id": "a"})
    comments = judged(spark, tmp_path, Entity.COMMENTS).collect()
    assert [row.reason for row in comments] == ["empty_text", "missing_value", "out_of_range"]
    assert judged(spark, tmp_path, Entity.FOLLOWS).first().reason == "self_follow"


def test_a_comment_may_lack_its_words_where_it_has_stars(spark: SparkSession, tmp_path: Path) -> None:
    stars = {**COMMENT, "rating": 4}
    lines = [{**stars, "text": None}, {**stars, "text": "\t "}, {**COMMENT, "rating": "", "text": ""}]
    lines += [{**COMMENT, "rating": "many", "text": None}]
    jsonl(tmp_path, Entity.COMMENTS, *lines)
    rows = judged(spark, tmp_path, Entity.COMMENTS).orderBy("source_line").collect()
    assert [row.reason for row in rows] == [None, None, "empty_text", "wrong_type"]


def test_records_of_erased_users_are_refused_whatever_else_is_wrong_with_them_and_their_content_is_withheld(
    spark: SparkSession, tmp_path: Path
) -> None:
    assert Erased.of(spark, tmp_path / "secrets") is None
    add_tombstones(tmp_path / "secrets", [tombstone(erasure_key(tmp_path / "secrets"), "shop", "gone")])
    erased = Erased.of(spark, tmp_path / "secrets")
    assert erased is not None
    edges = [("a", "gone"), ("gone", "a"), ("gone", "gone"), ("a", "b"), ("a", "a")]
    jsonl(tmp_path, Entity.FOLLOWS, *({"follower_id": one, "followee_id": other} for one, other in edges))
    rows = erased.refuse(judged(spark, tmp_path, Entity.FOLLOWS), Entity.FOLLOWS).orderBy("source_line").collect()
    assert [row.reason for row in rows] == ["erased_user"] * 3 + [None, "self_follow"]
    assert [(row.record, row.detail) for row in rows[:3]] == [("", "follower_id: withheld")] * 3
    assert "gone" in rows[0].followee_id, "quarantine takes none of these columns"
    jsonl(tmp_path, Entity.PRODUCTS, {"product_id": "gone", "title": "t"})
    assert erased.refuse(judged(spark, tmp_path, Entity.PRODUCTS), Entity.PRODUCTS).first().reason is None


def test_every_record_is_staged_as_valid_or_as_rejected(spark: SparkSession, lake: Lake, tmp_path: Path) -> None:
    jsonl(tmp_path / "landing", Entity.INTERACTIONS, EVENT, {**EVENT, "event_type": "stare"}, EVENT)
    assert take_in(spark, lake, tmp_path / "landing") == Intake(3, 1)
    assert lake.read(BRONZE[Entity.INTERACTIONS]).column("source_line").to_pylist() == [1, 3]
    [row] = lake.read(QUARANTINE[Entity.INTERACTIONS]).to_pylist()
    assert (row["reason"], row["stage"], row["source_line"]) == ("unknown_value", "ingest", 2)
    assert json.loads(row["record"])["event_type"] == "stare"


def test_a_packed_file_that_breaks_off_is_named(spark: SparkSession, lake: Lake, tmp_path: Path) -> None:
    file = jsonl(tmp_path / "landing", Entity.INTERACTIONS, EVENT)
    packed = gzip.compress("\n".join(json.dumps({**EVENT, "event_id": f"e{n}"}) for n in range(5000)).encode())
    file.with_name("interactions-b.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(UserError, match=r"interactions-b.jsonl.gz: not a whole jsonl file \(.*\); deliver it again"):
        take_in(spark, lake, tmp_path / "landing")
    assert lake.partitions(BRONZE[Entity.INTERACTIONS]) == []
