"""Opinions of the user's neighbours on a product, and on its category."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.recommend.scores import DenseScores, Scores, SparseScores
from socialrec.recommend.signals.base import SignalDefaults, UserBlock

KIND_SHARE = 0.5
"""Weight of the mean opinion on a category's products relative to an opinion on the product itself."""


class Opinion(SignalDefaults):
    """Score = tie-weighted opinions on the product by neighbours, and half of their mean over its category.

    Trust as in SoRec's family (Ma et al., "Learning to recommend with social trust ensemble", SIGIR 2009), with tie
    strength for trust and nothing learned.
    """

    name: ClassVar[str] = "opinion"
    reason: ClassVar[ReasonKind] = ReasonKind.FRIENDS

    def score(self, block: UserBlock) -> Scores:
        """Score products, (n, n_products), below 0 for disliked ones; zeros without an opinion of a neighbour."""
        opinions = block.ties.dot(block.features.opinions).tocsr()
        if not opinions.nnz:
            return SparseScores(opinions)
        categories = block.features.categories
        sums = opinions.dot(categories).toarray()
        counts = opinions.astype(bool).astype(np.float32).dot(categories).toarray()
        means = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
        of_kind = categories.dot(means.T).T
        return DenseScores.whole(np.asarray(opinions.toarray() + np.float32(KIND_SHARE) * of_kind, dtype=np.float32))
