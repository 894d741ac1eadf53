"""Users without products: a blend of their own, learned on users whose products are hidden."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp

from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.signals import SIGNALS
from socialrec.recommend.signals.base import UserBlock
from socialrec.recommend.training.newcomers import learn_newcomer_weights, without_products
from socialrec.recommend.training.offline import HeldOut
from socialrec.settings import RecommendSettings, Settings

N_USERS, N_PRODUCTS = 80, 20
TASTE = dict.fromkeys((signal.name for signal in SIGNALS), 0.0) | {"collaborative": 1.0}


def shop(*, tied: bool) -> tuple[FeatureSet, HeldOut]:
    """Two circles of forty users; each likes three of the ten products of its circle, one more is held out."""
    rng = np.random.default_rng(4)
    circle = np.arange(N_USERS) % 2
    likes = np.stack([10 * side + rng.permutation(10)[:4] for side in circle])
    rows = np.arange(N_USERS)
    ones = np.ones(3 * N_USERS, np.float32)
    affinity = sp.csr_matrix((ones, (np.repeat(rows, 3), likes[:, :3].ravel())), (N_USERS, N_PRODUCTS))
    same = (circle[:, None] == circle[None, :]) & ~np.eye(N_USERS, dtype=np.bool_)
    ties = sp.csr_matrix((same / same.sum(axis=1, keepdims=True)).astype(np.float32) * np.float32(tied))
    ties.eliminate_zeros()
    relevant = sp.csr_matrix((np.ones(N_USERS, np.float32), (rows, likes[:, 3])), (N_USERS, N_PRODUCTS))
    features = FeatureSet(
        users=pa.array([f"u{user:02}" for user in rows]),
        products=pa.array([f"p{product:02}" for product in range(N_PRODUCTS)]),
        affinity=affinity,
        recency=sp.csr_matrix((N_USERS, N_PRODUCTS), dtype=np.float32),
        opinions=sp.csr_matrix((N_USERS, N_PRODUCTS), dtype=np.float32),
        ties=ties,
        communities=np.full(N_USERS, -1),
        community_likes=sp.csr_matrix((1, N_PRODUCTS), dtype=np.float32),
        words=np.zeros((N_USERS, 2), dtype=np.float32),
        cares=np.zeros((N_USERS, 1), dtype=np.float32),
        praise=np.zeros((N_PRODUCTS, 1), dtype=np.float32),
        text=np.zeros((N_PRODUCTS, 2), dtype=np.float32),
        looks=np.zeros((N_PRODUCTS, 0), dtype=np.float32),
        popularity=np.asarray((affinity > 0).sum(axis=0), dtype=np.float32).ravel(),
        trend=np.zeros(N_PRODUCTS, dtype=np.float32),
        category=np.full(N_PRODUCTS, -1),
    )
    return features, HeldOut(rows, affinity, relevant)


def every_signal(features: FeatureSet) -> Recommender:
    equal = {signal.name: 1.0 / len(SIGNALS) for signal in SIGNALS}
    return Recommender.fit(features, RecommendSettings(factor_dim=4), equal, ModelInfo(""))


def test_users_with_ties_alone_are_served_by_their_ties(settings: Settings) -> None:
    features, held = shop(tied=True)
    weights = learn_newcomer_weights(every_signal(features), features, held, settings)
    assert weights is not None
    assert weights["social"] == max(weights.values())
    assert weights["collaborative"] == weights["factors"] == weights["content"] == 0
    assert sum(weights.values()) == pytest.approx(1, abs=1e-5)


def test_where_nobody_has_ties_or_words_there_is_nothing_to_learn(settings: Settings) -> None:
    features, held = shop(tied=False)
    assert learn_newcomer_weights(every_signal(features), features, held, settings) is None


def test_weights_of_the_settings_are_kept(settings: Settings) -> None:
    features, held = shop(tied=True)
    given = settings.model_copy(update={"recommend": RecommendSettings(newcomer_weights={"trend": 1.0})})
    assert learn_newcomer_weights(every_signal(features), features, held, given) == {"trend": 1.0}


def test_a_user_without_products_is_scored_by_the_newcomers_weights_and_no_other_is() -> None:
    features, _ = shop(tied=True)
    chosen = RecommendSettings(newcomer_weights={"social": 1.0})
    model, plain = (
        Recommender.fit(features, settings, TASTE, ModelInfo("")) for settings in (chosen, RecommendSettings())
    )
    assert [signal.name for signal in model.signals] == ["collaborative", "popularity", "social"]
    first = sp.diags((np.arange(N_USERS) > 0).astype(np.float32)).dot(features.affinity).tocsr()
    first.eliminate_zeros()
    block = UserBlock.of(dataclasses.replace(features, affinity=first), np.array([0, 1]))
    scores = model.score(block).full()
    assert scores[0, :10].min() > scores[0, 10:].max()
    assert scores[1] == pytest.approx(plain.score(block).full()[1], abs=1e-6)


def test_newcomers_weights_are_saved_with_the_model(tmp_path: Path) -> None:
    features, _ = shop(tied=True)
    model = Recommender.fit(features, RecommendSettings(newcomer_weights={"social": 1.0}), TASTE, ModelInfo(""))
    model.save(tmp_path)
    assert Recommender.load(tmp_path).newcomer_weights == {"social": 1.0}


def test_a_hidden_user_keeps_ties_and_words() -> None:
    features, _ = shop(tied=True)
    block = UserBlock.of(features, np.array([3]))
    hidden = without_products(block)
    assert (hidden.affinity.nnz, hidden.recency.nnz) == (0, 0)
    assert hidden.ties is block.ties
    assert hidden.words is block.words
