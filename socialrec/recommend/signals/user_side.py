"""Closed form of `Collaborative`, inverted over users and text dimensions by the Woodbury identity.

With U = [X; Eᵀ] and C = diag(I + gAᵀA, a r I): P = (I - UᵀMU) / r, where M = (r C⁻¹ + UUᵀ)⁻¹.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import scipy.sparse as sp

from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.scores import DenseScores
from socialrec.recommend.signals.base import State
from socialrec.recommend.signals.linear import balanced, inverse, rarity, sparse_gram
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import F32, Csr, Indices, stored_csr

BLOCK_PRODUCTS = 4096


class UserSide:
    """M (r, r) over users and text dimensions, with U = [X; Eᵀ] kept as its two parts.

    `scale` float32 (n_products,) takes affinities to balanced ones and back.
    """

    def __init__(self, middle: F32, affinity: Csr, text: F32, diagonal: F32, scale: F32) -> None:
        self._middle, self._text, self._diagonal, self._scale = middle, text, diagonal, scale
        self._affinity, self._by_product = affinity, affinity.T.tocsr()

    @property
    def n_products(self) -> int:
        """Number of products."""
        return len(self._scale)

    @property
    def sources(self) -> Indices:
        """Products that have weights, int64 (n,): all of them."""
        return np.arange(self.n_products)

    @classmethod
    def fit(cls, data: FeatureSet, settings: RecommendSettings) -> Self:
        """Invert over users."""
        scale = rarity(data.popularity, settings.popularity_weighting)
        affinity, regularization = balanced(data.affinity, scale)
        regularization *= settings.regularization
        text = data.text if settings.text_weight > 0 else data.text[:, :0]
        n_users, dim = affinity.shape[0], text.shape[1]
        through_text = affinity.dot(text)
        kernel = np.zeros((n_users + dim, n_users + dim), dtype=np.float32)
        kernel[:n_users, :n_users] = sparse_gram(affinity.T.tocsr())
        kernel[:n_users, n_users:], kernel[n_users:, :n_users] = through_text, through_text.T
        kernel[n_users:, n_users:] = text.T @ text
        if settings.social_weight > 0 and data.ties.nnz:
            ties = np.asarray(data.ties.T.dot(data.ties).toarray(), dtype=np.float32)
            kernel[:n_users, :n_users] += np.float32(regularization) * inverse(
                np.float32(settings.social_weight) * ties, 1.0
            )
        else:
            kernel[range(n_users), range(n_users)] += np.float32(regularization)
        if dim:
            kernel[range(n_users, n_users + dim), range(n_users, n_users + dim)] += np.float32(1 / settings.text_weight)
        side = cls(inverse(kernel, 0.0), affinity, text, np.ones_like(scale), scale)
        side._diagonal = side._fitted_diagonal()
        return side

    def score(self, affinity: Csr) -> DenseScores:
        """Predict affinities, (n, n_products)."""
        affinity = affinity.dot(sp.diags(self._scale)).tocsr()
        through_users = affinity.dot(self._affinity.T).toarray()
        hidden = np.hstack([through_users, affinity.dot(self._text)]).astype(np.float32) @ self._middle
        # x - (x - xUᵀMU) / diag(I - UᵀMU), as B = I - P / diag(P); r cancels. All in the memory of one result.
        scores = self._spread(hidden)
        own = np.asarray(affinity.toarray(), dtype=np.float32)
        np.subtract(own, scores, out=scores)
        scores /= self._diagonal
        np.subtract(own, scores, out=scores)
        scores /= self._scale
        return DenseScores.whole(scores)

    def weights(self, sources: Indices, targets: Indices) -> F32:
        """Item-to-item weights, float32 (n_sources, n_targets), for sources that are not targets."""
        n_users, hidden = self._affinity.shape[0], self._hidden(targets)
        weights = self._by_product[sources].dot(hidden[:, :n_users].T)
        weights += self._text[sources] @ hidden[:, n_users:].T
        scaled: F32 = weights / (self._diagonal * self._scale)[targets] * self._scale[sources][:, None]
        return scaled

    def state(self) -> State:
        """Arrays that `restore` rebuilds this side from."""
        return {
            "middle": self._middle,
            "text": self._text,
            "diagonal": self._diagonal,
            "scale": self._scale,
            "affinity_data": self._affinity.data,
            "affinity_indices": self._affinity.indices.astype(np.int64),
            "affinity_indptr": self._affinity.indptr.astype(np.int64),
        }

    @classmethod
    def restore(cls, state: State) -> Self:
        """Restore from its arrays."""
        text = np.asarray(state["text"], dtype=np.float32)
        parts = (state["affinity_data"], state["affinity_indices"], state["affinity_indptr"])
        affinity = stored_csr(parts, (len(parts[2]) - 1, text.shape[0]))
        middle, diagonal, scale = (np.asarray(state[key], np.float32) for key in ("middle", "diagonal", "scale"))
        return cls(middle, affinity, text, diagonal, scale)

    def _fitted_diagonal(self) -> F32:
        """Compute diag(I - UᵀMU), by blocks of products."""
        n_products = len(self._diagonal)
        diagonal = np.empty(n_products, dtype=np.float32)
        for start in range(0, n_products, BLOCK_PRODUCTS):
            chosen = np.arange(start, min(start + BLOCK_PRODUCTS, n_products))
            hidden = self._hidden(chosen)
            n_users = self._affinity.shape[0]
            through_users = np.asarray(self._by_product[chosen].multiply(hidden[:, :n_users]).sum(axis=1)).ravel()
            diagonal[chosen] = 1.0 - through_users - np.einsum("kd,kd->k", self._text[chosen], hidden[:, n_users:])
        return diagonal

    def _hidden(self, products: Indices) -> F32:
        """Columns of MU, transposed, float32 (n, r)."""
        n_users = self._affinity.shape[0]
        hidden: F32 = self._by_product[products].dot(self._middle[:n_users])
        hidden += self._text[products] @ self._middle[n_users:]
        return hidden

    def _spread(self, hidden: F32) -> F32:
        """Multiply hidden @ U, float32 (n, n_products)."""
        n_users = self._affinity.shape[0]
        spread: F32 = np.ascontiguousarray(self._by_product.dot(hidden[:, :n_users].T).T)
        spread += hidden[:, n_users:] @ self._text.T
        return spread
