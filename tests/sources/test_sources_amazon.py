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


def said(row: dict[str, Any]) -> dict[str, Any]:
    """What a row holds that is not null."""
    return {name: value for name, value in row.items() if value is not None}


def lines(folder: Path, name: str, *records: str) -> Path:
    """A folder with a file of these lines."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("".join(f"{record}\n" for record in records))
    return folder


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
    texts = [row["text"] for row in landed(tmp_path / "landing", "comments")]
    assert texts == ["Not bad. Crisp", "Never again", "Crisp"]


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
    known, unknown = landed(tmp_path / "landing", "products")
    assert said(known) == {"product_id": "B1", "title": "Pop filter", "description": "Filters pops", "brand": "Crisp"}
    assert said(unknown) == {"product_id": "B2", "title": "B2"}


def test_what_is_no_file_of_reviews_is_named(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    with pytest.raises(UserError, match=r"raw is not a folder: name the folder with one file of reviews"):
        import_source("amazon", tmp_path / "landing", raw, DS)
    write(raw, REVIEW, {"reviewerID": "A1"})
    with pytest.raises(UserError, match=r"line 2 lacks asin, unixReviewTime: take the line out"):
        import_source("amazon", tmp_path / "landing", raw, DS)
    (raw / "reviews.json.gz").write_bytes(gzip.compress(b"{"))
    with pytest.raises(UserError, match="line 1 is no JSON object"):
        import_source("amazon", tmp_path / "landing", raw, DS)
    (raw / "reviews.json.gz").write_bytes(gzip.compress(b"[1]"))
    with pytest.raises(UserError, match="line 1 is no JSON object but a list"):
        import_source("amazon", tmp_path / "landing", raw, DS)
    (raw / "reviews.json.gz").write_bytes(gzip.compress(json.dumps(REVIEW | {"unixReviewTime": "soon"}).encode()))
    with pytest.raises(UserError, match="line 1 has unixReviewTime 'soon', which is no number of seconds"):
        import_source("amazon", tmp_path / "landing", raw, DS)
    (raw / "more.csv").write_text("reviewerID\n")
    with pytest.raises(UserError, match="2 files of reviews"):
        import_source("amazon", tmp_path / "landing", raw, DS)


def test_another_review_of_the_same_user_product_and_time_has_an_id_of_its_own(tmp_path: Path) -> None:
    other = REVIEW | {"reviewText": "Broke", "overall": 1.0}
    raw = write(tmp_path / "raw", REVIEW, other, REVIEW, other)
    import_source("amazon", tmp_path / "landing", raw, DS)
    key = "A1-B1-1393545600"
    assert [row["event_id"] for row in landed(tmp_path / "landing", "interactions")] == [key, f"{key}#2"] * 2


def test_descriptions_in_python_literals_are_read_as_in_2014(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", REVIEW)
    lines(
        raw,
        "meta_Music.json",
        "{'asin': 'B1', 'title': \"Drummer's stool\", 'price': 1299.5, 'brand': None, 'salesRank': {'Music': 7}, "
        "'imUrl': nan, 'categories': [['Music', 'Drums', 'Stools'], ['Furniture']], 'description': u'Round\\d'}",
    )
    import_source("amazon", tmp_path / "landing", raw, DS)
    assert said(landed(tmp_path / "landing", "products")[0]) == {
        "product_id": "B1", "title": "Drummer's stool", "description": "Round\\d", "category": "Stools",
        "price_cents": 129_950, "currency": "USD"
    }  # fmt: skip


def test_descriptions_of_2018_and_2023_are_read(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", REVIEW, REVIEW | {"asin": "B2"}, REVIEW | {"asin": "B3"})
    of_2018 = {"asin": "B1", "title": "Reed", "category": ["Music", "Reeds"], "description": ["Soft"], "price": "$9.99"}
    of_2023 = {"parent_asin": "B2", "title": "Bow", "categories": [], "main_category": "Music", "store": "Corda"}
    of_2023 |= {"description": [], "features": ["Light", ["and", "long"]], "price": None, "details": {"a": 1}}
    vague = {"parent_asin": "B3", "title": [], "price": "$3.00 - $9.00", "store": "x" * 201, "main_category": None}
    lines(raw, "meta.jsonl", *map(json.dumps, (of_2018, of_2023, vague)))
    import_source("amazon", tmp_path / "landing", raw, DS)
    assert [said(row) for row in landed(tmp_path / "landing", "products")] == [
        {
            "product_id": "B1", "title": "Reed", "description": "Soft", "category": "Reeds",
            "price_cents": 999, "currency": "USD",
        },
        {
            "product_id": "B2", "title": "Bow", "description": "Light and long", "category": "Music",
            "brand": "Corda",
        },
        {"product_id": "B3", "title": "B3"},
    ]  # fmt: skip


def test_reviews_of_2023_are_read(tmp_path: Path) -> None:
    review = {"user_id": "AX", "parent_asin": "P1", "asin": "V1", "rating": 2.0, "title": "Meh", "text": "Too loud"}
    review |= {"timestamp": 1588687728923, "images": [{"url": "u"}], "verified_purchase": True}
    raw = lines(tmp_path / "raw", "Music.jsonl", json.dumps(review), json.dumps(review | {"parent_asin": None}))
    import_source("amazon", tmp_path / "landing", raw, DS)
    first, second = landed(tmp_path / "landing", "comments")
    when = datetime(2020, 5, 5, 14, 8, 48, 923_000, tzinfo=UTC)
    assert first == {
        "comment_id": "AX-P1-1588687728923", "user_id": "AX", "product_id": "P1", "text": "Meh. Too loud",
        "created_ts": when, "rating": "2.0"
    }  # fmt: skip
    assert second["product_id"] == "V1"


def test_half_an_emoji_is_a_replacement_character_and_two_halves_are_one_emoji(tmp_path: Path) -> None:
    halves = "{'reviewerID': 'A1', 'asin': 'B2', 'reviewText': '\\ud83d\\ude00', 'overall': 5, 'unixReviewTime': 7}"
    cut = json.dumps(REVIEW | {"reviewText": "so good \ud83d", "reviewerID": "A\udc00"})
    raw = lines(tmp_path / "raw", "reviews.json", cut, halves)
    import_source("amazon", tmp_path / "landing", raw, DS)
    rows = landed(tmp_path / "landing", "comments")
    assert [(row["user_id"], row["text"]) for row in rows] == [("A\ufffd", "so good \ufffd"), ("A1", "\U0001f600")]


def test_a_review_without_words_or_stars_is_passed_on(tmp_path: Path) -> None:
    raw = lines(
        tmp_path / "raw",
        "r.json",
        json.dumps(REVIEW | {"overall": float("nan")}),
        json.dumps(REVIEW | {"reviewText": ""}),
    )
    import_source("amazon", tmp_path / "landing", raw, DS)
    rows = landed(tmp_path / "landing", "comments")
    assert [(row["text"], row["rating"]) for row in rows] == [("Crisp", None), (None, "5.0")]


@pytest.mark.parametrize(
    "content",
    [
        b'\xef\xbb\xbfreviewerID,asin,reviewText,overall,unixReviewTime\n\nA1,B1,"So, ""so""\n\nreally",4,1393545600\n',
        b'reviewerID,asin,reviewText,overall,unixReviewTime\r\nA1,B1,"So, ""so""\r\n\r\nreally",4,1393545600\r\n\r\n',
    ],
)
def test_a_csv_may_have_a_mark_blank_lines_and_other_line_ends(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "reviews.csv").write_bytes(content)
    import_source("amazon", tmp_path / "landing", tmp_path / "raw", DS)
    [row] = landed(tmp_path / "landing", "comments")
    assert (row["text"], row["rating"]) == ('So, "so"\n\nreally', "4")


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("r.json", b"", "holds no reviews: name the folder"),
        ("r.csv", b"user_id,asin,rating,timestamp\n", "holds no reviews"),
        ("r.json", b"\n{'reviewerID': print(1)}\n", "line 2 is no JSON object"),
        ("r.json", b"[" * 100_000, "line 1 is no JSON object"),
        ("r.json", b"{'a': " + b"[" * 5_000, "line 1 is no JSON object"),
        ("r.json", b'{"reviewerID": "\xff"}', "line 1, byte 17 is 0xFF, which is no UTF-8"),
        ("r.json.gz", gzip.compress(json.dumps(REVIEW).encode(), mtime=0)[:-12], "gzip data are cut or damaged"),
        ("r.csv", b'user_id,asin,rating,timestamp\nA,"B,5,1\nC,D,5,1\n', "record at line 2 cannot be read"),
        ("r.csv", b"user_id,asin,rating,timestamp\nA,B,5\n", "record at line 2 has 3 values, the header 4"),
        ("r.csv", b"user_id,asin,rating,timestamp\nA,B,5,inf\n", "line 2 has timestamp 'inf'"),
        ("r.csv", b"user_id,asin,rating,timestamp\nA," + b"B" * 200_000 + b",5,1\n", "record at line 2 cannot be read"),
        ("r.csv", b"A,B,5,1\nC,D,5,1\n", "line 2 lacks"),
    ],
)
def test_a_fault_is_one_line_with_the_file_and_the_line(
    tmp_path: Path, name: str, content: bytes, complaint: str
) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / name).write_bytes(content)
    with pytest.raises(UserError, match=complaint) as caught:
        import_source("amazon", tmp_path / "landing", tmp_path / "raw", DS)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "landing" / "amazon").exists()


@pytest.mark.skipif(not REAL, reason="SOCIALREC_DATA_DIR is not set")
@pytest.mark.parametrize(
    ("folder", "n_reviews", "n_products"), [("musical-instruments", 10_261, 900), ("all-beauty", 5_269, 85)]
)
def test_the_real_reviews_land_whole(tmp_path: Path, folder: str, n_reviews: int, n_products: int) -> None:
    done = import_source("amazon", tmp_path, Path(REAL or "") / folder, DS)
    assert done.counts == {"products": n_products, "interactions": n_reviews, "comments": n_reviews}
