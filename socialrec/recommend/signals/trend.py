"""Products with many recent users: the same order for everyone, computed each night."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.scores import InnerProductScores, Scores, Vectors
from socialrec.recommend.signals.base import OncePerFeatures, PopularityPower, Space, UserBlock


class Trend(PopularityPower):
    """Score = users of the product, the newest counting most, to the power that popularity is taken to."""

    name: ClassVar[str] = "trend"
    reason: ClassVar[ReasonKind] = ReasonKind.POPULAR
    counts_users: ClassVar[bool] = True
    baseline_weight: ClassVar[float] = 0.05
    data_space: ClassVar[Space] = {"trend_half_life": (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32)}

    def __init__(self, exponent: float) -> None:
        super().__init__(exponent)
        self._vectors = OncePerFeatures(lambda features: Vectors(self.power(features.trend)[:, None]))

    @classmethod
    def idle_settings(cls, data: FeatureSet) -> set[str]:
        """Half-life, where nothing is dated."""
        return set() if data.trend.any() else {"trend_half_life"}

    def score(self, block: UserBlock) -> Scores:
        """Score products by the same row for each user, (n, n_products); zeros where nothing is dated."""
        ones = np.ones((block.n_users, 1), dtype=np.float32)
        return InnerProductScores(ones, self._vectors.of(block.features))
