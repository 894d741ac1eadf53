"""Products that a model has not learned from, scored as mixtures of the known products that they resemble.

A fitted signal has nothing of a product that nobody had met when it was fitted. Its scores are predicted from the
product's text and pictures, by ridge regression of the known products' scores on theirs (Gantner et al., "Learning
attribute-to-feature mappings for cold-start recommendations", ICDM 2010). The prediction is linear in the known scores,
so that one mixture of known products serves every signal:

    S = T (Kᵀ W K + r I)⁻¹ Kᵀ W

with the contents T of the new products and K of the known ones, whose weights W are the fourth roots of their users,
and r 3% of the mean diagonal. A content is the vectors of text and pictures side by side, scaled to length 1, so that
each of both counts half and what a product lacks counts nothing. The `new_product_neighbours` largest shares of each
row are kept. Where contents say little a prediction is near 0, the score of a product that nothing is known of.
`new_product_weight` scales the mixtures so that new products neither flood the lists nor vanish; a training calibrates
it on its validation window. A signal that counts users takes as many for a new product as its mixture predicts, until
it has more of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sp

from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.scores import DenseScores, InnerProductScores, Scores, SparseScores, Vectors
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import ABSENT, F32, Csr, Flags, Indices, csr, positions, unit_rows

RIDGE = 0.03
"""Ridge of the regression, as a share of the mean diagonal of its matrix."""
TRUST = 0.25
"""Power of a known product's users that it weighs in the regression."""
BLOCK_PRODUCTS = 1_024
"""New products whose shares of all known ones are held at a time."""


@dataclass(frozen=True)
class Mixing:
    """Settings of the mixtures: how many known products at most, and the weight of the whole."""

    n_neighbours: int
    weight: float

    def __post_init__(self) -> None:
        if self.n_neighbours < 1 or not 0 <= self.weight < np.inf:
            raise ValueError(f"new products cannot be mixed of {self.n_neighbours} others at weight {self.weight}")

    @classmethod
    def of(cls, settings: RecommendSettings) -> Self:
        """Read the settings."""
        return cls(settings.new_product_neighbours, settings.new_product_weight)


@dataclass(frozen=True)
class LearnedProducts:
    """Products that a model was fitted on.

    ids: (n_products,). users: float32 (n_products,), users of each. mixing: of those with users into new ones.
    """

    ids: pa.Array
    users: F32
    mixing: Mixing

    @property
    def known(self) -> Flags:
        """Products that somebody had met, bool (n_products,)."""
        return self.users > 0


@dataclass(frozen=True)
class NewProducts:
    """Products of a feature set by those of a model.

    columns: int64 (n_model,), the number of each of the model's products in the features. is_new: bool (n_products,).
    mixtures: csr float32 (n_products, n_model): a one for a known product, shares of its neighbours for a new one.
    """

    columns: Indices
    is_new: Flags
    mixtures: Csr

    @classmethod
    def of(cls, features: FeatureSet, learned: LearnedProducts) -> Self:
        """Find the new products of the features, which have all the products that the model was fitted on."""
        known, mixing = learned.known, learned.mixing
        columns = positions(learned.ids, features.products)
        place = np.full(len(features.products), ABSENT, dtype=np.int64)
        place[columns[known]] = np.flatnonzero(known)
        is_new = place == ABSENT
        users = np.zeros(len(is_new), dtype=np.float32)
        users[columns] = learned.users
        neighbours = mixtures_of(contents_of(features), users, np.flatnonzero(is_new), mixing.n_neighbours)
        own, model = np.flatnonzero(~is_new), len(known)
        ones = sp.csr_matrix((np.ones(len(own), np.float32), (own, place[own])), (len(is_new), model))
        mixed = neighbours.tocoo()
        weights = np.float32(mixing.weight) * mixed.data
        mixtures = ones + sp.csr_matrix((weights, (mixed.row, place[mixed.col])), (len(is_new), model))
        return cls(columns, is_new, mixtures.tocsr())

    @property
    def is_needed(self) -> bool:
        """True where the features have other products than the model, or one that it has not learned from."""
        return bool(self.is_new.any()) or not np.array_equal(self.columns, np.arange(len(self.is_new)))

    def vectors(self, vectors: Vectors) -> Vectors:
        """Vectors of all products from those of the model's."""
        return Vectors(np.asarray(self.mixtures.dot(vectors.values), dtype=np.float32))

    def at_least(self, vectors: Vectors) -> Vectors:
        """Vectors of all products, where no new one is below what is predicted for it: the mean and its mixture of the
        differences from that.
        """
        known = vectors.values[~self.is_new]
        mean = known.mean(axis=0) if len(known) else np.zeros(1, dtype=np.float32)
        predicted = mean + self.mixtures.dot(vectors.values[self.columns] - mean)
        raised = np.where(self.is_new[:, None], np.maximum(vectors.values, predicted), vectors.values)
        return Vectors(raised.astype(np.float32))

    def scores(self, scores: Scores) -> Scores:
        """Scores of all products from those of the model's."""
        if isinstance(scores, InnerProductScores):
            return InnerProductScores(scores.users, self.vectors(scores.vectors))
        if isinstance(scores, SparseScores):
            return SparseScores(scores.cells.dot(self.mixtures.T.tocsr()).tocsr())
        assert isinstance(scores, DenseScores)
        dense = self.mixtures[:, scores.columns]
        columns = np.flatnonzero(np.diff(dense.indptr))
        values = np.ascontiguousarray(dense[columns].dot(scores.values.T).T)
        return DenseScores(values, columns, len(self.is_new))


def contents_of(features: FeatureSet) -> F32:
    """Vectors of texts and pictures side by side, float32 (n_products, dim): unit rows, or zeros without either."""
    if not features.looks.shape[1]:
        return features.text
    return unit_rows(np.hstack([features.text, features.looks]))


def mixtures_of(contents: F32, users: F32, new: Indices, n_kept: int) -> Csr:
    """Shares of the known products in each new one, csr float32 (n_products, n_products); empty without content.

    users: float32 (n_products,), users of each known product, 0 for new ones.
    """
    known = np.flatnonzero((users > 0) & contents.any(axis=1))
    new = new[contents[new].any(axis=1)]
    shape = (len(contents), len(contents))
    if not len(known) or not len(new):
        return sp.csr_matrix(shape, dtype=np.float32)
    known_contents = contents[known].astype(np.float64)
    weighted = known_contents * np.power(users[known].astype(np.float64), TRUST)[:, None]
    gram = known_contents.T @ weighted
    gram[np.diag_indices_from(gram)] += RIDGE * np.trace(gram) / len(gram)
    mapping = np.linalg.solve(gram, weighted.T)
    width = min(n_kept, len(known))
    kept = [_largest(contents[part].astype(np.float64) @ mapping, width) for part in _parts(new)]
    columns, shares = (np.concatenate(each).ravel() for each in zip(*kept, strict=True))
    return csr(shares, np.repeat(new, width), known[columns], shape)


def _parts(numbers: Indices) -> list[Indices]:
    return [numbers[start : start + BLOCK_PRODUCTS] for start in range(0, len(numbers), BLOCK_PRODUCTS)]


def _largest(shares: npt.NDArray[np.float64], width: int) -> tuple[Indices, npt.NDArray[np.float64]]:
    """Columns and values of the largest shares of each row by size, (n, width) each."""
    best = np.argpartition(-np.abs(shares), width - 1, axis=1)[:, :width]
    return best, np.take_along_axis(shares, best, axis=1)
