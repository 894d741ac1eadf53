"""Sums over users by product: of those who like it, and of what is said about it.

The sums of disjoint users add up exactly and in any order, so that partitions of users give what all of them together
give, bit by bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.features.aspects import said_of_aspects
from socialrec.features.evidence import trend_weights
from socialrec.features.texts import TextVectors
from socialrec.vectors.arrays import Indices, positions

F64 = npt.NDArray[np.float64]
HOUR = 3_600_000_000
"""Microseconds: likes of one hour are equally new."""
SUMS_SCHEMA = pa.schema(
    {
        "product_id": pa.string(),
        "n_likes": pa.int64(),
        "n_met": pa.int64(),
        "trend": pa.float64(),
        "n_said": pa.int64(),
        "said": pa.list_(pa.float64()),
        "praise": pa.list_(pa.struct({"aspect": pa.string(), "sum": pa.float64(), "n": pa.float64()})),
    }
)


@dataclass(frozen=True)
class Hours:
    """Hours with likes: their starts, int64 (n,) ascending, and the weight of a like of each, float64 (n,)."""

    starts: Indices
    weights: F64

    @classmethod
    def of(cls, starts: Indices, counts: Indices, share: float) -> Self:
        """Weigh hours by their numbers of likes, int64 (n,) each; see `trend_weights`."""
        order = np.argsort(starts)
        return cls(starts[order], trend_weights(counts[order], share))

    @classmethod
    def of_likes(cls, affinities: pa.Table, share: float) -> Self:
        """Weigh the hours of all likes."""
        starts, counts = np.unique(hours_of(affinities)[0], return_counts=True)
        return cls.of(starts, counts, share)

    def weigh(self, starts: Indices) -> F64:
        """Weights of these hours, float64 (n,)."""
        return self.weights[np.searchsorted(self.starts, starts)]


def hours_of(affinities: pa.Table) -> tuple[Indices, pa.Table]:
    """Hour of the newest event of each liked pair with a time, int64 (n,), and those rows."""
    dated = affinities.filter((pc.field("affinity_micros") > 0) & pc.field("last_event_ts").is_valid())
    times = dated["last_event_ts"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
    return times // HOUR, dated


@dataclass(frozen=True)
class ProductSums:
    """Sums by product of some users.

    products: ids (n_products,). n_likes, n_met: int64 (n_products,), users with positive affinity, and with any event.
    trend: float64 (n_products,), likes weighed by their hour. said: float64 (n_products, dim), sum of the vectors of
    comments, and n_said: int64 (n_products,), their number. praise: by aspect the sum of what comments say of it, and
    the number that say something, float64 (2, n_products).
    """

    products: pa.Array
    n_likes: Indices
    n_met: Indices
    trend: F64
    said: F64
    n_said: Indices
    praise: dict[str, F64]

    @classmethod
    def of(cls, affinities: pa.Table, comments: pa.Table, texts: TextVectors, products: pa.Array, hours: Hours) -> Self:
        """Sum over these rows; what concerns other products is left out."""
        liked = affinities.filter(pc.field("affinity_micros") > 0)
        starts, dated = hours_of(affinities)
        said, n_said = texts.sums(comments, "product_id", products)
        return cls(
            products,
            _counts(liked["product_id"], products),
            _counts(affinities["product_id"], products),
            _sums(dated["product_id"], hours.weigh(starts), products),
            said,
            n_said,
            said_of_aspects(comments, products),
        )

    @classmethod
    def nothing(cls, products: pa.Array, dim: int) -> Self:
        """Sums over no users."""
        zeros = np.zeros(len(products), dtype=np.int64)
        return cls(products, zeros, zeros, np.zeros(len(products)), np.zeros((len(products), dim)), zeros, {})

    def rows(self) -> pa.Table:
        """One row a product of which anything is known, by `SUMS_SCHEMA`."""
        chosen = np.flatnonzero(self.n_met + self.n_said + sum(counts for _, counts in self.praise.values()))
        said = pa.FixedSizeListArray.from_arrays(pa.array(self.said[chosen].ravel()), self.said.shape[1])
        praise = [
            [(name, *sums[:, at].tolist()) for name, sums in self.praise.items() if sums[1, at]]
            for at in chosen.tolist()
        ]
        columns = {name: pa.array(getattr(self, name)[chosen]) for name in ("n_likes", "n_met", "trend", "n_said")}
        columns |= {"product_id": self.products.take(pa.array(chosen)), "said": said.cast(pa.list_(pa.float64()))}
        columns |= {"praise": pa.array(praise, SUMS_SCHEMA.field("praise").type)}
        return pa.table(columns).select(SUMS_SCHEMA.names).cast(SUMS_SCHEMA)

    @classmethod
    def of_rows(cls, rows: pa.Table, products: pa.Array, dim: int) -> Self:
        """Read what `rows` made of the users of one part."""
        place, n = positions(rows["product_id"], products), len(products)
        numbers = {
            name: np.zeros(n, rows[name].type.to_pandas_dtype()) for name in ("n_likes", "n_met", "trend", "n_said")
        }
        for name, values in numbers.items():
            values[place] = rows[name].to_numpy()
        said, praise = np.zeros((n, dim)), dict[str, F64]()
        said[place] = rows["said"].combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(-1, dim)
        for at, named in zip(place.tolist(), rows["praise"].to_pylist(), strict=True):
            for each in named:
                praise.setdefault(each["aspect"], np.zeros((2, n)))[:, at] = each["sum"], each["n"]
        return cls(products, said=said, praise=praise, **numbers)

    def __add__(self, other: Self) -> Self:
        """Sums over the users of both, of the same products."""
        nothing = np.zeros((2, len(self.products)))
        praise = {
            aspect: self.praise.get(aspect, nothing) + other.praise.get(aspect, nothing)
            for aspect in (self.praise | other.praise)
        }
        return type(self)(
            self.products,
            self.n_likes + other.n_likes,
            self.n_met + other.n_met,
            self.trend + other.trend,
            self.said + other.said,
            self.n_said + other.n_said,
            praise,
        )

    def means_said(self) -> F64:
        """Mean vector of the comments on each product, float64 (n_products, dim)."""
        return self.said / np.maximum(self.n_said, 1)[:, None]


def _counts(ids: pa.ChunkedArray, products: pa.Array) -> Indices:
    """Rows of each product, int64 (n_products,)."""
    return _sums(ids, np.ones(len(ids)), products).astype(np.int64)


def _sums(ids: pa.ChunkedArray, values: F64, products: pa.Array) -> F64:
    """Sum of the values of each product's rows, float64 (n_products,)."""
    return np.bincount(positions(ids, products) + 1, values, len(products) + 1)[1:].astype(np.float64)
