"""Products whose texts resemble what the user wrote."""

from __future__ import annotations

from typing import ClassVar

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.recommend.scores import InnerProductScores, Scores, Vectors
from socialrec.recommend.signals.base import OncePerFeatures, SignalDefaults, UserBlock


class OwnWords(SignalDefaults):
    """Score = cosine between a product's text and the mean of the user's own comments.

    It finds products for users who wrote and did nothing else.
    """

    name: ClassVar[str] = "own_words"
    reason: ClassVar[ReasonKind] = ReasonKind.WORDS
    baseline_weight: ClassVar[float] = 0.05

    def __init__(self) -> None:
        self._vectors = OncePerFeatures(lambda features: Vectors(features.text))

    def score(self, block: UserBlock) -> Scores:
        """Cosines, (n, n_products); zeros for a user without comments and for products without text."""
        return InnerProductScores(block.words, self._vectors.of(block.features))
