"""Popular products in the categories that a user likes."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp

from socialrec.features.data import TrainingData
from socialrec.recommend.scores import KindScorer, Scores
from socialrec.recommend.signals.base import State, UserBlock, membership, stored_kinds
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import F32, Indices


class Category:
    """Score = share of the user's affinity in the product's category, times the product's popularity within it.

    Popularity within a category is the number of users who like the product over that of the category's most liked
    product, to the power that popularity is taken to.
    """

    name: ClassVar[str] = "category"

    def __init__(self, category: Indices, strength: F32) -> None:
        self.category, self.strength = category, strength
        self._members = membership(category)
        self._scorer = KindScorer(self._members.multiply(strength[:, None]).tocsr())

    @classmethod
    def fit(cls, data: TrainingData, settings: RecommendSettings) -> Self:
        """Compute each product's popularity within its category."""
        members = membership(data.category)
        most = np.asarray(members.multiply(data.popularity[:, None]).max(axis=0).todense(), dtype=np.float32).ravel()
        highest = np.append(most, np.float32(0.0))[data.category]
        shares = np.divide(data.popularity, highest, out=np.zeros_like(data.popularity), where=highest > 0)
        return cls(data.category, np.power(shares, settings.popularity_exponent, dtype=np.float32))

    def score(self, block: UserBlock) -> Scores:
        """Score products, (n, n_products); zeros for a user who likes nothing that has a category."""
        total = np.asarray(block.affinity.sum(axis=1), dtype=np.float32).ravel()
        shares = sp.diags(np.divide(1.0, total, out=np.zeros_like(total), where=total > 0))
        return self._scorer.score(shares.dot(block.affinity.dot(self._members)))

    def state(self) -> State:
        """Categories, and one strength per product."""
        return {"category": self.category, "strength": self.strength}

    @classmethod
    def restore(cls, state: State) -> Self:
        """Restore from the categories and strengths."""
        return cls(stored_kinds(state["category"]), np.asarray(state["strength"], dtype=np.float32))
