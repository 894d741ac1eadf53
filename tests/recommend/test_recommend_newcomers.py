"""Users without products: a blend of their own, learned on users whose products are hidden."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from two_circles import N_USERS, every_signal, shop

from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.signals import SIGNALS
from socialrec.recommend.signals.base import UserBlock
from socialrec.recommend.training.newcomers import learn_newcomer_weights, without_products
from socialrec.settings import RecommendSettings, Settings

TASTE = dict.fromkeys((signal.name for signal in SIGNALS), 0.0) | {"collaborative": 1.0}


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
