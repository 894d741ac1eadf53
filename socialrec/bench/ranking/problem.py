"""One ranking benchmark as matrices: the pairs to learn from before validation and before test, and those held out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Self

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from socialrec.bench.ranking.pair_files import TIME
from socialrec.errors import UserError
from socialrec.features.communities import community_likes, find_communities
from socialrec.features.evidence import recency_of_times, scaled, trend_of_times
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.training.offline import HeldOut
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import ABSENT, F32, Csr, Flags, Indices, csr, positions, vocabulary

Window = Literal["validation", "test"]
VALIDATION_SHARE = 0.1
MIN_PAIRS_TO_HOLD_OUT = 3


@dataclass(frozen=True)
class SplitPairs:
    """Users and products as row numbers, with weights and their order (newest last), float64 and int64 (n,)."""

    users: Indices
    products: Indices
    weights: np.ndarray[tuple[int], np.dtype[np.float64]]
    order: Indices

    def __getitem__(self, chosen: Flags) -> SplitPairs:
        return SplitPairs(self.users[chosen], self.products[chosen], self.weights[chosen], self.order[chosen])

    def __add__(self, other: SplitPairs) -> SplitPairs:
        mine, theirs = vars(self).values(), vars(other).values()
        return SplitPairs(*(np.concatenate(both) for both in zip(mine, theirs, strict=True)))

    def matrix(self, shape: tuple[int, int]) -> Csr:
        """Weights, csr (n_users, n_products)."""
        return csr(self.weights, self.users, self.products, shape)


@dataclass(frozen=True)
class Problem:
    """Pairs of the three parts, ties csr (n_users, n_users) with rows adding up to 1, and text vectors by window.

    `text` gives the products' vectors (n_products, dim) that may be known before a window, and `opinions` what users
    think of products by then, csr (n_users, n_products), -1 to 1: those products are seen, liked or not. `refit` is
    True if the tested model also learns from the validation pairs, and `masks_validation` if these are left out of the
    tested lists. `ordered` is True if the pairs are in order of time.
    """

    users: pa.Array
    products: pa.Array
    train: SplitPairs
    validation: SplitPairs
    test: SplitPairs
    ties: Csr
    text: Callable[[Window], F32]
    opinions: Callable[[Window], Csr] | None = None
    refit: bool = True
    masks_validation: bool = True
    ordered: bool = True

    @classmethod
    def of_tables(
        cls,
        parts: tuple[pa.Table, pa.Table | None, pa.Table],
        social: pa.Table | None,
        text: TextOf,
        seed: int,
        *,
        ordered: bool = False,
    ) -> Self:
        """Build the problem from tables (user, item, weight, time) of train, validation and test, and (user, friend).

        Order counts as time where all pairs have one, or where `ordered` says that rows are oldest first.

        Without a validation table, a seeded tenth of each user's pairs is taken from train, at least one where the user
        has three. `text` makes the vectors for a catalogue. Raises UserError where train or test is empty.
        """
        train, validation, test = parts
        for name, part in (("train", train), ("test", test)):
            if part.num_rows == 0:
                raise UserError(f"the {name} file has no pairs")
        known = [part for part in parts if part is not None]
        products = vocabulary(*(part["item"] for part in known))
        friends = [social["user"], social["friend"]] if social is not None else []
        users = vocabulary(*(part["user"] for part in known), *friends)
        timed = all(TIME in part.column_names for part in known)
        first = _pairs(train, users, products, 0)
        if validation is None:
            held = hold_out(first.users, VALIDATION_SHARE, seed)
            first, second = first[~held], first[held]
        else:
            second = _pairs(validation, users, products, train.num_rows)
        third = _pairs(test, users, products, 0)
        ties = tie_shares(social, users)
        return cls(users, products, first, second, third, ties, text(products), ordered=ordered or timed)

    @property
    def shape(self) -> tuple[int, int]:
        """(n_users, n_products)."""
        return len(self.users), len(self.products)

    def data_at(self, window: Window) -> Callable[[RecommendSettings], FeatureSet]:
        """Training data before a window, under settings that say how affinities are made."""
        pairs = self.train + self.validation if window == "test" and self.refit else self.train
        weights = pairs.matrix(self.shape)
        newest = _newest(pairs, self.shape[1]) if self.ordered else (np.zeros(0, dtype=np.int64),) * 3
        unscaled = FeatureSet(
            users=self.users,
            products=self.products,
            affinity=weights,
            ties=self.ties,
            recency=recency_of_times(*newest, self.shape),
            trend=np.zeros(self.shape[1], dtype=np.float32),
            opinions=self._opinions(window),
            words=np.zeros((len(self.users), self.text(window).shape[1]), dtype=np.float32),
            cares=np.zeros((len(self.users), 1), dtype=np.float32),
            praise=np.zeros((len(self.products), 1), dtype=np.float32),
            communities=self.communities,
            community_likes=community_likes(self.communities, weights),
            category=np.full(self.shape[1], ABSENT, dtype=np.int64),
            text=self.text(window),
            looks=np.zeros((len(self.products), 0), dtype=np.float32),
            popularity=np.asarray((weights > 0).sum(axis=0), dtype=np.float32).ravel(),
        )
        times, _, products = newest

        def data(settings: RecommendSettings) -> FeatureSet:
            trend = trend_of_times(times, products, self.shape[1], settings.trend_half_life)
            return replace(unscaled, affinity=scaled(weights, settings.affinity_exponent), trend=trend)

        return data

    def held_out(self, window: Window) -> HeldOut:
        """Held-out users of a window; their earlier pairs are seen, whether or not the model learned from them."""
        before, held = (self.train, self.validation)
        if window == "test":
            before, held = self.train + self.validation if self.masks_validation else self.train, self.test
        seen, relevant = (sp.csr_matrix(pairs.matrix(self.shape) > 0, dtype=np.float32) for pairs in (before, held))
        seen = sp.csr_matrix(seen + abs(self._opinions(window)) > 0, dtype=np.float32)
        relevant = (relevant - relevant.multiply(seen)).tocsr()
        relevant.eliminate_zeros()
        rows = np.flatnonzero(np.diff(relevant.indptr)).astype(np.int64)
        if not len(rows):
            raise UserError(f"the {window} part has no pair that is new to its user: there is nothing to measure")
        return HeldOut(rows, seen[rows], relevant[rows])

    def _opinions(self, window: Window) -> Csr:
        return self.opinions(window) if self.opinions else sp.csr_matrix(self.shape, dtype=np.float32)

    def within(self, kept: Flags) -> Self:
        """Make the same problem in a shop that has only some of the products, bool (n_products,)."""
        number = np.cumsum(kept) - 1

        def pairs(part: SplitPairs) -> SplitPairs:
            inside = part[kept[part.products]]
            return replace(inside, products=number[inside.products])

        return replace(
            self,
            products=self.products.filter(pa.array(kept)),
            train=pairs(self.train),
            validation=pairs(self.validation),
            test=pairs(self.test),
            text=lambda window: self.text(window)[kept],
        )

    @cached_property
    def communities(self) -> Indices:
        """The community of each user, int64 (n_users,)."""
        return find_communities(self.ties)

    @cached_property
    def n_pairs(self) -> dict[str, int]:
        """Rows of the three parts, and users and products."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        counts = {f"n_{name}": len(part.users) for name, part in parts.items()}
        return counts | {"n_users": self.shape[0], "n_products": self.shape[1]}


TextOf = Callable[[pa.Array], Callable[[Window], F32]]


def hold_out(users: Indices, share: float, seed: int) -> Flags:
    """Choose rows to hold out, bool (n,): per user at random `int(share * n)`, at least one of three or more."""
    place, size = shuffled_places(users, seed)
    n_held = (share * size).astype(np.int64)
    held: Flags = place < np.where((n_held == 0) & (size >= MIN_PAIRS_TO_HOLD_OUT), 1, n_held)
    return held


def shuffled_places(users: Indices, seed: int) -> tuple[Indices, Indices]:
    """Place of each row in a random order of its user's rows, from 0, and the user's number of rows, both int64
    (n,).
    """
    order = np.lexsort((np.random.default_rng(seed).random(len(users)), users))
    size = np.bincount(users, minlength=1)
    place = np.empty(len(users), dtype=np.int64)
    place[order] = np.arange(len(users)) - np.repeat(np.cumsum(size) - size, size)
    return place, size[users]


def tie_shares(social: pa.Table | None, users: pa.Array, *, one_way: bool = False) -> Csr:
    """Ties, csr float32 (n_users, n_users), rows adding up to 1; self-ties are left out.

    In both directions, or `one_way` only from `user` to `friend`.
    """
    n = len(users)
    if social is None:
        return sp.csr_matrix((n, n), dtype=np.float32)
    rows, columns = positions(social["user"], users), positions(social["friend"], users)
    others = rows != columns
    ties = sp.csr_matrix(csr(np.ones(others.sum()), rows[others], columns[others], (n, n)) > 0, dtype=np.float32)
    ties = ties if one_way else ties + ties.T
    sums = np.asarray(ties.sum(axis=1)).ravel()
    return sp.diags(np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0)).dot(ties).tocsr().astype(np.float32)


def _pairs(table: pa.Table, users: pa.Array, products: pa.Array, first: int) -> SplitPairs:
    order = np.arange(first, first + table.num_rows, dtype=np.int64)
    if TIME in table.column_names:
        order = table[TIME].to_numpy()
    return SplitPairs(
        positions(table["user"], users),
        positions(table["item"], products),
        table["weight"].to_numpy(),
        order,
    )


def _newest(pairs: SplitPairs, n_products: int) -> tuple[Indices, Indices, Indices]:
    """Order, user and product of the newest row of each distinct pair."""
    newest_first = np.argsort(-pairs.order, kind="stable")
    keys = pairs.users[newest_first] * n_products + pairs.products[newest_first]
    kept = newest_first[np.unique(keys, return_index=True)[1]]
    return pairs.order[kept], pairs.users[kept], pairs.products[kept]
