"""Products that a user's neighbours like: one step of diffusion over the ties."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.recommend.scores import Scores, SparseScores
from socialrec.recommend.signals.base import SignalDefaults, UserBlock


class Social(SignalDefaults):
    """Score = tie-weighted mean of the neighbours' affinities."""

    name: ClassVar[str] = "social"
    reason: ClassVar[ReasonKind] = ReasonKind.FRIENDS
    baseline_weight: ClassVar[float] = 0.3

    def score(self, block: UserBlock) -> Scores:
        """Tie-weighted mean affinity, (n, n_products)."""
        return SparseScores(block.from_neighbours(np.ones(block.n_users, dtype=np.bool_)))
