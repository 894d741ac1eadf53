"""Popularity within the user's community."""

from __future__ import annotations

from typing import ClassVar

from socialrec.recommend.scores import Scores, SparseScores
from socialrec.recommend.signals.base import Unfitted, UserBlock


class Community(Unfitted):
    """Score = share of the user's community who like the product."""

    name: ClassVar[str] = "community"

    def score(self, block: UserBlock) -> Scores:
        """Shares of the members, (n, n_products); zeros for a user without a community."""
        return SparseScores(block.community)
