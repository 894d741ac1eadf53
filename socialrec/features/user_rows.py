"""Rows of gold.user_features, from the rows of some users; `user_matrices` reads them back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from socialrec.contracts.gold import USER_FEATURES
from socialrec.contracts.vocabulary import Stance
from socialrec.features.aspects import favourable_aspects
from socialrec.features.opinions import favourable, stances, texts_by_user
from socialrec.features.product_features import ProductFeatures
from socialrec.features.texts import TextVectors
from socialrec.features.user_features import UserFeatures
from socialrec.lake.schemas import arrow_schema
from socialrec.settings import Settings
from socialrec.vectors.arrays import F32, Csr, Indices, positions, vocabulary

NAMING = ("name", "community", "platform", "ds")
"""Columns that come from all users together, or from the night."""


@dataclass(frozen=True)
class UserParts:
    """Rows of some users, whole: of gold.user_product_affinity, of comments with what is predicted of each, parts of
    ties (see `tie_parts`), and vectors of the comments' texts.
    """

    affinities: pa.Table
    comments: pa.Table
    ties: pa.Table
    texts: TextVectors


def user_rows(parts: UserParts, users: pa.Array, products: ProductFeatures, settings: Settings) -> pa.Table:
    """Make rows of gold.user_features of these users without the columns of `NAMING`, in the order of the users."""
    neighbours = vocabulary(parts.ties["neighbour_key"])
    side = UserFeatures.of(
        parts.affinities,
        parts.comments,
        parts.ties,
        parts.texts,
        users=users,
        neighbours=neighbours,
        products=products,
        settings=settings,
    )
    praise, labels = favourable(parts.comments)
    columns = {
        "user_key": users,
        "products": _products(side, parts, users, products.products),
        "ties": _ties(side.ties, parts.ties, users, neighbours),
        "words": _filled_rows(side.words),
        "cares": structs_of(side.cares, {"aspect": products.aspects}, "share"),
        "praise": texts_by_user(pa.concat_tables([praise, labels]), users),
        "liked_aspects": favourable_aspects(parts.comments, users),
    }
    schema = [field for field in arrow_schema(USER_FEATURES) if field.name not in NAMING]
    return pa.table([columns[field.name].cast(field.type) for field in schema], schema=pa.schema(schema))


def structs_of(matrix: Csr, names: dict[str, pa.Array], value: str) -> pa.Array:
    """Make a list of structs of each row's cells: the names of the column, and its value."""
    matrix.sort_indices()
    columns = pa.array(matrix.indices)
    fields = {name: values.take(columns) for name, values in names.items()} | {value: pa.array(matrix.data)}
    return _lists(matrix.indptr, fields)


def _lists(ends: npt.NDArray[Any], fields: dict[str, pa.Array]) -> pa.Array:
    structs = pa.StructArray.from_arrays(list(fields.values()), names=list(fields))
    return pa.ListArray.from_arrays(pa.array(ends.astype(np.int32)), structs)


def _filled_rows(rows: F32) -> pa.Array:
    """Rows as lists; rows of zeros as empty ones."""
    filled = rows.any(axis=1)
    ends = np.concatenate([[0], np.cumsum(filled * rows.shape[1])]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(rows[filled].ravel()))


def _products(side: UserFeatures, parts: UserParts, users: pa.Array, products: pa.Array) -> pa.Array:
    """Products of each user with all that is known of the pair, by id."""
    width = len(products)

    def cells(rows: pa.Table) -> Indices:
        row, column = positions(rows["user_key"], users), positions(rows["product_id"], products)
        return np.where((row >= 0) & (column >= 0), row * width + column, -1)

    met, pairs = cells(parts.affinities), stances(parts.affinities, parts.comments)
    is_fan, place = pairs["is_fan"].to_numpy(zero_copy_only=False), cells(pairs)
    known = np.unique(np.concatenate([met, _cells(side.opinions)]))
    known = known[known >= 0]
    stance = np.full(len(known), Stance.NONE.value, dtype=object)
    for kind, flags in ((Stance.FAN, is_fan), (Stance.ONLOOKER, ~is_fan)):
        stance[np.isin(known, place[flags])] = kind.value
    fields = {
        "product_id": products.take(pa.array(known % max(width, 1))),
        "is_met": pa.array(np.isin(known, met)),
        "affinity": pa.array(_values(side.affinity, known)),
        "recency": pa.array(_values(side.recency, known).astype(np.int32)),
        "opinion": pa.array(_values(side.opinions, known)),
        "stance": pa.array(stance, pa.string()),
    }
    ends = np.searchsorted(known, np.arange(len(users) + 1) * width)
    return _lists(ends, fields)


def _ties(shares: Csr, parts: pa.Table, users: pa.Array, neighbours: pa.Array) -> pa.Array:
    width, followed = len(neighbours), parts.filter(parts["is_follow"])

    def cells(rows: pa.Table) -> Indices:
        return positions(rows["user_key"], users) * width + positions(rows["neighbour_key"], neighbours)

    follows = cells(followed)
    known = np.unique(np.concatenate([_cells(shares), follows]))
    fields = {
        "neighbour_key": neighbours.take(pa.array(known % max(width, 1))),
        "share": pa.array(_values(shares, known)),
        "is_follow": pa.array(np.isin(known, follows)),
    }
    return _lists(np.searchsorted(known, np.arange(len(users) + 1) * width), fields)


def _cells(matrix: Csr) -> Indices:
    """Number of each cell, row by row, int64 (nnz,), ascending."""
    matrix.sort_indices()
    rows = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
    cells: Indices = rows * matrix.shape[1] + matrix.indices
    return cells


def _values(matrix: Csr, cells: Indices) -> F32:
    """Values of these cells, float32 (n,); 0 where there is none."""
    own = _cells(matrix)
    place = np.minimum(np.searchsorted(own, cells), max(len(own) - 1, 0))
    found = np.zeros(len(cells), dtype=np.float32)
    if len(own):
        found[:] = np.where(own[place] == cells, matrix.data[place], np.float32(0.0))
    return found
