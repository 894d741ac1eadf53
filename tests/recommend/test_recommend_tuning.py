"""Tuning: seeded trials of the whole blend, the first of which is what the settings say."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import scipy.sparse as sp

from socialrec.features.data import TrainingData
from socialrec.recommend.training.offline import HeldOut
from socialrec.recommend.training.tuning import Tried, blended_ndcg, tune
from socialrec.settings import RecommendSettings, Settings


@pytest.fixture
def small(settings: Settings) -> Settings:
    return settings.model_copy(update={"recommend": RecommendSettings(factor_dim=2, factor_passes=1, ridge=50.0)})


@pytest.fixture
def held(data: TrainingData) -> HeldOut:
    """Each user is to get the one product of their five that they have not met."""
    rows = np.flatnonzero(np.diff(data.affinity.indptr) > 0)
    seen = sp.csr_matrix(data.affinity[rows] > 0, dtype=np.float32)
    wanted = sp.lil_matrix(seen.shape, dtype=np.float32)
    for place, row in enumerate(seen.toarray()):
        first = 0 if row[:6].any() else 6
        wanted[place, first + int(np.flatnonzero(row[first : first + 5] == 0)[0])] = 1
    return HeldOut(rows, seen, wanted.tocsr())


def test_the_best_of_the_trials_is_used_and_the_first_is_what_the_settings_say(
    data: TrainingData, held: HeldOut, small: Settings
) -> None:
    tried: list[Tried] = []
    found = tune(data, held, small, 4, tried.append)
    assert [each.number for each in tried] == [0, 1, 2, 3]
    assert tried[0].values["ridge"] == pytest.approx(50.0)
    best = max(tried, key=lambda each: each.ndcg)
    assert found.ridge == best.values["ridge"]
    assert blended_ndcg(data, held, small.model_copy(update={"recommend": found})) == best.ndcg


def test_the_same_data_give_the_same_trials(data: TrainingData, held: HeldOut, small: Settings) -> None:
    first, second = [], []
    tune(data, held, small, 3, first.append)
    tune(data, held, small, 3, second.append)
    assert first == second


def test_settings_that_cannot_matter_are_not_tried(data: TrainingData, held: HeldOut, small: Settings) -> None:
    lonely = dataclasses.replace(data, ties=sp.csr_matrix(data.ties.shape, dtype=np.float32))
    tried: list[Tried] = []
    found = tune(lonely, held, small, 1, tried.append)
    assert "social_weight" not in tried[0].values
    assert found.social_weight == small.recommend.social_weight
