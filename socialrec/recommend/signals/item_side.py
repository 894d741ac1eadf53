"""Closed form of `Collaborative`, inverted over products."""

from __future__ import annotations

from typing import Self

import numpy as np

from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.scores import DenseScores
from socialrec.recommend.signals.base import State
from socialrec.recommend.signals.linear import balanced, inverse, rarity, sparse_gram
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import F32, Csr, Indices


class ItemSide:
    """Dense weights (n_kept, n_kept) between the kept products."""

    def __init__(self, weights: F32, kept: Indices, n_products: int) -> None:
        self._weights, self._kept, self.n_products = weights, kept, n_products

    @property
    def sources(self) -> Indices:
        """Products that have weights, int64 (n_kept,)."""
        return self._kept

    @classmethod
    def fit(cls, data: FeatureSet, settings: RecommendSettings) -> Self:
        """Invert over products."""
        n_products = data.affinity.shape[1]
        kept = np.sort(np.argsort(-data.popularity, kind="stable")[: settings.max_dimension]).astype(np.int64)
        scale = rarity(data.popularity, settings.popularity_weighting)
        affinity, regularization = balanced(data.affinity, scale)
        affinity, regularization, scale = affinity[:, kept], regularization * settings.regularization, scale[kept]
        gram = sparse_gram(affinity)
        if settings.social_weight > 0 and data.ties.nnz:
            spread = data.ties.dot(affinity)
            gram += np.float32(settings.social_weight) * spread.T.dot(spread)
        if settings.text_weight > 0:
            text = data.text[kept] * np.float32(np.sqrt(regularization * settings.text_weight))
            gram += text @ text.T
        weights = inverse(gram, regularization)
        weights /= -np.diag(weights).copy()
        np.fill_diagonal(weights, 0.0)
        # From balanced affinities in and out to affinities in and out.
        weights *= scale[:, None]
        weights /= scale
        return cls(weights, kept, n_products)

    def score(self, affinity: Csr) -> DenseScores:
        """Predict affinities, (n, n_products), dense for the kept products."""
        return DenseScores(affinity[:, self._kept].dot(self._weights), self._kept, self.n_products)

    def weights(self, sources: Indices, targets: Indices) -> F32:
        """Item-to-item weights, float32 (n_sources, n_targets)."""
        places = np.full(self.n_products, -1)
        places[self._kept] = np.arange(len(self._kept))
        rows, columns = places[sources], places[targets]
        found: F32 = self._weights[np.ix_(rows, columns)]
        return np.where((rows >= 0)[:, None] & (columns >= 0)[None, :], found, np.float32(0.0))

    def state(self) -> State:
        """Arrays that `restore` rebuilds this side from."""
        return {"item_weights": self._weights, "kept": self._kept, "n_products": np.array([self.n_products])}

    @classmethod
    def restore(cls, state: State) -> Self:
        """Restore from its arrays."""
        return cls(
            np.asarray(state["item_weights"], dtype=np.float32),
            np.asarray(state["kept"], dtype=np.int64),
            int(np.asarray(state["n_products"], dtype=np.int64)[0]),
        )
