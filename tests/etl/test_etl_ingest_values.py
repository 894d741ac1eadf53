"""Values of landed records: ids, texts, numbers and lists."""

import json
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from judged_records import COMMENT, DAY, EVENT, jsonl, judged
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from socialrec.contracts.vocabulary import Entity
from socialrec.etl.wording.texts import with_clean_texts
from socialrec.settings.etl import MaskSettings

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


def test_ids_hold_no_line_ends(spark: SparkSession, tmp_path: Path) -> None:
    jsonl(tmp_path, Entity.INTERACTIONS, {**EVENT, "user_id": "ann\nbob"}, {**EVENT, "user_id": "ann\r"})
    assert [row.reason for row in judged(spark, tmp_path, Entity.INTERACTIONS).collect()] == ["wrong_type"] * 2


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


def test_empty_cells_of_typed_columns_are_not_of_a_wrong_type(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "shop" / DAY
    folder.mkdir(parents=True)
    times = pa.array([None, datetime(2026, 1, 2, 10)], pa.timestamp("us", tz="UTC"))
    pq.write_table(pa.table({"follower_id": ["a", "a"], "followee_id": ["b", "c"], "until_ts": times}),
                   folder / "follows.parquet")  # fmt: skip
    rows = judged(spark, tmp_path, Entity.FOLLOWS).collect()
    assert [(row.reason, row.until_ts) for row in rows] == [(None, None), (None, datetime(2026, 1, 2, 10))]


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
