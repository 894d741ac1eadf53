"""Factors of products that ties have a part in: friends are further columns beside products.

Implicit ALS on [X | w S], where S has the ties of each user, 1 in their mean: users who know the same people get near
each other, as those who like the same products do, and so do their products (Ma et al., "SoRec: social recommendation
using probabilistic matrix factorization", CIKM 2008, here with implicit ALS). A model keeps no user: at scoring a
friend's vector is solved from the vectors of those who know them, as far as their products tell. A user without
products is solved from the products of their neighbours, because a training hides products to learn about newcomers.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.scores import InnerProductScores, Scores, SparseScores
from socialrec.recommend.signals.base import Space, State, UserBlock
from socialrec.recommend.signals.factors import Factors, FoldIn, learn_columns, scaled_to_mean
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import F32, Csr


class TieFactors(Factors):
    """Score = user vector times product vector; user vectors are solved from each block's products and ties."""

    name: ClassVar[str] = "tie_factors"
    reason: ClassVar[ReasonKind] = ReasonKind.BECAUSE_YOU
    space: ClassVar[Space] = {}

    def __init__(self, products: F32, unobserved_weight: float, regularization: float, mean: float, tie: float) -> None:
        super().__init__(products, unobserved_weight, regularization, mean)
        self.tie = tie
        self._newest: tuple[FeatureSet, FoldIn] | None = None

    @classmethod
    def fit(cls, data: FeatureSet, settings: RecommendSettings) -> Self:
        """Fit with the settings of the factors; without ties nothing is fitted, and all products score 0."""
        observed, mean = scaled_to_mean(data.affinity)
        weight, regularization, tie = (
            settings.factor_unobserved_weight,
            settings.factor_regularization,
            settings.factor_ties,
        )
        if data.ties.nnz and tie:
            products = learn_columns([observed, _friends(data.ties, tie)], data.text, settings)[0]
        else:
            products = np.zeros((data.affinity.shape[1], 1), dtype=np.float32)
        return cls(products, weight, regularization, mean, tie)

    def score(self, block: UserBlock) -> Scores:
        """Score products, (n, n_products); zeros for a user without affinities and neighbours."""
        if not self.products.any():
            return SparseScores(sp.csr_matrix(block.affinity.shape, dtype=np.float32))
        observed = sp.hstack([self.observed(block.affinity), _friends(block.ties, self.tie)], format="csr")
        users, is_new = self._fold_with_friends(block).users(observed), np.diff(block.affinity.indptr) == 0
        if is_new.any():
            users[is_new] = self.fold.users(self.observed(block.from_neighbours(is_new)))[is_new]
        return InnerProductScores(users, self.vectors)

    def _fold_with_friends(self, block: UserBlock) -> FoldIn:
        """Solver from products and friends, whose vectors are those that their followers' products give."""
        features = block.features
        if self._newest is None or self._newest[0] is not features:
            affinity = features.affinity if block.columns is None else features.affinity[:, block.columns]
            followers = self.fold.users(self.observed(affinity), np.float32)
            friends = FoldIn(followers, self.unobserved_weight, self.regularization)
            columns = friends.users(_friends(features.ties, self.tie).T.tocsr(), np.float32)
            both = FoldIn(np.vstack([self.products, columns]), self.unobserved_weight, self.regularization)
            self._newest = features, both
        return self._newest[1]

    def state(self) -> State:
        """Product vectors and the weights with which user vectors are solved."""
        weights = [self.unobserved_weight, self.regularization, self.mean, self.tie]
        return {"products": self.products, "weights": np.array(weights)}

    @classmethod
    def restore(cls, state: State) -> Self:
        """Restore from its arrays."""
        weights = (float(weight) for weight in np.asarray(state["weights"], np.float64))
        return cls(np.asarray(state["products"], np.float32), *weights)


def _friends(ties: Csr, weight: float) -> Csr:
    """Cells of friends, csr float32 (n, n_users): ties by their weight relative to products."""
    return (np.float32(weight) * friends_of(ties)).tocsr()


def friends_of(ties: Csr) -> Csr:
    """Ties of each user, 1 in the mean of the user's own, csr float32 (n_users, n_users)."""
    return sp.diags(np.diff(ties.indptr).astype(np.float32)).dot(ties).tocsr()
