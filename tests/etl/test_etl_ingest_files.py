"""Lines and cells of landed files."""

import gzip
import json
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from judged_records import DAY, EVENT, jsonl, judged, take_in
from pyspark.sql import SparkSession

from socialrec.contracts.bronze import BRONZE
from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.etl.bronze.ingest import Intake, judged_records
from socialrec.etl.landing.files import find_days
from socialrec.etl.landing.layouts import find_layouts
from socialrec.lake import Lake
from socialrec.settings.etl import PlatformSettings


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
