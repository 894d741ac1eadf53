"""What users with the same taste like: an exact linear item-to-item model with text and social terms.

The model is EASE (Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019) on more than affinities X:

    minimise |X - XB|² + g|AX - AXB|² + a r|Eᵀ - EᵀB|² + r|B|²   with diag(B) = 0

where rows of X have length 1 (each user weighs the same), A holds the ties, E the products' text vectors, g is
`social_weight`, a is `text_weight` and r is `ridge` times the mean square of X's non-zero cells, so that settings mean
the same for shops of any size. Its solution is B = I - P / diag(P), P = (Xᵀ(I + gAᵀA)X + a r EEᵀ + r I)⁻¹. P is
inverted on the smaller side: products directly, or users (and text dimensions) by the Woodbury identity, where with
U = [X; Eᵀ] and C = diag(I + gAᵀA, a r I)

    P = (I - UᵀMU) / r,   M = (r C⁻¹ + UUᵀ)⁻¹.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
import scipy.linalg
import scipy.sparse as sp

from socialrec.recommend.arrays import F32, Csr, Indices
from socialrec.recommend.data import TrainingData
from socialrec.recommend.signals.base import State, UserBlock
from socialrec.settings import RecommendSettings

BLOCK_PRODUCTS = 4096


class Collaborative:
    """Affinities times item-to-item weights, held on whichever side was inverted."""

    name: ClassVar[str] = "collaborative"

    def __init__(self, side: ItemSide | UserSide) -> None:
        self.side = side

    @classmethod
    def fit(cls, data: TrainingData, settings: RecommendSettings) -> Self:
        """Invert the smaller side; where both exceed `max_side`, the products with most users are kept."""
        n_users, n_products = data.affinity.shape
        user_side = n_users + (data.text.shape[1] if settings.text_weight > 0 else 0)
        if user_side <= min(n_products, settings.max_side):
            return cls(UserSide.fit(data, settings))
        return cls(ItemSide.fit(data, settings))

    def score(self, block: UserBlock) -> F32:
        """Predicted affinities, float32 (n, n_products)."""
        return self.side.score(block.affinity)

    def weights(self, sources: Indices, targets: Indices) -> F32:
        """How much a unit of affinity to each source adds to each target, float32 (n_sources, n_targets).

        A product adds nothing to itself.
        """
        weights = self.side.weights(sources, targets)
        weights[sources[:, None] == targets[None, :]] = 0.0
        return weights

    def state(self) -> State:
        """The inverted side's arrays."""
        return self.side.state()

    @classmethod
    def restore(cls, state: State) -> Self:
        """From either side's arrays."""
        return cls(ItemSide.restore(state) if "item_weights" in state else UserSide.restore(state))


class ItemSide:
    """Dense weights (n_kept, n_kept) between the products that were kept."""

    def __init__(self, weights: F32, kept: Indices, n_products: int) -> None:
        self._weights, self._kept, self._n_products = weights, kept, n_products

    @classmethod
    def fit(cls, data: TrainingData, settings: RecommendSettings) -> Self:
        """Invert over products."""
        n_products = data.affinity.shape[1]
        kept = np.sort(np.argsort(-data.popularity, kind="stable")[: settings.max_side]).astype(np.int64)
        affinity, ridge = _balanced(data.affinity)
        affinity, ridge = affinity[:, kept], ridge * settings.ridge
        spread = data.ties.dot(affinity)
        gram = affinity.T.dot(affinity) + settings.social_weight * spread.T.dot(spread)
        text = data.text[kept]
        full = np.asarray(gram.toarray(), dtype=np.float32) + np.float32(ridge * settings.text_weight) * (text @ text.T)
        inverse = _inverse(full, ridge)
        inverse /= -np.diag(inverse).copy()
        np.fill_diagonal(inverse, 0.0)
        return cls(inverse, kept, n_products)

    def score(self, affinity: Csr) -> F32:
        """Predicted affinities, float32 (n, n_products)."""
        scores = np.zeros((affinity.shape[0], self._n_products), dtype=np.float32)
        scores[:, self._kept] = affinity[:, self._kept].dot(self._weights)
        return scores

    def weights(self, sources: Indices, targets: Indices) -> F32:
        """Item-to-item weights, float32 (n_sources, n_targets)."""
        places = np.full(self._n_products, -1)
        places[self._kept] = np.arange(len(self._kept))
        rows, columns = places[sources], places[targets]
        found: F32 = self._weights[np.ix_(rows, columns)]
        return np.where((rows >= 0)[:, None] & (columns >= 0)[None, :], found, np.float32(0.0))

    def state(self) -> State:
        """Arrays that `restore` rebuilds this side from."""
        return {"item_weights": self._weights, "kept": self._kept, "n_products": np.array([self._n_products])}

    @classmethod
    def restore(cls, state: State) -> Self:
        """From its arrays."""
        return cls(
            np.asarray(state["item_weights"], dtype=np.float32),
            np.asarray(state["kept"], dtype=np.int64),
            int(np.asarray(state["n_products"], dtype=np.int64)[0]),
        )


class UserSide:
    """M (r, r) over users and text dimensions, with U = [X; Eᵀ] kept as its two parts."""

    def __init__(self, middle: F32, affinity: Csr, text: F32, diagonal: F32) -> None:
        self._middle, self._text, self._diagonal = middle, text, diagonal
        self._affinity, self._by_product = affinity, affinity.T.tocsr()

    @classmethod
    def fit(cls, data: TrainingData, settings: RecommendSettings) -> Self:
        """Invert over users."""
        affinity, ridge = _balanced(data.affinity)
        ridge *= settings.ridge
        text = data.text if settings.text_weight > 0 else data.text[:, :0]
        n_users, dim = affinity.shape[0], text.shape[1]
        through_text = affinity.dot(text)
        kernel = np.zeros((n_users + dim, n_users + dim), dtype=np.float32)
        kernel[:n_users, :n_users] = affinity.dot(affinity.T).toarray()
        kernel[:n_users, n_users:], kernel[n_users:, :n_users] = through_text, through_text.T
        kernel[n_users:, n_users:] = text.T @ text
        ties = np.asarray(data.ties.T.dot(data.ties).toarray(), dtype=np.float32)
        kernel[:n_users, :n_users] += np.float32(ridge) * _inverse(np.float32(settings.social_weight) * ties, 1.0)
        if dim:
            kernel[range(n_users, n_users + dim), range(n_users, n_users + dim)] += np.float32(1 / settings.text_weight)
        side = cls(_inverse(kernel, 0.0), affinity, text, np.ones(data.affinity.shape[1], dtype=np.float32))
        side._diagonal = side._fitted_diagonal()
        return side

    def score(self, affinity: Csr) -> F32:
        """Predicted affinities, float32 (n, n_products)."""
        through_users = affinity.dot(self._affinity.T).toarray()
        hidden = np.hstack([through_users, affinity.dot(self._text)]).astype(np.float32) @ self._middle
        own = np.asarray(affinity.toarray(), dtype=np.float32)
        # x - (x - xUᵀMU) / diag(I - UᵀMU), as B = I - P / diag(P); r cancels.
        scores: F32 = own - (own - self._spread(hidden)) / self._diagonal
        return scores

    def weights(self, sources: Indices, targets: Indices) -> F32:
        """Item-to-item weights, float32 (n_sources, n_targets), for sources that are not targets."""
        n_users, hidden = self._affinity.shape[0], self._hidden(targets)
        weights = self._by_product[sources].dot(hidden[:, :n_users].T)
        weights += self._text[sources] @ hidden[:, n_users:].T
        scaled: F32 = weights / self._diagonal[targets]
        return scaled

    def state(self) -> State:
        """Arrays that `restore` rebuilds this side from."""
        return {
            "middle": self._middle,
            "text": self._text,
            "diagonal": self._diagonal,
            "affinity_data": self._affinity.data,
            "affinity_indices": self._affinity.indices.astype(np.int64),
            "affinity_indptr": self._affinity.indptr.astype(np.int64),
        }

    @classmethod
    def restore(cls, state: State) -> Self:
        """From its arrays."""
        text = np.asarray(state["text"], dtype=np.float32)
        parts = (state["affinity_data"], state["affinity_indices"], state["affinity_indptr"])
        affinity = sp.csr_matrix(parts, shape=(len(parts[2]) - 1, text.shape[0]))
        return cls(np.asarray(state["middle"], np.float32), affinity, text, np.asarray(state["diagonal"], np.float32))

    def _fitted_diagonal(self) -> F32:
        """diag(I - UᵀMU), by blocks of products."""
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
        """hidden @ U, float32 (n, n_products)."""
        n_users = self._affinity.shape[0]
        spread: F32 = np.ascontiguousarray(self._by_product.dot(hidden[:, :n_users].T).T)
        spread += hidden[:, n_users:] @ self._text.T
        return spread


def _balanced(affinity: Csr) -> tuple[Csr, float]:
    """Affinities with rows of length 1, and the mean square of their non-zero cells (1 where there are none)."""
    lengths = np.sqrt(np.asarray(affinity.multiply(affinity).sum(axis=1)).ravel())
    shares = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0).astype(np.float32)
    balanced = sp.diags(shares).dot(affinity).tocsr()
    return balanced, float(np.mean(np.square(balanced.data), dtype=np.float64)) if balanced.nnz else 1.0


def _inverse(matrix: F32, ridge: float) -> F32:
    """Inverse of a symmetric positive definite matrix plus ridge on its diagonal; overwrites the matrix."""
    matrix[np.diag_indices_from(matrix)] += np.float32(ridge)
    factor, info = scipy.linalg.lapack.spotrf(matrix, lower=1, overwrite_a=1)
    if info != 0:
        raise ValueError(f"matrix of {len(matrix)} rows is not positive definite; a larger ridge makes it so")
    inverse, _ = scipy.linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
    lower = np.tril(inverse)
    full: F32 = lower + np.tril(lower, -1).T
    return full
