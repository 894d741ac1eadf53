"""Fits on one side of a split and lists for the users of the other: the basis of every offline figure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np
import pyarrow as pa

from socialrec.evaluate.metrics.hits import Ranked
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.blend import CandidateFeatures, candidate_features, standardised
from socialrec.recommend.model import Recommender
from socialrec.recommend.ranker import TopKRanker
from socialrec.recommend.scores import Scores
from socialrec.recommend.signals.base import UserBlock
from socialrec.settings import RecommendSettings, Settings
from socialrec.vectors.arrays import ABSENT, Csr, Flags, Indices, csr, positions, vocabulary

MAX_BLEND_USERS = 2_000
SCORES_AT_ONCE = 3
"""Score arrays held at once while a blend is learned: all signals of a block, about three times as much as for
lists.
"""


class Scorer(Protocol):
    """Source of scores for lists: a recommender, or one of its signals."""

    def score(self, block: UserBlock) -> Scores:
        """Finite scores of every product, (n, n_products)."""
        ...


@dataclass(frozen=True)
class HeldOut:
    """Users with held-out pairs, the products they had seen before the cut, and those they liked after it.

    rows: int64 (n,), their rows in the training data, ABSENT for new users. seen, relevant: csr (n, n_products).
    """

    rows: Indices
    seen: Csr
    relevant: Csr

    def sample(self, n_users: int, seed: int) -> HeldOut:
        """Draw at most `n` of these users with the seed."""
        if len(self.rows) <= n_users:
            return self
        chosen = np.sort(np.random.default_rng(seed).choice(len(self.rows), n_users, replace=False))
        return HeldOut(self.rows[chosen], self.seen[chosen], self.relevant[chosen])


def held_out(data: FeatureSet, training: pa.Table, pairs: pa.Table) -> HeldOut:
    """Make the held-out users from training rows and held-out pairs; products outside the catalogue are left out."""
    users = vocabulary(pairs["user_key"])
    shape = (len(users), len(data.products))
    seen, relevant = (
        csr(np.ones(t.num_rows), positions(t["user_key"], users), positions(t["product_id"], data.products), shape)
        for t in (training, pairs)
    )
    return HeldOut(positions(users, data.users), seen, relevant)


def blocks(data: FeatureSet, rows: Indices, block_users: int) -> Iterator[tuple[slice, UserBlock]]:
    """Features of these users, block by block; a user that is not in the training data has none."""
    for start in range(0, len(rows), block_users):
        chosen = rows[start : start + block_users]
        yield slice(start, start + len(chosen)), UserBlock.of(data, chosen)


def blend_candidates(
    recommender: Recommender, data: FeatureSet, held: HeldOut, settings: Settings
) -> list[CandidateFeatures]:
    """Candidates to learn the blend of the recommender's signals from; at most 2,000 users, drawn with the seed."""
    held = held.sample(MAX_BLEND_USERS, settings.evaluate.seed)
    size = settings.recommend.users_per_block(len(data.products), at_once=SCORES_AT_ONCE)
    return [
        candidate_features([standardised(part) for part in recommender.parts(block)], held.seen[at], held.relevant[at])
        for at, block in blocks(data, held.rows, size)
    ]


@dataclass(frozen=True)
class RankedLists:
    """Ranked product numbers (n, k) and, for each user, True if all products scored the same."""

    ranked: Ranked
    is_constant: np.ndarray[tuple[int], np.dtype[np.bool_]]


def rank(
    scorer: Scorer,
    data: FeatureSet,
    held: HeldOut,
    k: int,
    settings: RecommendSettings,
    *,
    among: Flags | None = None,
) -> RankedLists:
    """Rank k unseen products for the held-out users, with blocks in parallel on all cores.

    among: bool (n_products,), the products to rank; all where it is left out. Raises ValueError on scores that are not
    numbers.
    """
    ranked = np.full((len(held.rows), k), ABSENT, dtype=np.int64)
    constant = np.zeros(len(held.rows), dtype=np.bool_)
    among = np.ones(len(data.products), dtype=np.bool_) if among is None else among
    lister = TopKRanker(among, settings.score_decimals)

    def rank_block(part: tuple[slice, UserBlock]) -> None:
        at, block = part
        scores, seen = scorer.score(block), held.seen[at]
        if not np.isfinite(scores.moments()).all():
            raise ValueError("scores are not finite numbers")
        flat = scores.is_constant()
        constant[at] = flat
        if flat.any():
            # For them every product is a candidate of the search, which takes a hundred times as much memory.
            ranked[at][flat] = first_unseen(seen[flat], among, k)
            scores = scorer.score(UserBlock.of(data, held.rows[at][~flat]))
        if not flat.all():
            ranked[at][~flat] = lister.top_k(scores, seen[~flat], k)[0]

    n_threads = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(n_threads) as pool:
        parts = blocks(data, held.rows, settings.users_per_block(len(data.products), at_once=n_threads))
        # A few at a time: the evidence of all users may exceed the memory.
        while few := list(islice(parts, n_threads)):
            list(pool.map(rank_block, few))
    return RankedLists(ranked, constant)


def first_unseen(seen: Csr, among: Flags, k: int) -> Indices:
    """Lowest numbers of products that each user has not seen, int64 (n, k), ABSENT where there are fewer: the list of a
    user for whom all products score the same. among: bool (n_products,), the products to list.
    """
    offered = np.flatnonzero(among)
    found = np.full((seen.shape[0], k), ABSENT, dtype=np.int64)
    for user in range(len(found)):
        met = seen.indices[seen.indptr[user] : seen.indptr[user + 1]]
        left = np.setdiff1d(offered[: k + len(met)], met)[:k]
        found[user, : len(left)] = left
    return found
