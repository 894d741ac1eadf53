"""Files before they land: what is right and what to change, by file and column."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.etl.checking import FileCheck, check_files, files_to_check, remedy

DS = "2026-01-31"


def check(spark: SparkSession, folder: Path) -> dict[str, FileCheck]:
    with files_to_check(folder, DS) as files:
        return {Path(found.name).name: found for found in check_files(spark, files)}


def test_each_file_says_how_many_records_are_whole_and_what_is_wrong_with_the_others(
    spark: SparkSession, tmp_path: Path
) -> None:
    (tmp_path / "products.csv").write_text("product_id,title,colour\np1,Red kite,red\n,No id,blue\n,Nor this,red\n")
    event = '{"event_id": "e1", "user_id": "ann", "product_id": "p1", "event_type": "%s"}\n'
    (tmp_path / "interactions.jsonl").write_text(event % "click" + event % "clikc")
    (tmp_path / "follows.csv").write_text("follower_id,followee_id\nann,bob\n")
    found = check(spark, tmp_path)
    products, interactions, follows = (found[name] for name in ("products.csv", "interactions.jsonl", "follows.csv"))
    assert (products.n_records, products.n_valid, products.unknown) == (3, 1, ("colour",))
    assert "price_cents" in products.absent
    [fault] = products.faults
    assert (fault.column, fault.reason, fault.n, fault.line) == ("product_id", "missing_value", 2, 2)
    [fault] = interactions.faults
    assert (fault.example, fault.line) == ("event_type: clikc", 2)
    assert fault.remedy.startswith("write one of ")
    assert "click" in fault.remedy
    assert (follows.n_records, follows.n_valid, follows.faults) == (1, 1, ())
    assert [one.is_fit(0.05) for one in (products, interactions, follows)] == [False, False, True]


def test_a_file_that_cannot_be_read_does_not_hide_the_others(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "follows.csv").write_text("follower_id\nann\n")
    (tmp_path / "products.parquet").write_bytes(b"PAR1 and no more")
    (tmp_path / "products.csv").write_text("product_id,title\np1,Red kite\n")
    found = check(spark, tmp_path)
    assert found["follows.csv"].problem == "required column followee_id is missing; deliver follows with it"
    assert "not a whole parquet file" in (found["products.parquet"].problem or "")
    assert found["products.csv"].n_valid == 1


@pytest.mark.parametrize("given", ["", "shop", f"shop/{DS}"])
def test_a_landing_folder_a_platform_and_a_day_can_be_checked(spark: SparkSession, tmp_path: Path, given: str) -> None:
    day = tmp_path / "shop" / DS
    day.mkdir(parents=True)
    (day / "products.csv").write_text("product_id,title\np1,Red kite\n")
    assert check(spark, tmp_path / given)["products.csv"].n_valid == 1


def test_a_folder_without_landing_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing has landed"), files_to_check(tmp_path, DS):
        pass
    (tmp_path / "orders.csv").write_text("a,b\n")
    with pytest.raises(UserError, match="orders.csv: not a landing file") as loose, files_to_check(tmp_path, DS):
        pass
    assert str(loose.value).startswith(f"{tmp_path / 'orders.csv'}: ")
    (tmp_path / "orders.csv").rename(tmp_path / "_orders.csv")
    (tmp_path / "2026-1-1").mkdir()
    (tmp_path / "2026-1-1" / "products.csv").write_text("product_id,title\n")
    with pytest.raises(UserError, match="rename the folder") as day, files_to_check(tmp_path, DS):
        pass
    assert str(day.value).startswith(f"{tmp_path / '2026-1-1'}: ")


@pytest.mark.parametrize(
    ("entity", "column", "reason", "said"),
    [
        (Entity.PRODUCTS, "price_cents", "wrong_type", "deliver it as int64"),
        (Entity.PRODUCTS, "price_cents", "out_of_range", "at least 0"),
        (Entity.COMMENTS, "rating", "out_of_range", "at least 1 and at most 5"),
        (Entity.COMMENTS, "created_ts", "out_of_range", "not before 1990"),
        (Entity.PRODUCTS, "currency", "too_long", "at most 3 characters"),
        (Entity.FOLLOWS, "followee_id", "self_follow", "leave it out"),
        (Entity.PRODUCTS, "", "", ""),
    ],
)
def test_a_remedy_says_what_the_contract_wants(entity: Entity, column: str, reason: str, said: str) -> None:
    assert remedy(entity, column, reason) == said
