"""Opinions of the user's neighbours on a product, and on its category."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from socialrec.features.data import TrainingData
from socialrec.recommend.scores import KindScorer, Scores, SparseScores
from socialrec.recommend.signals.base import State, UserBlock, membership, stored_kinds
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import Indices

KIND_SHARE = 0.5
"""Weight of the mean opinion on a category's products relative to an opinion on the product itself."""


class Opinion:
    """Score = tie-weighted ratings of the product by neighbours, and half of their mean over its category.

    Trust as in SoRec's family (Ma et al., "Learning to recommend with social trust ensemble", SIGIR 2009), with tie
    strength for trust and nothing learned.
    """

    name: ClassVar[str] = "opinion"

    def __init__(self, category: Indices) -> None:
        self.category = category
        self._kinds = membership(category)
        self._scorer = KindScorer(np.float32(KIND_SHARE) * self._kinds)

    @classmethod
    def fit(cls, data: TrainingData, settings: RecommendSettings) -> Self:
        """Keep the products' categories; ties and opinions come fresh with each block."""
        del settings
        return cls(data.category)

    def score(self, block: UserBlock) -> Scores:
        """Score products, (n, n_products), below 0 for disliked ones; zeros without an opinion of a neighbour."""
        if not block.opinions.nnz:
            return SparseScores(block.opinions)
        sums = block.opinions.dot(self._kinds)
        counts = block.opinions.astype(bool).astype(np.float32).dot(self._kinds)
        counts.data = 1 / counts.data
        return self._scorer.score(sums.multiply(counts).tocsr()).plus(block.opinions)

    def state(self) -> State:
        """Categories."""
        return {"category": self.category}

    @classmethod
    def restore(cls, state: State) -> Self:
        """Restore from the categories."""
        return cls(stored_kinds(state["category"]))
