"""Products that many users like: the same order for everyone."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.recommend.scores import InnerProductScores, Scores, Vectors
from socialrec.recommend.signals.base import OncePerFeatures, PopularityPower, UserBlock


class Popularity(PopularityPower):
    """Score = number of users with positive affinity, to a power below 1 that keeps hits from dwarfing the rest."""

    name: ClassVar[str] = "popularity"
    reason: ClassVar[ReasonKind] = ReasonKind.POPULAR
    counts_users: ClassVar[bool] = True
    baseline_weight: ClassVar[float] = 0.15

    def __init__(self, exponent: float) -> None:
        super().__init__(exponent)
        self._vectors = OncePerFeatures(lambda features: Vectors(self.power(features.popularity)[:, None]))

    def score(self, block: UserBlock) -> Scores:
        """Score products by the same row for each user, (n, n_products)."""
        ones = np.ones((block.n_users, 1), dtype=np.float32)
        return InnerProductScores(ones, self._vectors.of(block.features))
