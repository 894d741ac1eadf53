"""Reading and judging landed records."""

import gzip
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from socialrec.contracts.bronze import BRONZE, QUARANTINE
from socialrec.contracts.vocabulary import Entity, QuarantineReason
from socialrec.errors import UserError
from socialrec.etl.bronze.erased import Erased
from socialrec.etl.bronze.ingest import Intake, judged_records, stage_records
from socialrec.etl.landing.files import find_days
from socialrec.etl.landing.layouts import find_layouts
from socialrec.etl.wording.texts import with_clean_texts
from socialrec.lake import Lake
from socialrec.privacy.tombstones import add_tombstones, erasure_key, tombstone
from socialrec.settings.etl import MaskSettings, PlatformSettings

DAY = "2026-01-02"
EVENT = {
    "event_id": "e", "user_id": "u", "product_id": "p", "event_type": "view", "event_ts": "2026-01-02T10:00:00Z",
}  # fmt: skip
COMMENT = {"comment_id": "c", "user_id": "u", "product_id": "p", "text": "fine"}


def judged(
    spark: SparkSession, landing: Path, entity: Entity, platforms: Mapping[str, PlatformSettings] | None = None
) -> DataFrame:
    files = [file for day in find_days(landing, DAY) for file in day.files]
    records = judged_records(spark, entity, find_layouts(files).files, platforms or {})
    assert records is not None
    return records.orderBy("source_file", "source_line")


def jsonl(landing: Path, entity: Entity, *records: dict[str, Any] | str, name: str = "") -> Path:
    file = landing / "shop" / DAY / (name or f"{entity}.jsonl")
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


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


def test_the_last_second_of_the_landing_day_is_not_the_future(spark: SparkSession, tmp_path: Path) -> None:
    jsonl(tmp_path, Entity.INTERACTIONS, {**EVENT, "event_ts": "2026-01-02T23:59:59Z"})
    assert judged(spark, tmp_path, Entity.INTERACTIONS).first().reason is None


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


ODD_IDS = ["123.0", "1e2", "1.5E300", "-7.25", "true", "false", "NaN", "Infinity", '["u"]', '{"id": "u"}', "null"]


def test_ids_are_strings_or_integers_and_have_one_spelling(spark: SparkSession, tmp_path: Path) -> None:
    whole = ["123", '"123"', "12345678901234567890123", '"125.0"', '"true"', '"7.b"', '"\\u0062ob"']
    lines = [json.dumps(EVENT).replace('"u"', odd) for odd in (*ODD_IDS, *whole)]
    jsonl(tmp_path, Entity.INTERACTIONS, *lines)
    rows = judged(spark, tmp_path, Entity.INTERACTIONS).collect()
    bad, good = rows[: len(ODD_IDS)], rows[len(ODD_IDS) :]
    assert [row.reason for row in bad] == ["wrong_type"] * (len(ODD_IDS) - 1) + ["missing_value"]
    assert [row.record for row in bad] == lines[: len(ODD_IDS)], "kept whole"
    assert [(row.reason, row.user_id) for row in good] == [
        (None, user) for user in ("123", "123", "12345678901234567890123", "125.0", "true", "7.b", "bob")
    ]


@pytest.mark.parametrize(
    ("column", "reasons"),
    [
        (pa.array([125.0, None]), ["wrong_type", "missing_value"]),
        (pa.array([True, False]), ["wrong_type"] * 2),
        (pa.array([datetime(2026, 1, 1)] * 2), ["wrong_type"] * 2),
        (pa.array([125, 1 << 63], pa.uint64()), [None, None]),
        (pa.array([125, 126], pa.int32()), [None, None]),
        (pa.array(["125", "125.0"]), [None, None]),
    ],
)
def test_ids_of_parquet_are_texts_or_whole_numbers(
    spark: SparkSession, tmp_path: Path, column: pa.Array, reasons: list[str | None]
) -> None:
    folder = tmp_path / "shop" / DAY
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"follower_id": column, "followee_id": ["b", "c"]}), folder / "follows.parquet")
    rows = judged(spark, tmp_path, Entity.FOLLOWS).collect()
    assert [row.reason for row in rows] == reasons
    if reasons == [None, None]:
        assert [row.follower_id for row in rows] == [str(value) for value in column.to_pylist()]


def test_odd_texts_are_taken_or_quarantined_with_a_reason(spark: SparkSession, tmp_path: Path) -> None:
    odd = {
        "x": None, "😀👍": None, "red красный 赤 أحمر": None, "nul\x00inside": None,
        "half \ud83d pair": None, "": "empty_text", "\x00": None, "m" * 1_000_000: "too_long",
    }  # fmt: skip
    jsonl(tmp_path, Entity.COMMENTS, *({**COMMENT, "text": text} for text in odd))
    rows = judged(spark, tmp_path, Entity.COMMENTS).collect()
    assert [row.reason for row in rows] == list(odd.values())
    # What is left of a text when nothing can be read of it is found empty in silver.
    comments = judged(spark, tmp_path, Entity.COMMENTS).withColumn("text", F.coalesce("text", F.lit("")))
    cleaned = [row.text for row in with_clean_texts(comments, {"text": MaskSettings()}).collect()]
    assert cleaned[:5] == ["x", "😀👍", "red красный 赤 أحمر", "nul inside", "half \ufffd pair"]
    assert cleaned[6] == ""


def test_half_of_a_surrogate_pair_is_marked_in_a_text_and_refused_in_an_id(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "shop" / DAY
    folder.mkdir(parents=True)
    titles = [
        r"a\ud83d",
        r"\ude00b",
        r"\ude00\ud83d",
        r"\ud83d\ude00",
        r"\\ud83d",
        r"\\\ud83d",
        r"\ud83d\ud83d\ude00",
        "?",
    ]
    records = [f'{{"product_id": "p{n}", "title": "{title}"}}\n' for n, title in enumerate(titles)]
    ids = [r"p\ud83d", r"p\udc4d", r"\ufffd", "\ufffd"]
    records += [f'{{"product_id": "{product}", "title": "kite"}}\n' for product in ids]
    (folder / "products.jsonl").write_text("".join(records), encoding="utf-8")
    rows = judged(spark, tmp_path, Entity.PRODUCTS).orderBy("source_line").collect()
    assert [row.reason for row in rows] == [None] * len(titles) + ["wrong_encoding"] * 2 + [None] * 2
    said = ["a\ufffd", "\ufffdb", "\ufffd\ufffd", "\U0001f600", r"\ud83d", "\\\ufffd", "\ufffd\U0001f600", "?"]
    assert [row.title for row in rows[: len(titles)]] == said
    assert (rows[8].detail, rows[8].record) == ("product_id: p\ufffd", records[8].strip())


def test_bytes_in_parquet_that_are_no_text_go_to_quarantine_and_their_records_can_be_read(
    spark: SparkSession, tmp_path: Path
) -> None:
    folder = tmp_path / "shop" / DAY
    folder.mkdir(parents=True)
    raw = pa.array([b"half \xed\xa0\xbd pair", b"red \xff", "red 赤".encode()], pa.binary())
    titles = pa.Array.from_buffers(pa.string(), 3, raw.buffers())
    pq.write_table(pa.table({"product_id": ["p0", "p1", "p2"], "title": titles}), folder / "products.parquet")
    rows = judged(spark, tmp_path, Entity.PRODUCTS).orderBy("source_line").collect()
    assert [row.reason for row in rows] == ["wrong_encoding", "wrong_encoding", None]
    assert rows[1].detail == "title: red \ufffd"
    assert json.loads(rows[1].record) == {"product_id": "p1", "title": "red \ufffd"}


def test_whole_numbers_are_taken_however_they_are_written(spark: SparkSession, tmp_path: Path) -> None:
    product = {"product_id": "p", "title": "t"}
    prices = ["12", "12.0", 12, "12.5", "", None]
    jsonl(tmp_path, Entity.PRODUCTS, *({**product, "price_cents": price} for price in prices))
    rows = judged(spark, tmp_path, Entity.PRODUCTS).collect()
    assert [row.price_cents for row in rows] == [12, 12, 12, None, None, None]
    assert [row.reason for row in rows] == [None, None, None, "wrong_type", None, None]


def test_lines_are_numbered_within_each_file_and_blank_ones_are_no_records(spark: SparkSession, tmp_path: Path) -> None:
    jsonl(tmp_path, Entity.INTERACTIONS, EVENT, "", EVENT, name="interactions-a.jsonl")
    file = jsonl(tmp_path, Entity.INTERACTIONS, EVENT, EVENT, name="interactions-b.jsonl")
    with gzip.open(file.with_name("interactions-c.jsonl.gz"), "wt") as packed:
        packed.write(json.dumps(EVENT))
    rows = judged(spark, tmp_path, Entity.INTERACTIONS).collect()
    assert [(row.source_file.split("/")[-1], row.source_line) for row in rows] == [
        ("interactions-a.jsonl", 1), ("interactions-a.jsonl", 3), ("interactions-b.jsonl", 1),
        ("interactions-b.jsonl", 2), ("interactions-c.jsonl.gz", 1),
    ]  # fmt: skip
    assert {(row.platform, row.ds) for row in rows} == {("shop", DAY)}


def test_lines_keep_their_numbers_in_a_file_that_spark_splits(spark: SparkSession, tmp_path: Path) -> None:
    jsonl(tmp_path, Entity.INTERACTIONS, *({**EVENT, "event_id": f"e{n}"} for n in range(1, 301)))
    spark.conf.set("spark.sql.files.maxPartitionBytes", 4096)
    try:
        rows = judged(spark, tmp_path, Entity.INTERACTIONS)
        assert rows.rdd.getNumPartitions() > 0
        assert all(row.event_id == f"e{row.source_line}" for row in rows.collect())
    finally:
        spark.conf.unset("spark.sql.files.maxPartitionBytes")


def test_csv_cells_may_hold_quotes_commas_and_line_breaks(spark: SparkSession, tmp_path: Path) -> None:
    file = jsonl(
        tmp_path, Entity.COMMENTS, "comment_id,mood,user_id,product_id,text",
        'c1,,u,p,"He said ""no"", twice\nat least"',
        "c2,,u,p,plain", "c3,,u", name="comments.csv",
    )  # fmt: skip
    assert file.exists()
    rows = judged(spark, tmp_path, Entity.COMMENTS).collect()
    assert [row.text for row in rows[:2]] == ['He said "no", twice\nat least', "plain"]
    assert [row.reason for row in rows] == [None, None, "unreadable_record"]
    assert [row.source_line for row in rows] == [2, 4, 5], "as an editor counts"
    assert rows[2].record == "c3,,u"


def test_parquet_of_pandas_keeps_times_and_numbers(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "shop" / DAY
    folder.mkdir(parents=True)
    nanos = pa.array([1_767_348_000_000_000_001], pa.timestamp("ns"))
    table = pa.table(
        {"event_id": pa.array([7]), "user_id": ["u"], "product_id": pa.array(["p"]).dictionary_encode(),
         "event_type": ["view"], "event_ts": nanos, "quantity": pa.nulls(1)}
    )  # fmt: skip
    pq.write_table(table, folder / "interactions.parquet")
    pq.write_table(
        table.set_column(0, "event_id", pa.array(["x"])).drop(["event_ts"]), folder / "interactions-b.parquet"
    )
    rows = judged(spark, tmp_path, Entity.INTERACTIONS).collect()
    assert [(row.event_id, row.event_ts) for row in rows] == [("x", None), ("7", datetime(2026, 1, 2, 10))]
    assert [(row.reason, row.source_line) for row in rows] == [(None, 1)] * 2


def test_empty_cells_of_typed_columns_are_not_of_a_wrong_type(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "shop" / DAY
    folder.mkdir(parents=True)
    times = pa.array([None, datetime(2026, 1, 2, 10)], pa.timestamp("us", tz="UTC"))
    pq.write_table(pa.table({"follower_id": ["a", "a"], "followee_id": ["b", "c"], "until_ts": times}),
                   folder / "follows.parquet")  # fmt: skip
    rows = judged(spark, tmp_path, Entity.FOLLOWS).collect()
    assert [(row.reason, row.until_ts) for row in rows] == [(None, None), (None, datetime(2026, 1, 2, 10))]


def take_in(spark: SparkSession, lake: Lake, landing: Path) -> Intake:
    """Stage and commit the day's interactions."""
    layouts = find_layouts(find_days(landing, DAY)[0].files)
    bronze, quarantine = BRONZE[Entity.INTERACTIONS], QUARANTINE[Entity.INTERACTIONS]
    with (
        lake.stage(bronze, job="t", partitions=[DAY]) as valid,
        lake.stage(quarantine, job="t", partitions=[DAY]) as rejected,
    ):
        intake = stage_records(spark, Entity.INTERACTIONS, layouts, valid, rejected, platforms={})
        valid.commit()
        rejected.commit()
    return intake


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


def test_words_for_nothing_are_no_values_and_no_ids(spark: SparkSession, tmp_path: Path) -> None:
    words = ["NULL", "null", "\\N", "nan", "NaN", "None", "N/A", "-", "<NA>"]
    full = {"product_id": "p", "title": "Nana's kite - none better"}
    jsonl(tmp_path, Entity.PRODUCTS, *({**full, "brand": word, "price_cents": word} for word in words))
    jsonl(tmp_path, Entity.INTERACTIONS, *({**EVENT, "user_id": word, "event_ts": None} for word in words))
    rows = judged(spark, tmp_path, Entity.PRODUCTS).collect()
    assert {(row.reason, row.brand, row.price_cents, row.title) for row in rows} == {(None, None, None, full["title"])}
    rows = judged(spark, tmp_path, Entity.INTERACTIONS).collect()
    assert [(row.reason, row.detail) for row in rows] == [("missing_value", f"user_id: {word}") for word in words]


def test_lists_of_texts_are_joined_and_other_structures_of_json_are_no_text(
    spark: SparkSession, tmp_path: Path
) -> None:
    product = {"product_id": "p", "title": "[NEW] kite"}
    jsonl(
        tmp_path, Entity.PRODUCTS, {**product, "category": ["Toys", "Outdoor"], "description": []},
        {**product, "brand": {"name": "X"}}, {**product, "description": [["a"], ["b"]]},
        {**product, "product_id": ["p"]}, {**product, "category": '["Toys","Outdoor"]'},
        {**product, "description": "{braces}"}, {**product, "title": [1]},
    )  # fmt: skip
    rows = judged(spark, tmp_path, Entity.PRODUCTS).collect()
    assert (rows[0].title, rows[0].category, rows[0].description) == ("[NEW] kite", "Toys, Outdoor", None)
    assert [(row.reason, row.detail.partition(":")[0]) for row in rows[1:4]] == [
        ("wrong_type", "brand"), ("wrong_type", "description"), ("wrong_type", "product_id"),
    ]  # fmt: skip
    assert [row.reason for row in rows[4:]] == [None, None, "wrong_type"]
    assert (rows[4].category, rows[5].description) == ('["Toys","Outdoor"]', "{braces}"), "a text is a text"


def test_lists_of_texts_in_parquet_are_joined(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "shop" / DAY
    folder.mkdir(parents=True)
    table = pa.table({"product_id": ["p", "q"], "title": ["Kite", "Kettle"], "category": [["Toys", "Outdoor"], None]})
    pq.write_table(table, folder / "products.parquet")
    assert [row.category for row in judged(spark, tmp_path, Entity.PRODUCTS).collect()] == ["Toys, Outdoor", None]


def test_ids_hold_no_line_ends(spark: SparkSession, tmp_path: Path) -> None:
    jsonl(tmp_path, Entity.INTERACTIONS, {**EVENT, "user_id": "ann\nbob"}, {**EVENT, "user_id": "ann\r"})
    assert [row.reason for row in judged(spark, tmp_path, Entity.INTERACTIONS).collect()] == ["wrong_type"] * 2


def test_a_landing_day_ends_when_it_ends_where_the_platform_is(spark: SparkSession, tmp_path: Path) -> None:
    times = ["2026-01-02T23:30:00-08:00", "2026-01-03T00:00:00-08:00"]
    jsonl(tmp_path, Entity.INTERACTIONS, *({**EVENT, "event_ts": time} for time in times))
    west = PlatformSettings(time_zone="America/Los_Angeles")
    rows = judged(spark, tmp_path, Entity.INTERACTIONS, {"shop": west}).collect()
    assert [row.reason for row in rows] == [None, "future_event"]
    rows = judged(spark, tmp_path, Entity.INTERACTIONS, {"other": west}).collect()
    assert [row.reason for row in rows] == ["future_event"] * 2


def test_rows_of_mixed_line_ends_are_all_read_and_their_ends_are_part_of_no_value(
    spark: SparkSession, lake: Lake, tmp_path: Path
) -> None:
    file = jsonl(tmp_path / "landing", Entity.INTERACTIONS, name="interactions.csv")
    rows = ["e1,u,p,view", "e2,u,p,view", "e3,u,p,like", 'e4,u,p,"like"', "", "e5,u,p,like"]
    for name, quoted in (("interactions.csv", rows), ("interactions-plain.csv", rows[:3])):
        lines = ["event_id,user_id,product_id,event_type", *quoted]
        ends = ["\r\n", "\r", "\n", "\r\n", "\r", "\n", ""]
        file.with_name(name).write_bytes("".join(line + end for line, end in zip(lines, ends, strict=False)).encode())
    assert take_in(spark, lake, tmp_path / "landing") == Intake(8, 0)
    found = lake.read(BRONZE[Entity.INTERACTIONS])
    assert sorted(found["event_id"].to_pylist()) == ["e1", "e1", "e2", "e2", "e3", "e3", "e4", "e5"]
    assert set(found["event_type"].to_pylist()) == {"view", "like"}


def test_files_in_the_encoding_of_their_platform_are_read_and_others_refused(
    spark: SparkSession, tmp_path: Path
) -> None:
    folder = tmp_path / "shop" / DAY
    folder.mkdir(parents=True)
    (folder / "products.csv").write_bytes("product_id,title\np1,红色风筝\n".encode("gbk"))
    (folder / "products-b.jsonl").write_bytes('{"product_id": "p2", "title": "茶壶"}\n'.encode("gbk"))
    files = [file for day in find_days(tmp_path, DAY) for file in day.files]
    with pytest.raises(UserError, match=r"products-b.jsonl: line 1, byte 32 \(0xB2\) is not UTF-8; it reads '茶壶'"):
        find_layouts(files)
    chinese = PlatformSettings(encodings={Entity.PRODUCTS: "gbk"})
    files = [file for day in find_days(tmp_path, DAY, {"shop": chinese}) for file in day.files]
    rows = judged_records(spark, Entity.PRODUCTS, find_layouts(files).files, {})
    assert rows is not None
    assert sorted((row.product_id, row.title) for row in rows.collect()) == [("p1", "红色风筝"), ("p2", "茶壶")]


IMAGES = ["images/a b.png", "images/b.mp4"]


def test_lists_of_files_are_read_from_json_csv_and_parquet_alike(spark: SparkSession, tmp_path: Path) -> None:
    products = [
        {"product_id": "array", "title": "t", "images": [*IMAGES, " images/a b.png ", "", None]},
        {"product_id": "text", "title": "t", "images": "images/a b.png; images/b.mp4;"},
        {"product_id": "bare", "title": "t", "images": []},
        {"product_id": "object", "title": "t", "images": {"first": "images/a b.png"}},
        {"product_id": "cut", "title": "t", "images": '["images/a b.png", '},
    ]
    jsonl(tmp_path, Entity.PRODUCTS, *products)
    folder = tmp_path / "shop" / DAY
    header, plain = "product_id,title,images", "text,t,images/a b.png;images/b.mp4"
    quoted = 'array,t,"[""images/a b.png"", ""images/b.mp4""]"'
    (folder / "products-2.csv").write_text("\n".join([header, quoted, plain]), encoding="utf-8")
    (folder / "products-3.csv").write_text("\n".join([header, plain]), encoding="utf-8")
    listed = pa.table({"product_id": ["list"], "title": ["t"], "images": [IMAGES]})
    pq.write_table(listed, folder / "products-4.parquet")
    (folder / "images").mkdir()
    rows = judged(spark, tmp_path, Entity.PRODUCTS).collect()
    refused = {row.product_id: row.reason for row in rows if row.reason}
    assert refused == {"object": "wrong_type", "cut": "wrong_type"}
    read = [row.images for row in rows if not row.reason]
    assert (read.count(None), read.count(IMAGES)) == (1, 6)
