"""Amazon-style reviews, written by hand and the real ones."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from socialrec.errors import UserError
from socialrec.sources import import_source

DS = "2026-01-31"
REVIEW = {"reviewerID": "A1", "asin": "B1", "reviewText": "Crisp", "overall": 5.0, "unixReviewTime": 1393545600}
REAL = os.environ.get("SOCIALREC_DATA_DIR")


def landed(landing: Path, entity: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(
        landing / "amazon" / DS / f"{entity}.parquet", partitioning=None
    ).to_pylist()
    return rows


def write(folder: Path, *reviews: dict[str, Any]) -> Path:
    folder.mkdir()
    with gzip.open(folder / "reviews.json.gz", "wt") as file:
        file.writelines(json.dumps(review) + "\n" for review in reviews)
    return folder


def test_a_review_is_a_purchase_and_a_comment_with_stars_and_nobodys_name(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", REVIEW | {"reviewerName": "Ann"})
    done = import_source("amazon", tmp_path / "landing", raw, DS)
    assert done.counts == {"products": 1, "interactions": 1, "comments": 1}
    when = datetime(2014, 2, 28, tzinfo=UTC)
    common = {"user_id": "A1", "product_id": "B1"}
    [event], [comment] = (landed(tmp_path / "landing", entity) for entity in ("interactions", "comments"))
    assert event == {"event_id": "A1-B1-1393545600", **common, "event_type": "purchase", "event_ts": when}
    assert comment == {"comment_id": "A1-B1-1393545600", **common, "text": "Crisp", "created_ts": when, "rating": "5.0"}


def test_a_comment_says_the_headline_and_the_text(tmp_path: Path) -> None:
    silent = {"asin": "B2", "summary": "Never again", "reviewText": None}
    raw = write(
        tmp_path / "raw", REVIEW | {"summary": " Not bad "}, REVIEW | silent, REVIEW | {"asin": "B3", "summary": ""}
    )
    import_source("amazon", tmp_path / "landing", raw, DS)
    said = [row["text"] for row in landed(tmp_path / "landing", "comments")]
    assert said == ["Not bad. Crisp", "Never again", "Crisp"]


def test_the_same_review_twice_has_one_id_and_another_of_the_same_product_its_own(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", REVIEW, REVIEW, REVIEW | {"unixReviewTime": 1393632000})
    import_source("amazon", tmp_path / "landing", raw, DS)
    ids = [row["comment_id"] for row in landed(tmp_path / "landing", "comments")]
    assert (len(ids), len(set(ids))) == (3, 2)


def test_products_are_described_where_there_is_a_file_of_descriptions(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", REVIEW, REVIEW | {"asin": "B2"})
    meta = {"asin": "B1", "title": "Pop filter", "brand": "Crisp", "description": ["Filters", "pops"]}
    (raw / "meta.json").write_text(json.dumps(meta) + "\n")
    import_source("amazon", tmp_path / "landing", raw, DS)
    assert landed(tmp_path / "landing", "products") == [
        {"product_id": "B1", "title": "Pop filter", "description": "Filters pops", "brand": "Crisp"},
        {"product_id": "B2", "title": "B2", "description": None, "brand": None},
    ]


def test_what_is_no_file_of_reviews_is_named(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    with pytest.raises(UserError, match=r"raw is not a folder: name the folder with one file of reviews"):
        import_source("amazon", tmp_path / "landing", raw, DS)
    write(raw, REVIEW, {"reviewerID": "A1"})
    with pytest.raises(UserError, match=r"record 2 lacks asin, overall, unixReviewTime"):
        import_source("amazon", tmp_path / "landing", raw, DS)
    (raw / "reviews.json.gz").write_bytes(gzip.compress(b"{"))
    with pytest.raises(UserError, match="line 1 is no JSON"):
        import_source("amazon", tmp_path / "landing", raw, DS)
    (raw / "reviews.json.gz").write_bytes(gzip.compress(b"[1]"))
    with pytest.raises(UserError, match="line 1 is no JSON object"):
        import_source("amazon", tmp_path / "landing", raw, DS)
    (raw / "reviews.json.gz").write_bytes(gzip.compress(json.dumps(REVIEW | {"unixReviewTime": "soon"}).encode()))
    with pytest.raises(UserError, match="record 1 has unixReviewTime 'soon', which is no number of seconds"):
        import_source("amazon", tmp_path / "landing", raw, DS)
    (raw / "more.csv").write_text("reviewerID\n")
    with pytest.raises(UserError, match="2 files of reviews"):
        import_source("amazon", tmp_path / "landing", raw, DS)


@pytest.mark.skipif(not REAL, reason="SOCIALREC_DATA_DIR is not set")
@pytest.mark.parametrize(
    ("folder", "n_reviews", "n_products"), [("musical-instruments", 10_261, 900), ("all-beauty", 5_269, 85)]
)
def test_the_real_reviews_land_whole(tmp_path: Path, folder: str, n_reviews: int, n_products: int) -> None:
    done = import_source("amazon", tmp_path, Path(REAL or "") / folder, DS)
    assert done.counts == {"products": n_products, "interactions": n_reviews, "comments": n_reviews}
