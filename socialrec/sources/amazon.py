"""Amazon-style reviews (layouts of 2014, 2018 and 2023) as a landing day: a review is a purchase and a comment."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.columns import day
from socialrec.contracts.entities.spec import ID_CHARS
from socialrec.contracts.vocabulary import Entity, EventType
from socialrec.errors import UserError
from socialrec.sources.landing import Imported, deliver, write_day
from socialrec.sources.raw_files import epoch_micros, files_in, read_lines, to_table, whole_characters
from socialrec.sources.records import parse_record

PLATFORM = "amazon"
ENDINGS = (".json", ".jsonl", ".csv")
"""Endings of a file's name, before an optional `.gz`."""
META = "meta"
_REMEDY = (
    "name the folder with one file of reviews (.json, .jsonl or .csv, plain or .gz), and one file meta* beside it "
    "where there are descriptions"
)
_PRICE = re.compile(r"\$?\s*(\d[\d,]*)(\.\d+)?")
Record = Mapping[str, Any]


@dataclass(frozen=True)
class ReviewLayout:
    """Used fields of a review. The reviewer's name is personal, and not read.

    product: the first of these that a review has.
    """

    user: str
    product: tuple[str, ...]
    headline: str
    text: str
    rating: str
    time: str

    def lacks(self, review: Record) -> list[str]:
        """Names of needed fields that are absent."""
        needed = {self.user: [self.user], self.product[-1]: self.product, self.time: [self.time]}
        return [name for name, fields in needed.items() if not any(_text(review.get(field)) for field in fields)]


LAYOUTS = (
    ReviewLayout("reviewerID", ("asin",), "summary", "reviewText", "overall", "unixReviewTime"),
    ReviewLayout("user_id", ("parent_asin", "asin"), "title", "text", "rating", "timestamp"),
)
"""Layouts of 2014 and 2018, and of 2023."""

_REVIEW = pa.schema(
    [
        ("id", pa.string()),
        ("user", pa.string()),
        ("product", pa.string()),
        ("time", pa.int64()),
        ("text", pa.string()),
        ("rating", pa.string()),
    ]
)
_PRODUCT = pa.schema(
    [(name, pa.string()) for name in ("product_id", "title", "description", "category", "brand")]
    + [("price_cents", pa.int64()), ("currency", pa.string())]
)


def import_amazon(data: Path, landing: Path, ds: str) -> Imported:
    """Write the one file of reviews in `data` as landing day `ds`.

    The file has one record per line, as JSON or as Python's literals, or is a CSV with a header; plain or gzipped.
    Products are those with a review; `meta*` describes them where it is there, else the ASIN is the title. The same
    review delivered twice gets the same id, so that silver keeps it once; another one of the same user, product and
    time gets an id of its own. Earlier landed days are kept. Raises UserError naming the file and line of a fault.
    """
    ds = day(ds)
    reviews, meta = _files(data)

    def write(platform: str) -> Mapping[str, int]:
        read = to_table(_reviews(reviews), _REVIEW)
        if not read.num_rows:
            raise UserError(f"{reviews} holds no reviews: {_REMEDY}")
        tables = {
            Entity.PRODUCTS: _products(read["product"], meta),
            Entity.INTERACTIONS: _interactions(read),
            Entity.COMMENTS: _comments(read),
        }
        for entity, table in tables.items():
            write_day(landing, platform, ds, entity, table, form="parquet")
        return {entity.value: table.num_rows for entity, table in tables.items()}

    return deliver(landing, PLATFORM, write)


def _files(data: Path) -> tuple[Path, Path | None]:
    found = [path for path in files_in(data, _REMEDY) if path.name.lower().removesuffix(".gz").endswith(ENDINGS)]
    meta = [path for path in found if path.name.lower().startswith(META)]
    reviews = [path for path in found if path not in meta]
    if len(reviews) != 1 or len(meta) > 1:
        raise UserError(f"{data} holds {len(reviews)} files of reviews and {len(meta)} of descriptions: {_REMEDY}")
    return reviews[0], next(iter(meta), None)


def _reviews(file: Path) -> Iterator[tuple[object, ...]]:
    """Make rows of _REVIEW. Only the layout's fields of a review are kept, and a digest of the content of each id."""
    layout: ReviewLayout | None = None
    said: dict[str, list[bytes]] = {}
    for line, review in _records(file):
        layout = layout or min(LAYOUTS, key=lambda known: len(known.lacks(review)))
        if missing := layout.lacks(review):
            raise UserError(
                f"{file}: line {line} lacks {', '.join(missing)}: take the line out, or fetch a file of Amazon reviews"
            )
        user = _text(review[layout.user])
        product = next(filter(None, (_text(review.get(name)) for name in layout.product)))
        text = ". ".join(filter(None, (_text(review.get(name)) for name in (layout.headline, layout.text)))) or None
        rating = _text(review.get(layout.rating))
        key = f"{user}-{product}-{_text(review[layout.time])}"
        yield _own_id(key, f"{rating} {text}", said), user, product, _micros(file, line, layout, review), text, rating


def _own_id(key: str, content: str, said: dict[str, list[bytes]]) -> str:
    """Make an id from the key, with a running number where an earlier review of the same key has other content."""
    digest = blake2b(content.encode(), digest_size=8).digest()
    before = said.setdefault(key, [])
    if digest not in before:
        before.append(digest)
    number = before.index(digest) + 1
    return key if number == 1 else f"{key}#{number}"


def _micros(file: Path, line: int, layout: ReviewLayout, review: Record) -> int:
    held = review[layout.time]
    try:
        micros = epoch_micros(held)
    except ValueError:
        micros = None
    if micros is None:
        raise UserError(
            f"{file}: line {line} has {layout.time} {held!r}, which is no number of seconds or milliseconds since "
            "1970: correct it or take the line out"
        )
    return micros


def _records(file: Path) -> Iterator[tuple[int, Record]]:
    if file.name.lower().removesuffix(".gz").endswith(".csv"):
        yield from _csv_records(file)
        return
    for number, line in read_lines(file):
        if line.strip():
            yield number, parse_record(file, number, line)


def _csv_records(file: Path) -> Iterator[tuple[int, Record]]:
    # Blank lines stay, because within quotes they belong to a text.
    rows = csv.reader((f"{line}\n" for _, line in read_lines(file)), strict=True)
    header, start = list[str](), 1
    try:
        for row in rows:
            start, line = rows.line_num + 1, start
            if not row:
                continue
            if not header:
                header = [name.strip() for name in row]
                continue
            if len(row) != len(header):
                raise UserError(
                    f"{file}: the record at line {line} has {len(row)} values, the header {len(header)}: look for a "
                    "comma or a quotation mark too many"
                )
            yield line, dict(zip(header, row, strict=True))
    except csv.Error as error:
        raise UserError(
            f"{file}: the record at line {start} cannot be read ({error}): look for a quotation mark that is not closed"
        ) from None


def _interactions(reviews: pa.Table) -> pa.Table:
    return pa.table(
        {
            "event_id": reviews["id"],
            "user_id": reviews["user"],
            "product_id": reviews["product"],
            "event_type": pa.repeat(EventType.PURCHASE.value, reviews.num_rows),
            "event_ts": reviews["time"].cast(pa.timestamp("us", "UTC")),
        }
    )


def _comments(reviews: pa.Table) -> pa.Table:
    return pa.table(
        {
            "comment_id": reviews["id"],
            "user_id": reviews["user"],
            "product_id": reviews["product"],
            "text": reviews["text"],
            "created_ts": reviews["time"].cast(pa.timestamp("us", "UTC")),
            "rating": reviews["rating"],
        }
    )


def _products(reviewed: pa.ChunkedArray, meta: Path | None) -> pa.Table:
    ids = pc.unique(reviewed).to_pylist()
    described = dict[str, tuple[object, ...]]()
    if meta is not None:
        wanted = set(ids)
        described = {
            str(row[0]): row for row in map(_product, (record for _, record in _records(meta))) if row[0] in wanted
        }
    return to_table((described.get(product) or (product, product, *[None] * 5) for product in ids), _PRODUCT)


def _product(record: Record) -> tuple[object, ...]:
    """Make a row of _PRODUCT: 2014 nests categories in paths, 2018 and 2023 list one path; 2023 has stores for
    brands.
    """
    product = _text(record.get("parent_asin")) or _text(record.get("asin"))
    described = (_text(record.get(name)) for name in ("description", "features", "feature"))
    cents = _cents(record.get("price"))
    return (
        product,
        _text(record.get("title")) or product,
        " ".join(filter(None, described)) or None,
        _short(_leaf(record.get("categories") or record.get("category")) or _text(record.get("main_category"))),
        _short(_text(record.get("brand")) or _text(record.get("store"))),
        cents,
        None if cents is None else "USD",
    )


def _text(value: object) -> str | None:
    """Convert a value to text: lists are joined at any depth; None for absent values, NaN and structures."""
    if isinstance(value, list | tuple):
        return " ".join(filter(None, map(_text, value))) or None
    is_nan = isinstance(value, float) and math.isnan(value)
    if value is None or is_nan or isinstance(value, dict | set | bool | bytes):
        return None
    return whole_characters(str(value)).strip() or None


def _leaf(value: object) -> str | None:
    """Last category of the first path."""
    while isinstance(value, list | tuple) and value:
        value = value[0] if isinstance(value[0], list | tuple) else value[-1]
    return _text(value)


def _short(name: str | None) -> str | None:
    """Name, or None where it is longer than the contract allows: some files hold a page's source there."""
    return name if name and len(name) <= ID_CHARS else None


def _cents(value: object) -> int | None:
    """Parse US cents from a number or from a text such as "$1,299.50"; None for ranges and words."""
    found = _PRICE.fullmatch(_text(value) or "")
    if not found:
        return None
    return round(float(found[1].replace(",", "") + (found[2] or "")) * 100)
