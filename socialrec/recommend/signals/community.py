"""What is popular among the people around a user: popularity within the user's community."""

from __future__ import annotations

from typing import ClassVar, Self

from socialrec.recommend.data import TrainingData
from socialrec.recommend.scores import Few, Scores
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

    def score(self, block: UserBlock) -> Scores:
        """Shares of the members, (n, n_products); zeros for a user without a community."""
        return Few(block.community)

    def state(self) -> State:
        """Empty."""
        return {}

    @classmethod
    def restore(cls, state: State) -> Self:
        """A new one."""
        del state
        return cls()
