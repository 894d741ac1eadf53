"""Rows of gold.user_features, from the rows of some users and back to matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.gold import USER_FEATURES
from socialrec.contracts.vocabulary import Stance
from socialrec.features.aspects import favourable_aspects
from socialrec.features.praise import favourable, texts_by_user
from socialrec.features.product_features import ProductFeatures
from socialrec.features.stances import stances
from socialrec.features.texts import TextVectors
from socialrec.features.user_features import UserFeatures
from socialrec.lake.schemas import arrow_schema
from socialrec.settings import Settings
from socialrec.vectors.arrays import F32, Csr, Indices, csr, positions, vocabulary

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


@dataclass(frozen=True)
class UserMatrices:
    """Matrices of rows of gold.user_features, n users over these users and products.

    affinity, recency, opinions, seen, returned, fans, onlookers: csr float32 (n, n_products). ties, follows: csr (n,
    n); ties to users without a row are left out. words: float32 (n, dim). cares: float32 (n, n_aspects). praise:
    list<string> (n,), and praised: list<int64>, the product of each; aspects: list<int64> (n,), aspects that a user
    spoke well of, and aspect_quotes: list<string>, a sentence about each.
    """

    affinity: Csr
    recency: Csr
    opinions: Csr
    seen: Csr
    returned: Csr
    fans: Csr
    onlookers: Csr
    ties: Csr
    follows: Csr
    words: F32
    cares: F32
    praise: pa.Array
    praised: pa.Array
    aspects: pa.Array
    aspect_quotes: pa.Array


def matrices_of(rows: pa.Table, products: pa.Array, aspects: pa.Array, dim: int) -> UserMatrices:
    """Read the matrices of these rows, in their order."""
    n, users = rows.num_rows, rows["user_key"].combine_chunks()
    owner, pairs = _flat(rows["products"])
    column, shape = positions(pairs["product_id"], products), (n, len(products))
    affinity, stance = pairs["affinity"].to_numpy(zero_copy_only=False), pairs["stance"]
    is_met = pairs["is_met"].to_numpy(zero_copy_only=False)

    def of_pairs(values: npt.NDArray[Any]) -> Csr:
        found = csr(np.asarray(values), owner, column, shape)
        found.eliminate_zeros()
        return found

    def holding(kind: Stance) -> Csr:
        return of_pairs(pc.equal(stance, kind.value).to_numpy(zero_copy_only=False))

    tied, ties = _flat(rows["ties"])
    neighbour = positions(ties["neighbour_key"], users)
    of_ties = (
        csr(ties[name].to_numpy(zero_copy_only=False), tied, neighbour, (n, n)) for name in ("share", "is_follow")
    )
    shares, follows = of_ties
    for matrix in (shares, follows):
        matrix.eliminate_zeros()
    caring, cares = _flat(rows["cares"])
    aspect = positions(cares["aspect"], aspects)
    said, liked = (rows[name].combine_chunks() for name in ("praise", "liked_aspects"))
    known = _kept(liked, pc.is_in(liked.flatten().field("aspect"), value_set=aspects))
    return UserMatrices(
        affinity=of_pairs(affinity),
        recency=of_pairs(pairs["recency"].to_numpy(zero_copy_only=False)),
        opinions=of_pairs(pairs["opinion"].to_numpy(zero_copy_only=False)),
        seen=of_pairs(is_met),
        returned=of_pairs(is_met & (affinity == 0)),
        fans=holding(Stance.FAN),
        onlookers=holding(Stance.ONLOOKER),
        ties=shares,
        follows=follows,
        words=_dense(rows["words"], dim),
        cares=csr(cares["share"].to_numpy(zero_copy_only=False), caring, aspect, (n, len(aspects))).toarray(),
        praise=_field(said, "text"),
        praised=_numbered(said, "product_id", products),
        aspects=_numbered(known, "aspect", aspects),
        aspect_quotes=_field(known, "quote"),
    )


def _field(lists: pa.ListArray, name: str) -> pa.Array:
    """One field of lists of structs."""
    values = lists.flatten().field(name)
    ends = np.concatenate([[0], np.cumsum(pc.list_value_length(lists).to_numpy(zero_copy_only=False))])
    return pa.ListArray.from_arrays(pa.array(ends.astype(np.int32)), values)


def _numbered(lists: pa.ListArray, name: str, names: pa.Array) -> pa.Array:
    """One field of lists of structs by its place among the names, ABSENT where it is not there."""
    values = _field(lists, name)
    return pa.ListArray.from_arrays(values.offsets, pa.array(positions(values.values, names)))


def _kept(lists: pa.ListArray, stays: pa.Array) -> pa.ListArray:
    """Lists with only those values that stay."""
    values, kept = lists.flatten(), np.asarray(stays.to_numpy(zero_copy_only=False), dtype=np.bool_)
    starts = np.concatenate([[0], np.cumsum(pc.list_value_length(lists).to_numpy(zero_copy_only=False))])
    ends = np.concatenate([[0], np.cumsum(kept)])[starts.astype(np.int64)]
    return pa.ListArray.from_arrays(pa.array(ends.astype(np.int32)), values.filter(stays))


def _flat(lists: pa.ChunkedArray) -> tuple[Indices, dict[str, pa.Array]]:
    """Row of each struct of a column of lists, int64 (n,), and their fields."""
    whole = lists.combine_chunks()
    owner, structs = pc.list_parent_indices(whole).to_numpy().astype(np.int64), whole.flatten()
    return owner, {field.name: structs.field(field.name) for field in structs.type}


def _dense(lists: pa.ChunkedArray, dim: int) -> F32:
    """Rows of a column of vectors, float32 (n, dim); empty ones as zeros."""
    whole = lists.combine_chunks()
    filled = pc.list_value_length(whole).to_numpy(zero_copy_only=False) > 0
    dense = np.zeros((len(whole), dim), dtype=np.float32)
    dense[filled] = whole.flatten().to_numpy(zero_copy_only=False).reshape(-1, dim)
    return dense
