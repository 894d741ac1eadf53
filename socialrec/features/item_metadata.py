"""Metadata of the products that a model knows: on offer or not, category, age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.features.evidence import DAY_SECONDS, MICROS
from socialrec.vectors.arrays import ABSENT, F32, Flags, Indices, positions, vocabulary

TIME = pa.timestamp("us", "UTC")


def offered(products: pa.Table, names: pa.Array) -> Flags:
    """Check if each product may be recommended, bool (n_names,); products that the shop lacks are not on offer."""
    active = np.zeros(len(names), dtype=np.bool_)
    rows = positions(products["product_id"].filter(products["is_active"]), names)
    active[rows[rows != ABSENT]] = True
    return active


def numbered(kinds: pa.Array) -> Indices:
    """Number each product's kind, int64 (n_products,), in order of their names; ABSENT without one."""
    return positions(kinds, vocabulary(pa.chunked_array([kinds.drop_null()])))


def small_sellers(brand: Indices, likes: npt.NDArray[Any], share: float) -> Flags:
    """Check if each product is of a small seller, bool (n_products,); the shop names a product's seller as its brand.

    brand: int64 (n_products,), ABSENT without one: of no seller. likes: (n_products,), users who like each product.
    Small are the brands with the fewest likes that together have at most this share of those of all brands.
    """
    known = brand != ABSENT
    of_brand = np.bincount(brand[known], weights=likes[known])
    order = np.argsort(of_brand, kind="stable")
    is_small = np.zeros(len(of_brand) + 1, dtype=np.bool_)
    is_small[order[np.cumsum(of_brand[order]) <= share * of_brand.sum()]] = True
    small: Flags = known & is_small[brand]
    return small


def first_seen_since(products: pa.Table, names: pa.Array, ds: str, days: float) -> Flags:
    """Check if each product landed first at most `days` days before day `ds`, bool (n_names,)."""
    earliest = (datetime.fromisoformat(ds) - timedelta(days=days)).date().isoformat()
    recent = np.zeros(len(names), dtype=np.bool_)
    rows = positions(products["product_id"].filter(pc.greater_equal(products["first_seen_ds"], earliest)), names)
    recent[rows[rows != ABSENT]] = True
    return recent


def ages_in_days(products: pa.Table, names: pa.Array, ds: str) -> F32:
    """Compute days from each product's newest description or first appearance to the end of day `ds`, float32
    (n_names,).

    Products that the shop lacks are 0 days old.
    """
    first_seen = pc.cast(pc.cast(pc.cast(products["first_seen_ds"], pa.date32()), TIME), pa.int64())
    newest = pc.max_element_wise(pc.cast(pc.cast(products["updated_ts"], TIME), pa.int64()), first_seen)
    end = (datetime.fromisoformat(ds).replace(tzinfo=UTC) + timedelta(days=1)).timestamp()
    rows, ages = positions(products["product_id"], names), np.zeros(len(names), dtype=np.float32)
    days = np.maximum(end - newest.to_numpy(zero_copy_only=False) / MICROS, 0.0) / DAY_SECONDS
    ages[rows[rows != ABSENT]] = days[rows != ABSENT]
    return ages
