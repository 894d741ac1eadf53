"""Factors that ties have a part in: friends are columns beside products."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import scipy.sparse as sp

from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.signals.base import UserBlock
from socialrec.recommend.signals.tie_factors import TieFactors, friends_of
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import Csr

SETTINGS = RecommendSettings(factor_dim=4, factor_text=0.0)


def csr_of(rows: list[list[float]]) -> Csr:
    return sp.csr_matrix(np.array(rows, dtype=np.float32))


def scores_of(data: FeatureSet, settings: RecommendSettings = SETTINGS) -> np.ndarray:
    block = UserBlock.of(data, np.arange(len(data.users)))
    return TieFactors.fit(data, settings).score(block).full()


def without_ties(data: FeatureSet) -> FeatureSet:
    return dataclasses.replace(data, ties=sp.csr_matrix(data.ties.shape, dtype=np.float32))


def test_ties_of_a_user_weigh_one_in_the_mean() -> None:
    # The first follows two, one of them thrice as strongly.
    shares = csr_of([[0, 0.75, 0.25], [1, 0, 0], [0, 0, 0]])
    assert friends_of(shares).toarray().tolist() == [[0, 1.5, 0.5], [1, 0, 0], [0, 0, 0]]


def test_a_user_without_products_gets_what_neighbours_like(data: FeatureSet) -> None:
    new = data.users.to_pylist().index("friend")
    assert data.affinity[new].nnz == 0
    scores = scores_of(data)[new]
    # The only neighbour likes the first five.
    assert scores[:5].min() > 0.5 > scores[5:].max()


def test_people_who_know_the_same_person_get_each_others_products(data: FeatureSet) -> None:
    # Each of six users has one product of their own; three follow one person, the others another. Two dimensions are
    # too few to tell apart more than that.
    n_users, n_products = data.affinity.shape
    own, followed = np.arange(6), 6 + np.arange(6) % 2
    affinity = sp.csr_matrix((np.ones(6, np.float32), (own, own)), (n_users, n_products))
    ties = sp.csr_matrix((np.ones(6, np.float32), (own, followed)), (n_users, n_users))
    shop = dataclasses.replace(data, affinity=affinity, ties=ties)
    settings = SETTINGS.model_copy(update={"factor_dim": 2, "factor_regularization": 0.1})
    scores = scores_of(shop, settings)
    for user in own:
        assert scores[user, user % 2 : 6 : 2].min() > 0.5 > scores[user, 1 - user % 2 : 6 : 2].max()


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_without_ties_or_weight_nothing_is_fitted_and_all_products_score_0(data: FeatureSet, weight: float) -> None:
    shop = data if weight == 0 else without_ties(data)
    settings = SETTINGS.model_copy(update={"factor_ties": weight})
    assert TieFactors.fit(shop, settings).products.shape == (len(data.products), 1)
    assert not scores_of(shop, settings).any()


def test_a_score_depends_on_no_other_users_but_neighbours(data: FeatureSet) -> None:
    fitted, reader = TieFactors.fit(data, SETTINGS), np.array([data.users.to_pylist().index("r1")])
    nobody = dataclasses.replace(data, affinity=data.affinity * 0, ties=data.ties * 0)
    alone = dataclasses.replace(UserBlock.of(data, reader), features=nobody)
    assert np.array_equal(fitted.score(alone).full(), fitted.score(UserBlock.of(data, reader)).full())


def test_a_model_keeps_no_user(data: FeatureSet) -> None:
    state = TieFactors.fit(data, SETTINGS).state()
    assert {name: array.shape for name, array in state.items()} == {
        "products": (len(data.products), 4),
        "weights": (3,),
    }
