"""Interface of a signal: fitted once, then scores of every product for blocks of users with fresh evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from socialrec.features.context import ScoringSnapshot
from socialrec.features.data import TrainingData
from socialrec.recommend.scores import Scores
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import ABSENT, F32, Csr, Indices

State = dict[str, npt.NDArray[np.generic]]


@dataclass(frozen=True)
class UserBlock:
    """Fresh evidence of n users.

    affinity: csr float32 (n, n_products). neighbours: csr float32 (n, n_products), the tie-weighted mean of the
    neighbours' affinities. recency: csr float32 (n, n_products), 1 for the user's newest product, 2 for the one before
    it and so on; empty where nothing is dated. opinions: csr float32 (n, n_products), the tie-weighted sum of the
    neighbours' opinions of a product, -1 to 1. community: csr float32 (n, n_products), the share of the user's
    community who like it. trend: float32 (n_products,), users of each product, the newest counting most: the same for
    all blocks.
    """

    affinity: Csr
    neighbours: Csr
    recency: Csr
    opinions: Csr
    community: Csr
    trend: F32


def user_block(context: ScoringSnapshot, rows: Indices) -> UserBlock:
    """Fresh evidence of some rows of everyone."""
    return UserBlock(
        affinity=context.affinity[rows],
        neighbours=context.ties[rows].dot(context.affinity).tocsr(),
        recency=context.recency[rows],
        opinions=context.ties[rows].dot(context.opinions).tocsr(),
        community=context.community_likes[context.communities[rows]],
        trend=context.trend,
    )


class Signal(Protocol):
    """Way of scoring. Scores of different signals are not comparable; the blend standardises them."""

    name: ClassVar[str]

    @classmethod
    def fit(cls, data: TrainingData, settings: RecommendSettings) -> Self:
        """Learn from training data; the same data gives the same signal."""
        ...

    def score(self, block: UserBlock) -> Scores:
        """Finite scores of every product, (n, n_products); a user without evidence gets a constant row."""
        ...

    def state(self) -> State:
        """Arrays that `restore` rebuilds the signal from."""
        ...

    @classmethod
    def restore(cls, state: State) -> Self:
        """Restore the signal from its state."""
        ...


class Unfitted:
    """Base of signals without learned state: all their evidence comes fresh with each block."""

    @classmethod
    def fit(cls, data: TrainingData, settings: RecommendSettings) -> Self:
        """Do nothing."""
        del data, settings
        return cls()

    def state(self) -> State:
        """Return no arrays."""
        return {}

    @classmethod
    def restore(cls, state: State) -> Self:
        """Make a new signal."""
        del state
        return cls()


def stored_kinds(category: npt.NDArray[np.generic]) -> Indices:
    """Read numbers of products' categories from a file, int64 (n_products,), renumbered without gaps in the same order.

    As many columns as the greatest number are reserved. Raises ValueError where they are not whole numbers
    (n_products,).
    """
    numbers = np.asarray(category, dtype=np.int64)
    if numbers.ndim != 1:
        raise ValueError("categories are not a number a product")
    found, dense = np.unique(np.maximum(numbers, ABSENT), return_inverse=True)
    return (dense + ABSENT + (ABSENT not in found)).astype(np.int64)


def membership(category: Indices) -> Csr:
    """Indicator of each product's category, csr float32 (n_products, n_categories)."""
    known = np.flatnonzero(category != ABSENT)
    shape = (len(category), int(category.max(initial=ABSENT)) + 1)
    return sp.csr_matrix((np.ones(len(known), np.float32), (known, category[known])), shape=shape)
