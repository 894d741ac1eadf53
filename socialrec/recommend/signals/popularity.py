"""Products that many users like: the same order for everyone."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from socialrec.features.data import TrainingData
from socialrec.recommend.scores import InnerProductScores, Scores, Vectors
from socialrec.recommend.signals.base import State, UserBlock
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import F32


class Popularity:
    """Score = number of users with positive affinity, to a power below 1 that keeps hits from dwarfing the rest."""

    name: ClassVar[str] = "popularity"

    def __init__(self, strength: F32) -> None:
        self.strength, self._vectors = strength, Vectors(strength[:, None])

    @classmethod
    def fit(cls, data: TrainingData, settings: RecommendSettings) -> Self:
        """Count users by product."""
        return cls(np.power(data.popularity, settings.popularity_exponent, dtype=np.float32))

    def score(self, block: UserBlock) -> Scores:
        """Score products by the same row for each user, (n, n_products)."""
        return InnerProductScores(np.ones((block.affinity.shape[0], 1), dtype=np.float32), self._vectors)

    def state(self) -> State:
        """Strength of each product."""
        return {"strength": self.strength}

    @classmethod
    def restore(cls, state: State) -> Self:
        """Restore from the strengths."""
        return cls(np.asarray(state["strength"], dtype=np.float32))
