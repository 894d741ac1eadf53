"""Popularity within the user's community."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.recommend.scores import Scores, SharedScores
from socialrec.recommend.signals.base import SignalDefaults, UserBlock


class Community(SignalDefaults):
    """Score = share of the user's community who like the product."""

    name: ClassVar[str] = "community"
    reason: ClassVar[ReasonKind] = ReasonKind.POPULAR
    baseline_weight: ClassVar[float] = 0.1

    def score(self, block: UserBlock) -> Scores:
        """Shares of the members, (n, n_products); zeros for a user without a community."""
        communities, place = np.unique(block.communities, return_inverse=True)
        return SharedScores(block.features.community_likes[communities], place)
