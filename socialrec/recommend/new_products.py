"""Products that a model has not learned from, scored as mixtures of the known products that they resemble.

A fitted signal has nothing of a product that nobody had met when it was fitted. Its score for such a product is the
mean of its scores for the `new_product_neighbours` known products of the nearest texts, weighted by their cosines. So a
signal that is sure of a kind of product is sure of its new ones, and where texts say little the mean is near the
average: a new product neither floods the lists nor vanishes. A signal that counts users takes as many for a new product
as the mixture has, until it has more of its own. `new_product_weight` scales the mixtures; a training
chooses it on validation. Products without text get 0, the score of a product that nothing is known of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.scores import DenseScores, InnerProductScores, Scores, SparseScores, Vectors
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import ABSENT, F32, Csr, Flags, Indices, positions
from socialrec.vectors.exact_topk import TopKIndex


@dataclass(frozen=True)
class Mixing:
    """Mixture of known products that stands for a new one: how many at most, and the weight of the whole."""

    n_neighbours: int
    weight: float

    @classmethod
    def of(cls, settings: RecommendSettings) -> Self:
        """Read the settings."""
        return cls(settings.new_product_neighbours, settings.new_product_weight)


@dataclass(frozen=True)
class LearnedProducts:
    """Products that a model was fitted on.

    ids: (n_products,). known: bool (n_products,), those that somebody had met. mixing: of them into new ones.
    """

    ids: pa.Array
    known: Flags
    mixing: Mixing


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
        neighbours = nearest(features.text, np.flatnonzero(is_new), columns[known], mixing.n_neighbours)
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
        """Vectors of all products, where no new one is below the mixture of those that it resembles."""
        mixed = self.mixtures.dot(vectors.values[self.columns])
        return Vectors(np.maximum(vectors.values, np.asarray(mixed, dtype=np.float32)))

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


def nearest(text: F32, new: Indices, known: Indices, n_neighbours: int) -> Csr:
    """Shares of the known products of nearest text in each new one, csr float32 (n_products, n_products).

    Rows add up to 1, and are empty for products without text. Shares are in proportion to positive cosines.
    """
    described = known[text[known].any(axis=1)]
    new = new[text[new].any(axis=1)]
    shape = (len(text), len(text))
    if not len(described) or not len(new):
        return sp.csr_matrix(shape, dtype=np.float32)
    k = min(n_neighbours, len(described))
    found = list(TopKIndex(text[described]).top_k(text[new], k, n_threads=1))
    products = np.concatenate([block.products for block in found])
    cosines = np.maximum(np.concatenate([block.scores for block in found]), 0.0).astype(np.float32)
    sums = cosines.sum(axis=1, keepdims=True)
    shares = np.divide(cosines, sums, out=np.zeros_like(cosines), where=sums > 0)
    rows = np.repeat(new, k)
    matrix = sp.csr_matrix((shares.ravel(), (rows, described[products.ravel()])), shape=shape)
    matrix.eliminate_zeros()
    return matrix
