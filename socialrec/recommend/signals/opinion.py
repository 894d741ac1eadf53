"""Opinions of the user's neighbours on a product, and on its category."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.recommend.scores import KindScorer, Scores, SparseScores
from socialrec.recommend.signals.base import OncePerFeatures, SignalDefaults, UserBlock

KIND_SHARE = 0.5
"""Weight of the mean opinion on a category's products relative to an opinion on the product itself."""


class Opinion(SignalDefaults):
    """Score = tie-weighted opinions on the product by neighbours, and half of their mean over its category.

    Trust as in SoRec's family (Ma et al., "Learning to recommend with social trust ensemble", SIGIR 2009), with tie
    strength for trust and nothing learned.
    """

    name: ClassVar[str] = "opinion"
    reason: ClassVar[ReasonKind] = ReasonKind.FRIENDS

    def __init__(self) -> None:
        self._scorer = OncePerFeatures(lambda features: KindScorer(np.float32(KIND_SHARE) * features.categories))

    def score(self, block: UserBlock) -> Scores:
        """Score products, (n, n_products), below 0 for disliked ones; zeros without an opinion of a neighbour."""
        opinions = block.ties.dot(block.features.opinions).tocsr()
        if not opinions.nnz:
            return SparseScores(opinions)
        sums = opinions.dot(block.features.categories)
        counts = opinions.astype(bool).astype(np.float32).dot(block.features.categories)
        counts.data = 1 / counts.data
        return self._scorer.of(block.features).score(sums.multiply(counts).tocsr()).plus(opinions)
