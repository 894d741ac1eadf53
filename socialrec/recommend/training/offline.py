"""Fits on one side of a split and lists for the users of the other: the basis of every offline figure."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from socialrec.evaluate.metrics.hits import Ranked
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.blend import CandidateFeatures, candidate_features, standardised
from socialrec.recommend.model import Recommender
from socialrec.recommend.ranker import TopKRanker
from socialrec.recommend.scores import Scores
from socialrec.recommend.signals.base import UserBlock
from socialrec.runtime.memory import give_back_memory
from socialrec.settings import RecommendSettings, Settings
from socialrec.vectors.arrays import ABSENT, Csr, Flags, Indices, csr, positions, vocabulary

MAX_BLEND_USERS = 2_000
SCORES_AT_ONCE = 3
"""Score arrays held at once for a block while a blend is learned: those of all signals, about three times as much as
for lists.
"""
BLEND_THREADS = 4
"""Most blocks whose candidates are found at a time. Their size follows from it, and not from the number of cores, so
that sums over them are the same on every machine.
"""

T = TypeVar("T")


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


def map_blocks(
    work: Callable[[slice, UserBlock], T], data: FeatureSet, rows: Indices, block_users: int, n_threads: int
) -> list[T]:
    """Results for each block of these users, in their order, with blocks in parallel.

    BLAS has one thread meanwhile: with more, its threads and these slow each other down.
    """
    found: list[T] = []
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(n_threads) as pool:
        parts = blocks(data, rows, block_users)
        # A few at a time: the evidence of all users may exceed the memory.
        while few := list(islice(parts, n_threads)):
            found += pool.map(lambda part: work(*part), few)
    give_back_memory()
    return found


def blend_candidates(
    recommender: Recommender,
    data: FeatureSet,
    held: HeldOut,
    settings: Settings,
    shown: Callable[[UserBlock], UserBlock] = lambda block: block,
) -> list[CandidateFeatures]:
    """Candidates to learn the blend of the recommender's signals from; at most 2,000 users, drawn with the seed.

    shown: what the signals see of a block; everything where it is left out.
    """
    held = held.sample(MAX_BLEND_USERS, settings.evaluate.seed)

    def candidates(at: slice, block: UserBlock) -> CandidateFeatures:
        parts = [standardised(part) for part in recommender.parts(shown(block))]
        return candidate_features(parts, held.seen[at], held.relevant[at])

    size = settings.recommend.users_per_block(len(data.products), at_once=SCORES_AT_ONCE * BLEND_THREADS)
    n_threads = min(BLEND_THREADS, len(os.sched_getaffinity(0)))
    return map_blocks(candidates, data, held.rows, size, n_threads)


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

    def rank_block(at: slice, block: UserBlock) -> None:
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
    size = settings.users_per_block(len(data.products), at_once=n_threads)
    map_blocks(rank_block, data, held.rows, size, n_threads)
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
