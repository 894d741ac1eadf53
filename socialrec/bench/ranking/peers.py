"""Peers of a ranking: the most popular products, neighbours by cosine, implicit ALS alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from socialrec.evaluate.baselines import popular_lists
from socialrec.evaluate.metrics.hits import Ranked
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.blend import TIE_BREAK, Blended
from socialrec.recommend.scores import Scores, SparseScores
from socialrec.recommend.signals.base import UserBlock
from socialrec.recommend.signals.factors import Factors
from socialrec.recommend.signals.linear import rarity
from socialrec.recommend.signals.popularity import Popularity
from socialrec.recommend.training.offline import HeldOut, Scorer, rank
from socialrec.settings import RecommendSettings
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


@dataclass(frozen=True)
class WithPopularity:
    """Peer that breaks ties by popularity, as ours does; otherwise users without history get arbitrary products."""

    peer: Scorer
    popularity: Popularity

    def score(self, block: UserBlock) -> Scores:
        """Score products for users, (n, n_products)."""
        return Blended([self.peer.score(block), self.popularity.score(block)], [1, TIE_BREAK])


def peer_lists(data: FeatureSet, held: HeldOut, k: int, settings: RecommendSettings) -> dict[str, Ranked]:
    """Lists of each peer for the held-out users, by name; implicit ALS with the settings chosen on validation."""
    popularity = Popularity.fit(data, settings)
    rivals: dict[str, Scorer] = {
        "item_knn": ItemKnn.fit(data, settings),
        "implicit_als": Factors.fit(data, settings.model_copy(update={"factor_text": 0.0})),
    }
    lists = {
        name: rank(WithPopularity(peer, popularity), data, held, k, settings).ranked for name, peer in rivals.items()
    }
    return {"popularity": popular_lists(data.popularity, held.seen, k), **lists}
