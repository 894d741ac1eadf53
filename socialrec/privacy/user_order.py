"""Order of users that depends on their data and not on their pseudonyms.

Pseudonyms come from a random key of the home. Everything that depends on the order or the value of users (samples,
splits, tie-breaks, communities) uses this order instead, so that the same rows give the same results in every home.

A user's number is a sum over the user's own rows, so the order of rows does not matter, and other users' rows do not
change it. Users with the same rows ("twins") are distinguished by their ties: by colour refinement (Weisfeiler and
Leman, "The reduction of a graph to canonical form", 1968) over both directions of the ties. Remaining twins are ordered
by pseudonym, because nothing else distinguishes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.lake.row_hashes import Hashes, mixed, row_hashes

USER, NEIGHBOUR = "user_key", "neighbour_key"
HAPPENED = pc.field("quantity") > 0
"""Columns of silver.interactions; a row of quantity 0 is no event, and not learned from."""
INTERACTION_PARTS = ("product_id", "event_type", "event_ts", "quantity", "platform")
COMMENT_PARTS = ("product_id", "text_hash", "rating", "created_ts")
AFFINITY_PARTS = ("product_id", "affinity_micros", "last_event_ts")
PROFILE_PARTS = ("platform",)
TIE_PARTS = ("is_follow", "is_mutual", "replies_micros", "since_ts", "last_reply_ts")
MAX_ROUNDS = 16
"""Most steps along ties to distinguish twins; the refinement ends earlier where a step distinguishes no more."""

Rows = tuple[pa.Table, Sequence[str]]
"""Table with `user_key`, and the columns of it that count; missing columns are left out."""


@dataclass(frozen=True)
class NamedTables:
    """Silver's interactions and comments and gold's ties: users by name, rows in an order that depends on content."""

    interactions: pa.Table
    comments: pa.Table
    ties: pa.Table

    @classmethod
    def of(cls, interactions: pa.Table, comments: pa.Table, ties: pa.Table) -> Self:
        """Name the users of these tables; every reader must read the same columns, or names differ."""
        order = order_users([(interactions, INTERACTION_PARTS), (comments, COMMENT_PARTS)], ties)
        return cls(
            in_order(order.renamed(interactions), INTERACTION_PARTS),
            in_order(order.renamed(comments), COMMENT_PARTS),
            in_order(order.renamed(ties), (NEIGHBOUR,)),
        )


@dataclass(frozen=True)
class UserOrder:
    """Users in order.

    keys: pseudonyms (n_users,). hashes: uint64 (n_users,), ascending, of what each has done. twins: int64 (n_users,),
    each user's place among those with the same hash, from 0.
    """

    keys: pa.Array
    hashes: Hashes
    twins: npt.NDArray[np.int64]

    @cached_property
    def names(self) -> pa.Array:
        """Names of users that do not depend on pseudonyms, strings (n_users,), ascending and distinct."""
        pairs = zip(self.hashes.tolist(), self.twins.tolist(), strict=True)
        return pa.array([f"{number:016x}{twin:08x}" for number, twin in pairs], pa.string())

    def renamed(self, rows: pa.Table) -> pa.Table:
        """Replace pseudonyms by names, in every column that has them."""
        for column in (USER, NEIGHBOUR):
            if column in rows.column_names:
                places = pc.index_in(rows[column], value_set=self.keys)
                names = self.names.take(places.combine_chunks())
                rows = rows.set_column(rows.schema.get_field_index(column), column, names)
        return rows


def order_users(own: Sequence[Rows], ties: pa.Table) -> UserOrder:
    """Order all users of these tables. ties: `user_key`, `neighbour_key` and any of TIE_PARTS."""
    keys = _distinct([*(rows[USER] for rows, _ in own), ties[USER], ties[NEIGHBOUR]])
    return order_by_hashes(keys, own_hashes(own, keys), TieHashes.of(ties, keys))


def own_hashes(own: Sequence[Rows], keys: pa.Array) -> Hashes:
    """Hash each of these users' own rows, uint64 (n_keys,); all of a user's rows must be in the tables."""
    hashes = np.zeros(len(keys), dtype=np.uint64)
    for rows, parts in own:
        hashes = mixed(hashes, _sums(_places(rows[USER], keys), row_hashes(rows, _present(rows, parts)), len(keys)))
    return hashes


@dataclass(frozen=True)
class TieHashes:
    """Ties as numbers: places of both users among the keys, int64 (n,) each, and a hash of what each tie is."""

    users: npt.NDArray[np.int64]
    neighbours: npt.NDArray[np.int64]
    parts: Hashes

    @classmethod
    def of(cls, ties: pa.Table, keys: pa.Array) -> Self:
        """Read them from `user_key`, `neighbour_key` and any of TIE_PARTS."""
        parts = row_hashes(ties, _present(ties, TIE_PARTS))
        return cls(_places(ties[USER], keys), _places(ties[NEIGHBOUR], keys), parts)


def order_by_hashes(keys: pa.Array, hashes: Hashes, ties: TieHashes) -> UserOrder:
    """Order users, sorted by key, by the hashes of their own rows."""
    refined = _refined(hashes, ties)
    # Stable: users that are equal in everything stay in the order of pseudonyms.
    order = np.lexsort((refined, hashes))
    hashes = hashes[order]
    return UserOrder(keys.take(pa.array(order)), hashes, np.arange(len(keys)) - np.searchsorted(hashes, hashes))


def in_order(rows: pa.Table, parts: Sequence[str]) -> pa.Table:
    """Rename users in the rows, and sort by these columns, as far as the table has them."""
    return rows.take(pa.array(np.argsort(row_hashes(rows, _present(rows, (USER, *parts))), kind="stable")))


def _refined(hashes: Hashes, ties: TieHashes) -> Hashes:
    """Mix the hashes of tied users into each user's hash, as long as that distinguishes more twins."""
    refined, n_classes = hashes, len(np.unique(hashes))
    if n_classes == len(hashes) or not len(ties.users):
        return refined
    for _ in range(MAX_ROUNDS):
        outward = _sums(ties.users, mixed(refined[ties.neighbours], ties.parts), len(hashes))
        inward = _sums(ties.neighbours, mixed(refined[ties.users], ties.parts), len(hashes))
        refined, before = mixed(mixed(refined, outward), inward), n_classes
        n_classes = len(np.unique(refined))
        if n_classes == before:
            break
    return refined


def _sums(places: npt.NDArray[np.int64], hashes: Hashes, n_users: int) -> Hashes:
    """Sum the hashes of each user's rows, wrapping, uint64 (n_users,)."""
    sums = np.zeros(n_users, dtype=np.uint64)
    np.add.at(sums, places, hashes)
    return sums


def _places(users: pa.ChunkedArray, keys: pa.Array) -> npt.NDArray[np.int64]:
    places: npt.NDArray[np.int64] = pc.index_in(users, value_set=keys).to_numpy().astype(np.int64)
    return places


def _present(rows: pa.Table, parts: Sequence[str]) -> list[str]:
    return [part for part in parts if part in rows.column_names]


def _distinct(columns: Sequence[pa.ChunkedArray]) -> pa.Array:
    chunks = [chunk.cast(pa.string()) for column in columns for chunk in column.chunks]
    distinct = pc.unique(pa.chunked_array(chunks, type=pa.string()))
    return distinct.take(pc.sort_indices(distinct))
