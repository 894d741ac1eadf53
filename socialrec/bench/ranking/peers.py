"""Peers of a ranking: the most popular products, neighbours by cosine and by BM25, implicit ALS alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.sparse as sp

from socialrec.evaluate.baselines import popular_lists
from socialrec.evaluate.measure import measure
from socialrec.evaluate.metrics.hits import Ranked
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.blend import TIE_BREAK, Blended
from socialrec.recommend.scores import Scores, SparseScores
from socialrec.recommend.signals.base import UserBlock
from socialrec.recommend.signals.factors import Factors
from socialrec.recommend.signals.linear import rarity, strongest
from socialrec.recommend.signals.popularity import Popularity
from socialrec.recommend.training.offline import HeldOut, Scorer, rank
from socialrec.recommend.training.search import SEARCH_USERS
from socialrec.settings import RecommendSettings, Settings
from socialrec.vectors.arrays import Csr


class ItemKnn:
    """Sum of cosines between a product and the user's products (Sarwar et al., WWW 2001), all neighbours."""

    name = "item_knn"

    def __init__(self, cosines: Csr) -> None:
        self.cosines = cosines

    @classmethod
    def fit(cls, data: FeatureSet, settings: RecommendSettings) -> ItemKnn:
        """Compute the cosines between products, all affinities taken as 1."""
        del settings
        touched = sp.csr_matrix(data.affinity > 0, dtype=np.float32).dot(sp.diags(rarity(data.popularity, 0.5)))
        cosines = touched.T.dot(touched).tocsr()
        cosines.setdiag(0.0)
        return cls(cosines)

    def score(self, block: UserBlock) -> Scores:
        """Score products for users, (n, n_products)."""
        return SparseScores(sp.csr_matrix(block.affinity > 0, dtype=np.float32).dot(self.cosines))


K1, B = 1.2, 0.75
"""Constants of BM25, at their usual values (Robertson and Zaragoza, "The probabilistic relevance framework", 2009)."""
NEIGHBOURS = (20, 50, 100, 200)
"""Levels of the number of neighbours, chosen on validation."""


def bm25(rows: Csr, like: Csr) -> Csr:
    """Weights of a matrix of counts by BM25, where each row is a document and each column a term of the matrix `like`.

    Both have the same columns; rarity of terms and the mean length of documents are those of `like`.
    """
    n_with = np.bincount(like.indices, minlength=like.shape[1])
    rarity_of = np.log(like.shape[0] / (1.0 + n_with))
    mean_length = max(float(like.sum()) / max(like.shape[0], 1), 1e-9)
    lengths = np.asarray(rows.sum(axis=1)).ravel()
    norm = np.repeat(1.0 - B + B * lengths / mean_length, np.diff(rows.indptr))
    weighted = rows.copy()
    weighted.data = (rows.data * (K1 + 1.0) / (K1 * norm + rows.data) * rarity_of[rows.indices]).astype(np.float32)
    return weighted


class Bm25ItemKnn:
    """Sum of BM25-weighted inner products between a product and the user's products, over each one's k nearest."""

    name = "bm25_item_knn"

    def __init__(self, near: Csr) -> None:
        self.near = near

    @classmethod
    def fit(cls, data: FeatureSet, k: int) -> Self:
        """Find the k nearest products of each, where a product's users are its terms."""
        products = sp.csr_matrix(data.affinity > 0, dtype=np.float32).T.tocsr()
        weighted = bm25(products, products)
        near = weighted.dot(weighted.T).tocsr()
        near.setdiag(0.0)
        return cls(strongest(near, k))

    def score(self, block: UserBlock) -> Scores:
        """Score products for users, (n, n_products)."""
        return SparseScores(sp.csr_matrix(block.affinity > 0, dtype=np.float32).dot(self.near).tocsr())


class Bm25UserKnn:
    """Products of the k users of nearest BM25-weighted taste, each user by that nearness."""

    name = "bm25_user_knn"

    def __init__(self, touched: Csr, k: int) -> None:
        self.touched, self.k = touched, k
        self._weighted = bm25(touched, touched)

    @classmethod
    def fit(cls, data: FeatureSet, k: int) -> Self:
        """Keep all users, whose products are their terms."""
        return cls(sp.csr_matrix(data.affinity > 0, dtype=np.float32), k)

    def score(self, block: UserBlock) -> Scores:
        """Score products for users, (n, n_products)."""
        own = bm25(sp.csr_matrix(block.affinity > 0, dtype=np.float32), self.touched)
        near = strongest(own.dot(self._weighted.T), self.k)
        return SparseScores(near.dot(self.touched).tocsr())


TUNED = (Bm25ItemKnn, Bm25UserKnn)


@dataclass(frozen=True)
class WithPopularity:
    """Peer that breaks ties by popularity, as ours does; otherwise users without history get arbitrary products."""

    peer: Scorer
    popularity: Popularity

    def score(self, block: UserBlock) -> Scores:
        """Score products for users, (n, n_products)."""
        return Blended([self.peer.score(block), self.popularity.score(block)], [1, TIE_BREAK])


def choose_neighbours(data: FeatureSet, held: HeldOut, settings: Settings) -> dict[str, int]:
    """Choose the number of neighbours of each peer that has one, for its NDCG on validation pairs."""
    cutoff, popularity = settings.evaluate.cutoff, Popularity.fit(data, settings.recommend)
    held = held.sample(SEARCH_USERS, settings.evaluate.seed)

    def ndcg(kind: type[Bm25ItemKnn] | type[Bm25UserKnn], k: int) -> float:
        scorer = WithPopularity(kind.fit(data, k), popularity)
        return measure(rank(scorer, data, held, cutoff, settings.recommend).ranked, held.relevant, cutoff)[
            f"ndcg_at_{cutoff}"
        ]

    return {kind.name: max(NEIGHBOURS, key=lambda k: (ndcg(kind, k), -k)) for kind in TUNED}


def peer_lists(
    data: FeatureSet, held: HeldOut, k: int, settings: RecommendSettings, neighbours: Mapping[str, int]
) -> dict[str, Ranked]:
    """Lists of each peer for the held-out users, by name; implicit ALS with the settings chosen on validation."""
    popularity = Popularity.fit(data, settings)
    rivals: dict[str, Scorer] = {
        "item_knn": ItemKnn.fit(data, settings),
        "implicit_als": Factors.fit(data, settings.model_copy(update={"factor_text": 0.0})),
        **{kind.name: kind.fit(data, neighbours[kind.name]) for kind in TUNED},
    }
    lists = {
        name: rank(WithPopularity(peer, popularity), data, held, k, settings).ranked for name, peer in rivals.items()
    }
    return {"popularity": popular_lists(data.popularity, held.seen, k), **lists}
