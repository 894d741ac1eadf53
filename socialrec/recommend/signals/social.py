"""What a user's neighbours like: one step of diffusion over the ties."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from socialrec.recommend.arrays import F32
from socialrec.recommend.data import TrainingData
from socialrec.recommend.signals.base import State, UserBlock
from socialrec.settings import RecommendSettings


class Social:
    """Score = tie-weighted mean of the neighbours' affinities; it has nothing to learn."""

    name: ClassVar[str] = "social"

    @classmethod
    def fit(cls, data: TrainingData, settings: RecommendSettings) -> Self:
        """Nothing to fit: ties and affinities come fresh with each block."""
        del data, settings
        return cls()

    def score(self, block: UserBlock) -> F32:
        """Tie-weighted mean affinity, float32 (n, n_products)."""
        scores: F32 = np.asarray(block.neighbours.toarray(), dtype=np.float32)
        return scores

    def state(self) -> State:
        """Empty."""
        return {}

    @classmethod
    def restore(cls, state: State) -> Self:
        """A new one."""
        del state
        return cls()
