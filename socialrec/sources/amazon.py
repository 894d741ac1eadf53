"""Amazon-style reviews (2014 and 2018 layouts) as a landing day: a review is a purchase and a comment with stars."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from socialrec.contracts.vocabulary import Entity, EventType
from socialrec.errors import UserError
from socialrec.job import day
from socialrec.sources.landing import Imported, deliver, write_day

PLATFORM = "amazon"
REVIEW = ("reviewerID", "asin", "reviewText", "overall", "unixReviewTime")
"""The fields of a review that are used. The reviewer's name is personal, and not read."""
ENDINGS = (".json", ".json.gz", ".csv", ".csv.gz")
META = "meta"
_REMEDY = "name the folder with one file of reviews, and meta*.json[.gz] beside it where there are descriptions"
Record = Mapping[str, Any]


def import_amazon(data: Path, landing: Path, ds: str) -> Imported:
    """Write the one file of reviews in `data` (JSON Lines or CSV, plain or gzipped) as landing day `ds`.

    Products take title, brand and description from `meta*.json[.gz]` where that is there, else the ASIN as title. The
    same review delivered twice gets the same id, so that silver keeps it once. What has landed before is kept.
    Raises UserError naming a file or record that is not what it should be.
    """
    ds = day(ds)
    reviews, meta = _files(data)

    def write(platform: str) -> Mapping[str, int]:
        read = list(_reviews(reviews))
        described = {str(record.get("asin")): record for record in _records(meta)} if meta else {}
        tables = {
            Entity.PRODUCTS: _products(read, described),
            Entity.INTERACTIONS: _interactions(read),
            Entity.COMMENTS: _comments(read),
        }
        for entity, table in tables.items():
            write_day(landing, platform, ds, entity, table, form="parquet")
        return {entity.value: table.num_rows for entity, table in tables.items()}

    return deliver(landing, PLATFORM, write)


def _files(data: Path) -> tuple[Path, Path | None]:
    if not data.is_dir():
        raise UserError(f"{data} is not a folder: {_REMEDY}")
    found = sorted(path for path in data.iterdir() if path.name.endswith(ENDINGS))
    meta = [path for path in found if path.name.startswith(META)]
    reviews = [path for path in found if path not in meta]
    if len(reviews) != 1 or len(meta) > 1:
        raise UserError(f"{data} holds {len(reviews)} files of reviews and {len(meta)} of descriptions: {_REMEDY}")
    return reviews[0], next(iter(meta), None)


def _reviews(file: Path) -> Iterator[Record]:
    for number, record in enumerate(_records(file), 1):
        # Reviews without a text lack the field in some layouts; ingest judges that.
        if missing := [name for name in REVIEW if record.get(name) is None and name != "reviewText"]:
            raise UserError(f"{file}: record {number} lacks {', '.join(missing)}: it is no file of Amazon reviews")
        try:
            datetime.fromtimestamp(float(record["unixReviewTime"]), UTC)
        except (TypeError, ValueError, OverflowError, OSError):
            said = record["unixReviewTime"]
            raise UserError(
                f"{file}: record {number} has unixReviewTime {said!r}, which is no number of seconds since 1970"
            ) from None
        yield record


def _records(file: Path) -> Iterator[Record]:
    try:
        with _open(file) as lines:
            if ".csv" in file.suffixes:
                yield from csv.DictReader(lines)
                return
            for number, line in enumerate(lines, 1):
                try:
                    record = json.loads(line)
                except ValueError as error:
                    raise UserError(f"{file}: line {number} is no JSON ({error}): fetch the file again") from None
                if not isinstance(record, dict):
                    raise UserError(f"{file}: line {number} is no JSON object: fetch the file again")
                yield record
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise UserError(f"{file} cannot be read ({error}): fetch it again") from None


def _open(file: Path) -> IO[str]:
    return gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8", newline="")


def _id(review: Record) -> str:
    return f"{review['reviewerID']}-{review['asin']}-{review['unixReviewTime']}"


def _times(reviews: list[Record]) -> pa.Array:
    seconds = pa.array([int(float(review["unixReviewTime"])) for review in reviews], pa.int64())
    return seconds.cast(pa.timestamp("s", "UTC")).cast(pa.timestamp("us", "UTC"))


def _products(reviews: list[Record], described: Mapping[str, Record]) -> pa.Table:
    ids = list(dict.fromkeys(str(review["asin"]) for review in reviews))
    meta = [described.get(product, {}) for product in ids]
    return pa.table(
        {
            "product_id": ids,
            "title": [_text(record.get("title")) or product for product, record in zip(ids, meta, strict=True)],
            "description": pa.array([_text(record.get("description")) for record in meta], pa.string()),
            "brand": pa.array([_text(record.get("brand")) for record in meta], pa.string()),
        }
    )


def _text(value: object) -> str | None:
    """Descriptions are a text in one layout and a list of them in the other."""
    said = " ".join(map(str, value)) if isinstance(value, list) else str(value or "")
    return said.strip() or None


def _said(review: Record) -> str:
    """The headline of a review, where it has one, and its text."""
    parts = (str(review.get(name) or "").strip() for name in ("summary", "reviewText"))
    return ". ".join(part for part in parts if part)


def _interactions(reviews: list[Record]) -> pa.Table:
    return pa.table(
        {
            "event_id": [_id(review) for review in reviews],
            "user_id": [str(review["reviewerID"]) for review in reviews],
            "product_id": [str(review["asin"]) for review in reviews],
            "event_type": [EventType.PURCHASE.value] * len(reviews),
            "event_ts": _times(reviews),
        }
    )


def _comments(reviews: list[Record]) -> pa.Table:
    return pa.table(
        {
            "comment_id": [_id(review) for review in reviews],
            "user_id": [str(review["reviewerID"]) for review in reviews],
            "product_id": [str(review["asin"]) for review in reviews],
            "text": [_said(review) for review in reviews],
            "created_ts": _times(reviews),
            "rating": pa.array([str(review["overall"]) for review in reviews], pa.string()),
        }
    )
