"""Products praised for what the user writes about."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.recommend.scores import InnerProductScores, Scores, Vectors
from socialrec.recommend.signals.base import OncePerFeatures, SignalDefaults, UserBlock


class Aspects(SignalDefaults):
    """Score = what comments say of the product's aspects, each by how much of the user's own comments is about it.

    An aspect such as comfort counts from -1, where all complain, to 1, where all praise it.
    """

    name: ClassVar[str] = "aspects"
    reason: ClassVar[ReasonKind] = ReasonKind.PRAISED

    def __init__(self) -> None:
        self._vectors = OncePerFeatures(lambda features: Vectors(features.praise))

    def score(self, block: UserBlock) -> Scores:
        """Score products, (n, n_products); zeros for a user who names no aspect, and for products without comments."""
        return InnerProductScores(np.asarray(block.cares, dtype=np.float32), self._vectors.of(block.features))
