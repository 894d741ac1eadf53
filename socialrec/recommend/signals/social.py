"""Products that a user's neighbours like: one step of diffusion over the ties."""

from __future__ import annotations

from typing import ClassVar

from socialrec.recommend.scores import Scores, SparseScores
from socialrec.recommend.signals.base import Unfitted, UserBlock


class Social(Unfitted):
    """Score = tie-weighted mean of the neighbours' affinities."""

    name: ClassVar[str] = "social"

    def score(self, block: UserBlock) -> Scores:
        """Tie-weighted mean affinity, (n, n_products)."""
        return SparseScores(block.neighbours)
