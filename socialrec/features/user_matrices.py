"""Matrices of some users, from rows of gold.user_features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.vocabulary import Stance
from socialrec.vectors.arrays import F32, Csr, Indices, csr, positions


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
