"""Similarity of texts to those of the products that a user likes."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from socialrec.features.data import TrainingData
from socialrec.recommend.scores import InnerProductScores, Scores, Vectors
from socialrec.recommend.signals.base import State, UserBlock
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import F32, unit_rows


class Content:
    """Score = cosine between a product's text and the affinity-weighted mean of the user's products' texts."""

    name: ClassVar[str] = "content"

    def __init__(self, text: F32) -> None:
        self.text, self._vectors = text, Vectors(text)

    @classmethod
    def fit(cls, data: TrainingData, settings: RecommendSettings) -> Self:
        """Keep the products' text vectors (n_products, dim)."""
        del settings
        return cls(data.text)

    def score(self, block: UserBlock) -> Scores:
        """Cosines, (n, n_products); zero for products without text."""
        return InnerProductScores(unit_rows(np.asarray(block.affinity.dot(self.text), dtype=np.float32)), self._vectors)

    def state(self) -> State:
        """Text vectors."""
        return {"text": self.text}

    @classmethod
    def restore(cls, state: State) -> Self:
        """Restore from the text vectors."""
        return cls(np.asarray(state["text"], dtype=np.float32))
