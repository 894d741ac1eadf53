"""Similarity of pictures to those of the products that a user likes."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.scores import InnerProductScores, Scores, Vectors
from socialrec.recommend.signals.base import OncePerFeatures, SignalDefaults, UserBlock
from socialrec.vectors.arrays import unit_rows


class SimilarLooks(SignalDefaults):
    """Score = cosine between a product's pictures and the affinity-weighted mean of those of the user's products.

    A product without pictures is as far from every taste as the mean of the catalogue: its other signals decide.
    """

    name: ClassVar[str] = "looks"
    reason: ClassVar[ReasonKind] = ReasonKind.LOOKS_LIKE

    def __init__(self) -> None:
        self._vectors = OncePerFeatures(lambda features: Vectors(features.looks))

    @classmethod
    def has_evidence(cls, data: FeatureSet) -> bool:
        """Check if any product has a picture."""
        return bool(data.looks.shape[1])

    def score(self, block: UserBlock) -> Scores:
        """Cosines, (n, n_products); zero for products without pictures."""
        liked = np.asarray(block.affinity.dot(block.features.looks), dtype=np.float32)
        return InnerProductScores(unit_rows(liked), self._vectors.of(block.features))
