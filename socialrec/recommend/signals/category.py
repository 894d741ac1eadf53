"""Popular products in the categories that a user likes."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.scores import KindScorer, Scores
from socialrec.recommend.signals.base import OncePerFeatures, PopularityPower, UserBlock


class Category(PopularityPower):
    """Score = share of the user's affinity in the product's category, times the product's popularity within it.

    Popularity within a category is the number of users who like the product over that of the category's most liked
    product, to the power that popularity is taken to.
    """

    name: ClassVar[str] = "category"
    reason: ClassVar[ReasonKind] = ReasonKind.CATEGORY
    baseline_weight: ClassVar[float] = 0.2

    def __init__(self, exponent: float) -> None:
        super().__init__(exponent)
        self._scorer = OncePerFeatures(self._scorer_of)

    def score(self, block: UserBlock) -> Scores:
        """Score products, (n, n_products); zeros for a user who likes nothing that has a category."""
        total = np.asarray(block.affinity.sum(axis=1), dtype=np.float32).ravel()
        shares = sp.diags(np.divide(1.0, total, out=np.zeros_like(total), where=total > 0))
        return self._scorer.of(block.features).score(shares.dot(block.affinity.dot(block.features.categories)))

    def _scorer_of(self, features: FeatureSet) -> KindScorer:
        """Scorer by the popularity of each product within its category."""
        members, popularity = features.categories, features.popularity
        most = np.asarray(members.multiply(popularity[:, None]).max(axis=0).todense(), dtype=np.float32).ravel()
        highest = np.append(most, np.float32(0.0))[features.category]
        shares = np.divide(popularity, highest, out=np.zeros_like(popularity), where=highest > 0)
        return KindScorer(members.multiply(self.power(shares)[:, None]).tocsr())
