"""Factors of products that ties have a part in: friends are further columns beside products.

Implicit ALS on [X | w S], where S has the ties of each user, 1 in their mean: users who know the same people get near
each other, as those who like the same products do, and so do their products (Ma et al., "SoRec: social recommendation
using probabilistic matrix factorization", CIKM 2008, here with implicit ALS). A model keeps the products alone: at
scoring a user is solved from the own products, and one without any from those of the neighbours. So a score needs the
rows of the user and of those neighbours, and no row of anybody who knows the same people.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.scores import InnerProductScores, Scores, SparseScores
from socialrec.recommend.signals.base import Space, UserBlock
from socialrec.recommend.signals.factors import Factors, learn_columns, scaled_to_mean
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import Csr


class TieFactors(Factors):
    """Score = user vector times product vector; user vectors are solved from the user's products alone."""

    name: ClassVar[str] = "tie_factors"
    reason: ClassVar[ReasonKind] = ReasonKind.BECAUSE_YOU
    space: ClassVar[Space] = {}

    @classmethod
    def fit(cls, data: FeatureSet, settings: RecommendSettings) -> Self:
        """Fit with the settings of the factors; without ties nothing is fitted, and all products score 0."""
        observed, mean = scaled_to_mean(data.affinity)
        if data.ties.nnz and settings.factor_ties:
            products = learn_columns([observed, _friends(data.ties, settings.factor_ties)], data.text, settings)[0]
        else:
            products = np.zeros((data.affinity.shape[1], 1), dtype=np.float32)
        return cls(products, settings.factor_unobserved_weight, settings.factor_regularization, mean)

    def score(self, block: UserBlock) -> Scores:
        """Score products, (n, n_products); zeros for a user without affinities and neighbours."""
        if not self.products.any():
            return SparseScores(sp.csr_matrix(block.affinity.shape, dtype=np.float32))
        users, is_new = self.fold.users(self.observed(block.affinity)), np.diff(block.affinity.indptr) == 0
        if is_new.any():
            users[is_new] = self.fold.users(self.observed(block.from_neighbours(is_new)))[is_new]
        return InnerProductScores(users, self.vectors)


def _friends(ties: Csr, weight: float) -> Csr:
    """Cells of friends, csr float32 (n, n_users): ties by their weight relative to products."""
    return (np.float32(weight) * friends_of(ties)).tocsr()


def friends_of(ties: Csr) -> Csr:
    """Ties of each user, 1 in the mean of the user's own, csr float32 (n_users, n_users)."""
    return sp.diags(np.diff(ties.indptr).astype(np.float32)).dot(ties).tocsr()
