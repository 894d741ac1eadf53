"""What a user's neighbours like: one step of diffusion over the ties."""

from __future__ import annotations

from typing import ClassVar, Self

from socialrec.recommend.data import TrainingData
from socialrec.recommend.scores import Few, Scores
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

    def score(self, block: UserBlock) -> Scores:
        """Tie-weighted mean affinity, (n, n_products)."""
        return Few(block.neighbours)

    def state(self) -> State:
        """Empty."""
        return {}

    @classmethod
    def restore(cls, state: State) -> Self:
        """A new one."""
        del state
        return cls()
