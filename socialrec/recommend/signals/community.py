"""What is popular among the people around a user: popularity within the user's community."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from socialrec.recommend.arrays import F32
from socialrec.recommend.data import TrainingData
from socialrec.recommend.signals.base import State, UserBlock
from socialrec.settings import RecommendSettings


class Community:
    """Score = share of the user's community who like the product; it has nothing to learn."""

    name: ClassVar[str] = "community"

    @classmethod
    def fit(cls, data: TrainingData, settings: RecommendSettings) -> Self:
        """Nothing to fit: communities and what they like come fresh with each block."""
        del data, settings
        return cls()

    def score(self, block: UserBlock) -> F32:
        """Shares of the members, float32 (n, n_products); zeros for a user without a community."""
        scores: F32 = np.asarray(block.community.toarray(), dtype=np.float32)
        return scores

    def state(self) -> State:
        """Empty."""
        return {}

    @classmethod
    def restore(cls, state: State) -> Self:
        """A new one."""
        del state
        return cls()
