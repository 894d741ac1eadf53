"""The search for settings and the table of what each signal is worth."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import scipy.sparse as sp

from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.signals import SIGNALS
from socialrec.recommend.signals.trend import Trend
from socialrec.recommend.training.ablation import ablate, measure_each
from socialrec.recommend.training.offline import HeldOut, blend_candidates
from socialrec.recommend.training.search import FIT_SPACES, Search, SearchTrial, search_settings
from socialrec.settings import RecommendSettings, Settings

SPACE = {"regularization": (1.0, 2.0, 4.0, 8.0), "text_weight": (0.0, 0.5, 1.0)}


def peak_at(ridge: float, text_weight: float) -> Search:
    def objective(tried: RecommendSettings) -> float:
        return -abs(np.log2(tried.regularization / ridge)) - abs(tried.text_weight - text_weight)

    return Search(objective, SPACE)


@pytest.mark.parametrize("peak", [(1.0, 0.0), (8.0, 1.0), (2.0, 0.5)])
def test_the_search_climbs_to_the_peak_from_anywhere(peak: tuple[float, float]) -> None:
    for ridge in SPACE["regularization"]:
        found = peak_at(*peak).best(RecommendSettings(regularization=ridge, text_weight=0.0))
        assert (found.regularization, found.text_weight) == peak


def test_no_combination_is_tried_twice_and_fewer_than_a_grid_has() -> None:
    seen = []
    search = Search(lambda tried: seen.append((tried.regularization, tried.text_weight)) or 0.0, SPACE)
    search.best(RecommendSettings(regularization=3.0))
    assert len(seen) == len(set(seen)) < 12


def test_half_steps_find_a_peak_between_two_levels() -> None:
    # Of 2 and 4 the search takes 2, and then their middle, to three digits; texts get half of one level.
    found = peak_at(2.8, 0.25).best(RecommendSettings(regularization=1.0, text_weight=0.0))
    assert (found.regularization, found.text_weight) == (2.83, 0.25)


def test_whole_numbers_have_no_levels_between() -> None:
    search = Search(lambda tried: -abs(tried.factor_dim - 47), {"factor_dim": (32, 64, 128)})
    assert search.best(RecommendSettings(factor_dim=128)).factor_dim == 32
    assert search.trials.keys() == {(128,), (64,), (32,)}


def test_a_start_between_levels_is_a_level_of_its_own_and_other_settings_stay() -> None:
    found = peak_at(4.4, 0.0).best(RecommendSettings(regularization=4.4, text_weight=0.1, list_length=7))
    assert (found.regularization, found.text_weight, found.list_length) == (4.4, 0.0, 7)


def test_no_more_trials_are_made_than_allowed_and_the_best_of_them_is_used() -> None:
    search = peak_at(8.0, 0.0)
    search.max_trials = 3
    assert search.best(RecommendSettings(regularization=1.0, text_weight=0.0)).regularization == 4.0
    assert len(search.trials) == 3
    assert next(iter(search.trials)) == (1.0, 0.0), "the first is what the settings say"


@pytest.fixture
def held(data: FeatureSet) -> HeldOut:
    """Each reader and player is to find the product they lack of their first five."""
    rows = np.array([data.users.to_pylist().index(f"{kind}{i}") for kind in "rs" for i in range(5)])
    seen = sp.csr_matrix(data.affinity[rows] > 0, dtype=np.float32)
    lacking = np.array([0, 1, 2, 3, 4, 6, 7, 8, 9, 10])
    relevant = sp.csr_matrix((np.ones(10, np.float32), (np.arange(10), lacking)), shape=seen.shape)
    return HeldOut(rows, seen, relevant)


def test_settings_that_cannot_matter_are_not_searched(data: FeatureSet, held: HeldOut, settings: Settings) -> None:
    trials: list[SearchTrial] = []
    found = search_settings(lambda tried: data, held, settings, trials.append)
    assert "affinity_exponent" not in trials[0].values
    assert "social_weight" in trials[0].values
    assert found.n_trials["collaborative"] == sum(trial.signal == "collaborative" for trial in trials)


def test_a_signal_without_a_setting_that_matters_is_not_tried(
    data: FeatureSet, held: HeldOut, settings: Settings
) -> None:
    undated = dataclasses.replace(data, trend=np.zeros(len(data.products), dtype=np.float32))
    trials: list[SearchTrial] = []
    spaces = {Trend: Trend.data_space}
    assert search_settings(lambda tried: undated, held, settings, trials.append, spaces=spaces).n_trials == {}
    assert trials == []


def test_a_training_searches_what_a_fit_alone_depends_on_within_its_trials(
    data: FeatureSet, held: HeldOut, settings: Settings
) -> None:
    trials: list[SearchTrial] = []
    found = search_settings(lambda tried: data, held, settings, trials.append, spaces=FIT_SPACES, max_trials=3)
    assert [trial.number for trial in trials] == [0, 1, 2]
    assert trials[0].values["regularization"] == settings.recommend.regularization
    assert not {"affinity_exponent", "trend_half_life"} & trials[0].values.keys()
    assert found.n_trials == {"collaborative": 2, "factors": 1}


def test_the_table_tells_each_signal_alone_and_what_is_lost_without_it(
    data: FeatureSet, held: HeldOut, settings: Settings
) -> None:
    weights = {kind.name: 0.0 for kind in SIGNALS} | {"collaborative": 0.9, "popularity": 0.1}
    # Without the two products that nobody met, which a closed form of twelve products likes best.
    known = settings.recommend.model_copy(update={"new_product_weight": 0.0})
    everything = Recommender.fit(data, known, dict.fromkeys(weights, 1.0), ModelInfo(""))
    recommender = everything.with_weights(weights)
    candidates = blend_candidates(recommender, data, held, settings)
    figures = measure_each(recommender, data, held, settings)
    rows = ablate(recommender, data, held, settings, known=candidates, figures=figures)
    table = {row.signal: row for row in rows}
    # This shop has no pictures.
    assert list(table) == [kind.name for kind in SIGNALS if kind.name != "looks"]
    assert table["collaborative"].weight == 0.9
    assert table["collaborative"].alone == 1.0
    assert table["sequence"].alone < 1.0
    # A signal of weight 0 is not missed.
    assert table["sequence"].without == table["content"].without == 1.0
