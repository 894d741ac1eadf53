"""Closed form of `Collaborative`, pruned to each product's strongest weights: its scores are sparse."""

from __future__ import annotations

from typing import Self

import numpy as np
import scipy.sparse as sp

from socialrec.recommend.scores import Scores, SparseScores
from socialrec.recommend.signals.base import State
from socialrec.recommend.signals.item_side import ItemSide
from socialrec.recommend.signals.linear import strongest
from socialrec.recommend.signals.user_side import UserSide
from socialrec.vectors.arrays import F32, Csr, Indices, csr, stored_csr

BLOCK_SOURCES = 512
"""Products whose weights to all others are written out at a time."""


class PrunedSide:
    """Sparse item-to-item weights, csr (n_products, n_products): those from each product that are largest in size."""

    def __init__(self, weights: Csr) -> None:
        self._weights = weights

    @classmethod
    def of(cls, whole: ItemSide | UserSide | PrunedSide, n_weights: int) -> Self:
        """Keep the `n_weights` strongest weights from each product."""
        if isinstance(whole, PrunedSide):
            return cls(strongest(whole._weights, n_weights))
        sources, shape = whole.sources, (whole.n_products, whole.n_products)
        starts = range(0, len(sources), BLOCK_SOURCES)
        cells = [_strongest_of(whole, sources[start : start + BLOCK_SOURCES], n_weights) for start in starts]
        values, rows, columns = (np.concatenate(each) for each in zip(*cells, strict=True))
        return cls(csr(values, rows, columns, shape))

    def score(self, affinity: Csr) -> Scores:
        """Predict affinities, (n, n_products)."""
        return SparseScores(affinity.dot(self._weights))

    def weights(self, sources: Indices, targets: Indices) -> F32:
        """Item-to-item weights, float32 (n_sources, n_targets); 0 for those that were pruned."""
        return np.asarray(self._weights[sources][:, targets].toarray(), dtype=np.float32)

    def state(self) -> State:
        """Arrays that `restore` rebuilds this side from."""
        return {
            "pruned_data": self._weights.data,
            "pruned_indices": self._weights.indices.astype(np.int64),
            "pruned_indptr": self._weights.indptr.astype(np.int64),
            "n_products": np.array([self._weights.shape[0]]),
        }

    @classmethod
    def restore(cls, state: State) -> Self:
        """Restore from its arrays."""
        n_products = int(np.asarray(state["n_products"], dtype=np.int64)[0])
        parts = (state["pruned_data"], state["pruned_indices"], state["pruned_indptr"])
        return cls(stored_csr(parts, (n_products, n_products)))


def _strongest_of(whole: ItemSide | UserSide, sources: Indices, n_weights: int) -> tuple[F32, Indices, Indices]:
    """Find the strongest weights from some products: the weights, their sources and their targets, (n,) each.

    They are the scores of users who like one product each, without that product itself.
    """
    n, places = len(sources), np.arange(len(sources))
    likes = sp.csr_matrix((np.ones(n, np.float32), (places, sources)), shape=(n, whole.n_products))
    found = whole.score(likes)
    found.values[places, np.searchsorted(found.columns, sources)] = 0.0
    width = min(n_weights, found.values.shape[1])
    best = np.argpartition(-np.abs(found.values), width - 1, axis=1)[:, :width]
    values = np.take_along_axis(found.values, best, axis=1).ravel()
    kept = np.flatnonzero(values)
    return values[kept], np.repeat(sources, width)[kept], found.columns[best.ravel()[kept]]
