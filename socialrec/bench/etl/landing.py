"""Generated landing days to measure the ETL on: seeded, built column by column, with every kind of fault."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.vocabulary import Entity, EventType
from socialrec.sources.landing import write_day

PLATFORM = "bench"
FIRST_DAY = date(2026, 1, 1)
DELIVERED = (Entity.PRODUCTS, Entity.INTERACTIONS, Entity.COMMENTS, Entity.FOLLOWS)
"""Entities that the benchmark delivers."""
_SEED = 20260103
_N_DAYS = 10
_DAY_MICROS = 86_400_000_000
_DUPLICATE, _BROKEN, _LATE, _CONFLICT, _PERSONAL = 0.03, 0.01, 0.01, 0.0005, 0.01
_CONTACTS = (
    "(write to ann@shop.example)",
    "call 030 1234567 or +44 20 7946 0958",
    "4111 1111 1111 1111",
    "order 4711 0815 4711 0815",
    "at 12 Abbey Road, London NW8 9AY",
)
_PHRASES = (
    (
        "I love the",
        "Not sure about the",
        "This is the",
        "They sent me a",
        "My friend has it",
        "Das ist ein",
        "C'est un",
    ),
    ("<b>colour</b>", "battery", "fit &amp; finish", "sound", "fabric", "price", "packaging", "stitching", "lens"),
    ("and it was", "but it is", "which for me is", "und es ist", "mais il est", "so   far it has been"),
    ("great", "poor", "just as shown", "better than the old one", "broken on arrival", "worth it", "fine\tso far"),
)
_TOPICS = ("quality", "size", "delivery", "price", "service")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LandingSizes:
    """Records to land and how many users and products they are about."""

    interactions: int
    comments: int
    follows: int
    users: int
    products: int

    @classmethod
    def of(cls, scale: float) -> LandingSizes:
        """Scale 1 is 10 million interactions, 1 million comments and 5 million follows of 400,000 users."""
        return cls(*(max(20, round(n * scale)) for n in (10_000_000, 1_000_000, 5_000_000, 400_000, 50_000)))


def generate(landing: Path, sizes: LandingSizes) -> str:
    """Write landing days that hold these many records in all; returns the last day."""
    rng = np.random.default_rng(_SEED)
    makers: dict[Entity, tuple[int, Callable[[np.random.Generator, LandingSizes, int, Ints], pa.Table]]] = {
        Entity.INTERACTIONS: (sizes.interactions, _interactions),
        Entity.COMMENTS: (sizes.comments, _comments),
        Entity.FOLLOWS: (sizes.follows, _follows),
    }
    for place in range(_N_DAYS):
        ds = (FIRST_DAY + timedelta(days=place)).isoformat()
        for entity, (total, make) in makers.items():
            first, last = total * place // _N_DAYS, total * (place + 1) // _N_DAYS
            write_day(landing, PLATFORM, ds, entity, make(rng, sizes, place, np.arange(first, last)), form="parquet")
        described = np.arange(sizes.products) if place == 0 else rng.integers(0, sizes.products, sizes.products // 50)
        write_day(landing, PLATFORM, ds, Entity.PRODUCTS, _products(rng, place, described), form="parquet")
    return ds


def _interactions(rng: np.random.Generator, sizes: LandingSizes, place: int, numbers: Ints) -> pa.Table:
    n = len(numbers)
    kinds = rng.choice(len(EventType), n, p=(0.5, 0.2, 0.1, 0.05, 0.03, 0.06, 0.05, 0.01))
    kinds[rng.random(n) < _BROKEN] = len(EventType)
    return _with_copies(
        rng,
        pa.table(
            {
                "event_id": _ids("e", numbers),
                "user_id": _ids("u", _skewed(rng, sizes.users, n, 1.5)),
                "product_id": _ids("p", _skewed(rng, sizes.products, n, 1.5)),
                "event_type": _of([*map(str, EventType), "stare"], kinds),
                "event_ts": _times(rng, place, n),
                "quantity": pa.array(np.floor(1 + 3 * rng.random(n)), mask=rng.random(n) < 0.8),
            }
        ),
        conflict="product_id",
    )


def _comments(rng: np.random.Generator, sizes: LandingSizes, place: int, numbers: Ints) -> pa.Table:
    n = len(numbers)
    parents = rng.integers(0, numbers[-1] + 1, n)
    phrases = [_of(words, rng.integers(0, len(words), n)) for words in _PHRASES]
    said = pc.binary_join_element_wise(*phrases, _ids("item", rng.integers(0, sizes.comments, n)), " ")
    contacts = _of(_CONTACTS, rng.integers(0, len(_CONTACTS), n))
    said = pc.binary_join_element_wise(said, pc.if_else(pa.array(rng.random(n) < _PERSONAL), contacts, ""), " ")
    return _with_copies(
        rng,
        pa.table(
            {
                "comment_id": _ids("c", numbers),
                "user_id": _ids("u", _skewed(rng, sizes.users, n, 1.5)),
                "product_id": _ids("p", _skewed(rng, sizes.products, n, 1.5)),
                "text": pc.if_else(pa.array(rng.random(n) < _BROKEN), " ", said),
                "created_ts": _times(rng, place, n),
                "rating": pa.array(np.floor(1 + 5 * rng.random(n)), mask=rng.random(n) < 0.5),
                "topic": _of([*_TOPICS, None], rng.integers(0, len(_TOPICS) + 1, n)),
                "parent_comment_id": pc.if_else(pa.array(rng.random(n) < 0.3), _ids("c", parents), None),
            }
        ),
        conflict="product_id",
    )


def _follows(rng: np.random.Generator, sizes: LandingSizes, place: int, numbers: Ints) -> pa.Table:
    n = len(numbers)
    begun = _times(rng, place, n)
    return pa.table(
        {
            "follower_id": _ids("u", rng.integers(0, sizes.users, n)),
            "followee_id": _ids("u", _skewed(rng, sizes.users, n, 2.0)),
            "since_ts": begun,
            "until_ts": pc.if_else(pa.array(rng.random(n) < 0.05), pc.add(begun, pa.scalar(timedelta(days=3))), None),
        }
    )


def _products(rng: np.random.Generator, place: int, numbers: Ints) -> pa.Table:
    n = len(numbers)
    brands = _ids("Brand ", rng.integers(0, 200, n))
    return pa.table(
        {
            "product_id": _ids("p", numbers),
            "title": _ids("Item ", numbers),
            "description": pc.binary_join_element_wise("A <i>fine</i> thing by", brands, " "),
            "category": _ids("category ", numbers % 40),
            "brand": brands,
            "price_cents": pa.array(rng.integers(100, 100_000, n)),
            "currency": _of(["EUR", "USD"], numbers % 2),
            "is_active": pa.array(rng.random(n) < 0.95),
            "updated_ts": _times(rng, place, n),
            "images": pa.nulls(n, pa.list_(pa.string())),
        }
    )


def _with_copies(rng: np.random.Generator, table: pa.Table, conflict: str) -> pa.Table:
    """Repeat some records, and some ids with another value in one column."""
    n = len(table)
    twice = table.take(pa.array(rng.integers(0, n, round(n * _DUPLICATE))))
    other = table.take(pa.array(rng.integers(0, n, round(n * _CONFLICT))))
    place = table.column_names.index(conflict)
    other = other.set_column(place, conflict, pc.binary_join_element_wise(other[conflict], "x", ""))
    # Replace as many others, so that the number of records stays as requested.
    return pa.concat_tables([table.slice(0, n - len(twice) - len(other)), twice, other]).combine_chunks()


def _skewed(rng: np.random.Generator, n: int, size: int, exponent: float) -> Ints:
    return np.floor(n * rng.random(size) ** exponent).astype(np.int64)


def _times(rng: np.random.Generator, place: int, n: int) -> pa.Array:
    start = np.datetime64(FIRST_DAY + timedelta(days=place), "us").astype(np.int64)
    late = (rng.random(n) < _LATE) * _DAY_MICROS
    return pa.array(start - late + rng.integers(0, _DAY_MICROS, n), pa.timestamp("us", tz="UTC"))


def _ids(prefix: str, numbers: Ints) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pc.cast(pa.array(numbers), pa.string()), "")


def _of(values: Sequence[str | None], places: Ints) -> pa.Array:
    return pa.array(values).take(pa.array(places))
