"""Products with many recent users: the same order for everyone, computed each night."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from socialrec.features.data import TrainingData
from socialrec.recommend.scores import InnerProductScores, Scores, Vectors
from socialrec.recommend.signals.base import State, UserBlock
from socialrec.settings import RecommendSettings


class Trend:
    """Score = users of the product, the newest counting most, to the power that popularity is taken to."""

    name: ClassVar[str] = "trend"

    def __init__(self, exponent: float) -> None:
        self.exponent = exponent

    @classmethod
    def fit(cls, data: TrainingData, settings: RecommendSettings) -> Self:
        """Read the power; the trend itself comes fresh with each block."""
        del data
        return cls(settings.popularity_exponent)

    def score(self, block: UserBlock) -> Scores:
        """Score products by the same row for each user, (n, n_products); zeros where nothing is dated."""
        strength = np.power(block.trend, np.float32(self.exponent), dtype=np.float32)
        return InnerProductScores(np.ones((block.affinity.shape[0], 1), dtype=np.float32), Vectors(strength[:, None]))

    def state(self) -> State:
        """Power of the trend."""
        return {"exponent": np.array([self.exponent])}

    @classmethod
    def restore(cls, state: State) -> Self:
        """Restore from the power."""
        return cls(float(np.asarray(state["exponent"], np.float64)[0]))
