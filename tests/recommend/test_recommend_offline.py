"""Blocks of users in parallel: the same results in the same order on any machine."""

from __future__ import annotations

import os
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from two_circles import N_USERS, every_signal, shop

from socialrec.recommend.signals.base import UserBlock
from socialrec.recommend.training import fits, offline
from socialrec.recommend.training.blend_weights import learn_weights
from socialrec.recommend.training.fits import measured_blend
from socialrec.recommend.training.offline import blend_candidates, map_blocks, rank
from socialrec.settings import RecommendSettings, Settings

CORES = (1, 2, 7)


def with_cores(monkeypatch: pytest.MonkeyPatch, n_cores: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(n_cores)))


def test_results_come_in_the_order_of_the_blocks_though_the_first_one_takes_longest() -> None:
    features, _ = shop(tied=True)

    def first_row(at: slice, block: UserBlock) -> tuple[int, int]:
        time.sleep(0.1 if at.start == 0 else 0.0)
        return at.start, block.n_users

    found = map_blocks(first_row, features, np.arange(N_USERS), block_users=30, n_threads=3)
    assert found == [(0, 30), (30, 30), (60, 20)]


def test_every_number_of_cores_learns_the_same_weights(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    features, held = shop(tied=True)
    monkeypatch.setattr(RecommendSettings, "users_per_block", lambda _, n_products, at_once: 84 // at_once)
    model, learned = every_signal(features), []
    for n_cores in CORES:
        with_cores(monkeypatch, n_cores)
        known = blend_candidates(model, features, held, settings)
        assert [len(block.n_relevant) for block in known] == [7] * 11 + [3]
        learned.append(learn_weights(known, len(model.signals), 10))
    assert learned[0] == learned[1] == learned[2]


def test_every_number_of_cores_ranks_the_same_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    features, held = shop(tied=True)
    lists = []
    for n_cores in CORES:
        with_cores(monkeypatch, n_cores)
        lists.append(rank(every_signal(features), features, held, 5, RecommendSettings(block_users=7)).ranked)
    assert_array_equal(lists[0], lists[1])
    assert_array_equal(lists[0], lists[2])


def test_the_blend_and_each_signal_are_measured_on_the_same_sample_of_the_users(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (offline, fits):
        monkeypatch.setattr(module, "MAX_BLEND_USERS", 12)
    features, held = shop(tied=True)
    small = settings.model_copy(update={"recommend": RecommendSettings(factor_dim=4, factor_iterations=2)})
    figures = measured_blend(features, held, small).figures
    assert set(figures) >= {"blend", "collaborative", "popularity", "social"}
    assert {values["n_users"] for values in figures.values()} == {12}
