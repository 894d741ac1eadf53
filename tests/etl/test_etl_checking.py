"""Files before they land: what is right and what to change, by file and column."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import typer
from pyspark.sql import SparkSession

from socialrec.cli.inspecting import check as check_command
from socialrec.contracts.landing import EXAMPLES
from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.etl.bronze.ingest import judged_records
from socialrec.etl.bronze.judging import judge, list_faults
from socialrec.etl.check.delivery import ID_FORM, check_files, files_to_check, read_delivery, remedy, unmet_lines
from socialrec.etl.check.report import FileCheck
from socialrec.etl.landing.layouts import find_layouts
from socialrec.etl.landing.lines import CONVERT
from socialrec.settings.etl import EtlSettings

DS = "2026-01-31"

ETL = EtlSettings()


def check(spark: SparkSession, folder: Path) -> dict[str, FileCheck]:
    with files_to_check(folder, DS, ETL) as files:
        return {Path(found.name).name: found for found in check_files(spark, read_delivery(files), ETL)}


def test_each_file_says_how_many_records_are_valid_and_what_is_wrong_with_the_others(
    spark: SparkSession, tmp_path: Path
) -> None:
    (tmp_path / "products.csv").write_text("product_id,title,price\np1,Red kite,12\n,No id,\n,Nor this,\n")
    event = '{"event_id": "e1", "userId": "a", "user_id": "ann", "product_id": "p1", "event_type": "%s"}\n'
    (tmp_path / "interactions.jsonl").write_text(event % "click" + event % "clikc")
    (tmp_path / "follows.csv").write_text("follower_id,followee_id\nann,bob\n")
    found = check(spark, tmp_path)
    products, interactions, follows = (found[name] for name in ("products.csv", "interactions.jsonl", "follows.csv"))
    assert (products.n_records, products.n_valid, products.ignored) == (3, 1, ("price",))
    assert products.similar == {"price": "price_cents"}
    assert "price_cents" in products.absent
    [fault] = products.faults
    assert (fault.column, fault.reason, fault.n, fault.line) == ("product_id", "missing_value", 2, 3)
    [fault] = interactions.faults
    assert (fault.column, fault.value, fault.line) == ("event_type", "clikc", 2)
    assert fault.remedy.startswith("use one of view, click")
    assert (interactions.ignored, interactions.similar) == (("userId",), {})
    assert (follows.n_records, follows.n_valid, follows.faults) == (1, 1, ())


def test_a_record_shows_all_its_faults_and_counts_once(spark: SparkSession, tmp_path: Path) -> None:
    records = [
        "c1,ann,p1,Flies well,5,2026-01-01T10:00:00Z",
        "c2,,p1,bad,11,yesterday",
        "c3,bob,p1, ,abc,2091-01-01",
        "c4,bob",
    ]
    header = "comment_id,user_id,product_id,text,rating,created_ts"
    (tmp_path / "comments.csv").write_text("\n".join([header, *records]))
    [found] = check(spark, tmp_path).values()
    assert (found.n_records, found.n_valid) == (4, 1)
    assert [(fault.line, fault.column, fault.reason, fault.value) for fault in found.faults] == [
        (3, "created_ts", "wrong_type", "yesterday"),
        (3, "rating", "out_of_range", "11"),
        (3, "user_id", "missing_value", "null"),
        (4, "created_ts", "future_event", "2091-01-01"),
        (4, "rating", "wrong_type", "abc"),
        (5, "", "unreadable_record", "c4,bob"),
    ]
    assert "as many values as the header has names" in found.faults[-1].remedy


def test_faults_are_those_for_which_a_night_rejects_a_record(spark: SparkSession, tmp_path: Path) -> None:
    lines = [json.dumps({"follower_id": "a", "followee_id": name}) for name in ("b", "a", "", " ", 7.0, True)]
    lines += ["{", "[]", "7"]
    (tmp_path / "follows.jsonl").write_text("\n".join(lines))
    with files_to_check(tmp_path, DS, ETL) as files:
        layouts = find_layouts(files).files
        judged, listed = (
            judged_records(spark, Entity.FOLLOWS, layouts, {}, verdict) for verdict in (judge, list_faults)
        )
        assert judged is not None
        assert listed is not None
        reasons = [row.reason for row in judged.orderBy("source_line").collect()]
        faults = [[fault.reason for fault in row.faults] for row in listed.orderBy("source_line").collect()]
    assert faults == [[reason] if reason else [] for reason in reasons]
    assert reasons[:4] == [None, "self_follow", "missing_value", "missing_value"]


def test_a_file_that_cannot_be_read_does_not_hide_the_others(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "follows.csv").write_text("follower_id\nann\n")
    (tmp_path / "products.parquet").write_bytes(b"PAR1 and no more")
    (tmp_path / "products.csv").write_bytes("product_id,title\np1,Café\n".encode("latin-1"))
    (tmp_path / "comments.csv").write_text("comment_id,user_id\n", encoding="utf-16")
    (tmp_path / "comments.jsonl.gz").write_bytes(gzip.compress(b"{}" * 999)[:-9])
    found = check(spark, tmp_path)
    assert found["comments.csv"].problem == f"it is UTF-16; save it as UTF-8, or run `{CONVERT}`"
    assert "not a whole jsonl file" in (found["comments.jsonl.gz"].problem or "")
    assert "it reads 'Café' as Windows-1252" in (found["products.csv"].problem or "")
    assert found["follows.csv"].problem == (
        "required column followee_id is missing; its header is: follower_id; deliver follows with followee_id"
    )
    assert "not a whole parquet file" in (found["products.parquet"].problem or "")
    assert found["products.csv"].convertible == ("encoding cp1252, to UTF-8",)


@pytest.mark.parametrize("given", ["", "shop", "shop/2026-01-30", "shop/2026-01-30/products.csv"])
def test_a_landing_folder_a_platform_a_day_and_a_file_can_be_checked(tmp_path: Path, given: str) -> None:
    file = tmp_path / "shop" / "2026-01-30" / "products.csv"
    file.parent.mkdir(parents=True)
    file.touch()
    with files_to_check(tmp_path / given, DS, ETL) as [found]:
        assert (found.name, found.path.resolve()) == ("shop/2026-01-30/products.csv", file)


def test_files_of_no_day_are_checked_for_the_day_given_and_keep_their_own_names(
    spark: SparkSession, tmp_path: Path
) -> None:
    event = '{"event_id": "%s", "user_id": "ann", "product_id": "p", "event_type": "like", "event_ts": "%s"}\n'
    file = tmp_path / "interactions.jsonl"
    file.write_text(event % ("e1", f"{DS}T23:00:00Z") + event % ("e2", "2026-02-01T00:00:00Z"))
    with files_to_check(file, DS, ETL) as files:
        [found] = check_files(spark, read_delivery(files), ETL)
    assert (found.name, found.n_valid, found.faults[0].reason) == ("interactions.jsonl", 1, "future_event")


def test_faults_that_a_source_planted_are_named_as_such_and_others_are_not(spark: SparkSession, tmp_path: Path) -> None:
    day = tmp_path / "landing" / "demo" / DS
    day.mkdir(parents=True)
    truth = tmp_path / "truth" / "demo" / "counts.json"
    truth.parent.mkdir(parents=True)
    truth.write_text(json.dumps({"follows": {"quarantined": {"self_follow": 2, "wrong_type": 1}}}))
    (day / "follows.csv").write_text("follower_id,followee_id,since_ts\na,a,\nb,b,\na,b,soon\nb,a,later\n,a,\n")
    planted = {fault.reason: fault.planted_by for fault in check(spark, tmp_path / "landing")["follows.csv"].faults}
    assert planted == {"self_follow": "demo", "wrong_type": None, "missing_value": None}


def test_a_folder_without_landing_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing has landed"), files_to_check(tmp_path, DS, ETL):
        pass
    (tmp_path / "orders.csv").write_text("a,b\n")
    with (
        pytest.raises(UserError, match="orders.csv: not a landing file") as loose,
        files_to_check(tmp_path, DS, ETL),
    ):
        pass
    assert str(loose.value).startswith(f"{tmp_path / 'orders.csv'}: ")
    (tmp_path / "orders.csv").rename(tmp_path / "_orders.csv")
    (tmp_path / "2026-1-1").mkdir()
    (tmp_path / "2026-1-1" / "products.csv").write_text("product_id,title\n")
    with pytest.raises(UserError, match="rename the folder") as day, files_to_check(tmp_path, DS, ETL):
        pass
    assert str(day.value).startswith(f"{tmp_path / '2026-1-1'}: ")


@pytest.mark.parametrize(
    ("entity", "column", "reason", "said"),
    [
        (Entity.PRODUCTS, "price_cents", "wrong_type", "use a whole number, such as 1999"),
        (Entity.COMMENTS, "created_ts", "wrong_type", "use " + EXAMPLES["timestamp"]),
        (Entity.PRODUCTS, "is_active", "wrong_type", "use true or false"),
        (Entity.PRODUCTS, "product_id", "wrong_type", f"use {ID_FORM}"),
        (Entity.PRODUCTS, "price_cents", "out_of_range", "at least 0"),
        (Entity.COMMENTS, "rating", "out_of_range", "at least 1 and at most 5"),
        (Entity.COMMENTS, "created_ts", "out_of_range", "not before 1990"),
        (Entity.PRODUCTS, "currency", "too_long", "at most 3 characters"),
        (Entity.FOLLOWS, "followee_id", "self_follow", "leave it out"),
        (Entity.TEMPLATES, "language", "malformed", "use a code of two small letters, such as `en`"),
        (Entity.PRODUCTS, "", "", ""),
    ],
)
def test_a_remedy_says_what_the_contract_wants(entity: Entity, column: str, reason: str, said: str) -> None:
    assert remedy(entity, column, reason) == said


def test_lines_that_contradict_each_other_under_one_id_are_faults_of_a_check(
    spark: SparkSession, tmp_path: Path
) -> None:
    lines = ["o1,ann,p1,purchase", "o1,ann,p2,purchase", "o1,ann,p1,purchase", "o2,bob,p1,purchase"]
    (tmp_path / "interactions.csv").write_text("\n".join(["event_id,user_id,product_id,event_type", *lines]))
    [found] = check(spark, tmp_path).values()
    assert (found.n_records, found.n_valid) == (4, 3), "a copy is valid"
    [fault] = found.faults
    assert (fault.reason, fault.n, fault.line, fault.value) == ("conflicting_id", 1, 3, "o1")
    assert fault.remedy == "several lines share an event_id: is this the order's id?"


def test_ids_that_meet_no_product_of_the_delivery_are_named_with_their_likely_cause(
    spark: SparkSession, tmp_path: Path
) -> None:
    (tmp_path / "products.csv").write_text("product_id,title\n007,Kite\n8,Kettle\n")
    events = ["e1,ann,7,view", "e2,bob,7,view", "e3,bob,8,view"]
    (tmp_path / "interactions.csv").write_text("\n".join(["event_id,user_id,product_id,event_type", *events]))
    with files_to_check(tmp_path, DS, ETL) as files:
        [line] = unmet_lines(spark, read_delivery(files), ETL)
    assert line.startswith("interactions: 2 of 3 (66.7%) name a product that is not in the catalogue")
    assert "'7', which is '007' there): leading zeros were lost" in line


@pytest.mark.usefixtures("spark")
def test_a_file_that_cannot_be_read_fails_the_check_and_programs_read_why(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "comments.csv"
    file.write_text("comment_id;user_id;product_id;text\nc1;ann;p1;Flies well\n")
    with pytest.raises(typer.Exit) as ended:
        check_command(file, home, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert (ended.value.exit_code, found["passes"]) == (2, False)
    assert found["reasons"] == ["comments.csv cannot be taken in"]
    assert "separated by semicolons" in found["files"][0]["problem"]
