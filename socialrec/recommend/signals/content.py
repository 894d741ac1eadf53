"""Similarity of texts to those of the products that a user likes."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.recommend.scores import InnerProductScores, Scores, Vectors
from socialrec.recommend.signals.base import OncePerFeatures, SignalDefaults, UserBlock
from socialrec.vectors.arrays import unit_rows


class Content(SignalDefaults):
    """Score = cosine between a product's text and the affinity-weighted mean of the user's products' texts.

    With `own_words` it is the user's side of the encoder's task `next_product` (`text/histories.py`).
    """

    name: ClassVar[str] = "content"
    reason: ClassVar[ReasonKind] = ReasonKind.WORDS
    baseline_weight: ClassVar[float] = 0.15

    def __init__(self) -> None:
        self._vectors = OncePerFeatures(lambda features: Vectors(features.text))

    def score(self, block: UserBlock) -> Scores:
        """Cosines, (n, n_products); zero for products without text."""
        liked = np.asarray(block.affinity.dot(block.features.text), dtype=np.float32)
        return InnerProductScores(unit_rows(liked), self._vectors.of(block.features))
