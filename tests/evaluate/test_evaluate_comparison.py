"""Intervals, paired tests, slices, and two models side by side."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.sparse as sp

from socialrec.evaluate.bootstrap import mean_interval
from socialrec.evaluate.catalogue import Catalogue
from socialrec.evaluate.comparison import TABLE_COLUMNS, compare
from socialrec.evaluate.measure import HeldOutSet
from socialrec.evaluate.paired import paired_test
from socialrec.evaluate.slices import UserFacts, make_slices
from socialrec.settings import EvaluateSettings

SETTINGS = EvaluateSettings(cutoff=2, cold_user_products=1, cold_product_users=1)


def interval(values: list[float], seed: int = 1) -> tuple[float, float]:
    low, high = mean_interval(np.array(values)[:, None], 1000, seed)
    return float(low[0]), float(high[0])


def test_a_bootstrap_interval_is_the_spread_of_the_mean_over_resampled_users() -> None:
    values = np.random.default_rng(3).normal(5, 2, 400)
    low, high = interval(values.tolist())
    error = values.std() / math.sqrt(400)
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.03)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.03)


def test_values_that_are_all_the_same_leave_no_doubt() -> None:
    assert interval([0.25] * 9) == (0.25, 0.25)


def test_users_about_whom_a_metric_says_nothing_are_left_out_of_its_interval() -> None:
    assert interval([0.5, math.nan, 0.5]) == (0.5, 0.5)
    assert all(map(math.isnan, interval([math.nan, math.nan])))


def test_an_interval_is_the_same_for_the_same_seed_and_however_the_draws_are_blocked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = np.random.default_rng(3).random(50).tolist()
    whole = interval(values)
    assert interval(values) == whole != interval(values, seed=2)
    monkeypatch.setattr("socialrec.evaluate.bootstrap.BLOCK_DRAWS", 70 * 50)
    assert interval(values) == whole


def test_the_randomisation_test_agrees_with_trying_every_combination_of_signs() -> None:
    differences = np.array([0.3, 0.1, -0.2, 0.4, 0.25, -0.05, 0.1, 0.2])
    every = [
        sum(s * d for s, d in zip(signs, differences, strict=True)) for signs in itertools.product([1, -1], repeat=8)
    ]
    exact = np.mean(np.array(every) >= differences.sum() - 1e-9)
    found = paired_test(differences, np.zeros(8), 20_000, seed=5)
    assert found.difference == pytest.approx(differences.mean())
    assert found.p_better == pytest.approx(exact, abs=0.005)
    assert found.low < found.difference < found.high


def test_swapping_the_models_swaps_better_and_worse() -> None:
    ours, theirs = np.random.default_rng(2).random((2, 40))
    one, other = paired_test(ours, theirs, 500, 1), paired_test(theirs, ours, 500, 1)
    assert one.difference == pytest.approx(-other.difference)
    assert (one.p_better, one.p_worse) == (other.p_worse, other.p_better)


def test_models_that_serve_all_users_alike_are_neither_better_nor_worse() -> None:
    found = paired_test(np.full(30, 0.7), np.full(30, 0.7), 500, 1)
    assert (found.difference, found.low, found.high, found.p_better, found.p_worse) == (0, 0, 0, 1, 1)


def test_without_users_nothing_is_better() -> None:
    assert paired_test(np.zeros(0), np.zeros(0), 500, 1).p_better == 1


FACTS = UserFacts(
    n_products=np.array([0, 0, 1, 5, 9, 0]),
    n_ties=np.array([0, 3, 9, 0, 1, 7]),
    platform=np.array(["a", "a", "b", "b", "b", "a"]),
    community=np.array([0, 1, 0, 7, -1, 0]),
)
KINDS = {"seller/small": np.array([True, False, False]), "seller/large": np.array([False, True, False])}
RELEVANT = sp.csr_matrix(np.array([[1, 0, 1]] * 5 + [[0, 0, 0]], dtype=np.float32))


def users_of(name: str) -> list[int]:
    slices = make_slices(FACTS, RELEVANT, np.array([8, 8, 1]), KINDS, SETTINGS)
    return np.flatnonzero(np.diff(slices[name].indptr)).tolist() if name in slices else []


@pytest.mark.parametrize(
    ("name", "users"),
    [
        ("users/cold", [0, 1, 2]),
        ("users/warm", [3, 4]),
        ("social_cold_start/0_ties", [0]),
        ("social_cold_start/1_to_4_ties", [1]),
        ("social_cold_start/5_or_more_ties", []),
        ("platform/a", [0, 1]),
        ("platform/b", [2, 3, 4]),
        ("activity/low", [2]),
        ("activity/medium", [3]),
        ("activity/high", [4]),
        ("community/0", [0, 2]),
        ("community/1", [1]),
        ("community/other", [3]),
        ("community/none", [4]),
    ],
)
def test_a_slice_of_users_keeps_those_with_something_relevant(name: str, users: list[int]) -> None:
    assert users_of(name) == users


def test_a_slice_of_products_keeps_what_is_relevant_among_them() -> None:
    slices = make_slices(FACTS, RELEVANT, np.array([8, 8, 1]), KINDS, SETTINGS)
    assert slices["products/cold"].toarray()[0].tolist() == [0, 0, 1]
    assert slices["products/warm"].toarray()[0].tolist() == [1, 0, 0]
    assert slices["seller/small"].toarray()[0].tolist() == [1, 0, 0]
    assert "seller/large" not in slices


def test_a_slice_without_anyone_is_left_out() -> None:
    assert "social_cold_start/5_or_more_ties" not in make_slices(FACTS, RELEVANT, np.array([8, 8, 1]), KINDS, SETTINGS)


@pytest.fixture
def held() -> HeldOutSet:
    """Three users who each liked one product; the third had met nothing before."""
    relevant = sp.csr_matrix(np.eye(3, 4, dtype=np.float32))
    history = sp.csr_matrix(np.array([[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]], dtype=np.float32))
    shop = Catalogue(np.array([3, 1, 0, 2]), 3, np.eye(4, dtype=np.float32), np.array([0, 0, 1, 1]))
    cold = sp.csr_matrix(np.diag([0, 0, 1]) @ np.eye(3, 4), dtype=np.float32)
    return HeldOutSet(relevant, history, shop, {"users/cold": cold})


def test_a_comparison_holds_figures_intervals_slices_and_tests_of_every_rival(held: HeldOutSet) -> None:
    ours, theirs = np.array([[0, 1], [1, 0], [0, 1]]), np.array([[1, 2], [0, 2], [2, 0]])
    document = compare(ours, {"popularity": theirs}, held, SETTINGS).document()
    assert document["candidate"]["hit_rate_at_2"] == pytest.approx(2 / 3)
    assert document["popularity"]["recall_at_2"] == pytest.approx(1 / 3)
    assert document["candidate"]["diversity_at_2"] == 1
    assert document["intervals"]["candidate"]["ndcg_at_2"][0] < document["candidate"]["ndcg_at_2"]
    assert document["slices"]["popularity"]["users/cold"]["ndcg_at_2"] == 1
    assert document["paired"]["popularity"]["everyone"]["difference"] == pytest.approx(1 / 3)
    assert document["paired"]["popularity"]["users/cold"]["difference"] == -1


def test_metrics_for_tracking_are_finite_and_the_table_has_a_row_for_each_figure(held: HeldOutSet) -> None:
    nothing = np.full((3, 2), -1)
    found = compare(nothing, {"champion": np.array([[0, 1]] * 3)}, held, SETTINGS)
    metrics, rows = found.metrics(), found.rows()
    # Without any list nobody's novelty is known.
    assert found.document()["candidate"]["novelty_at_2"] is None
    assert found.document()["intervals"]["candidate"]["novelty_at_2"] == [None, None]
    assert all(map(math.isfinite, metrics.values()))
    assert metrics["test/ndcg_at_2"] == 0
    assert {"test/champion_ndcg_at_2", "slice/users/cold/ndcg_at_2", "paired/champion/p_better"} <= set(metrics)
    assert {len(row) for row in rows} == {len(TABLE_COLUMNS)}
    assert ("champion", "users/cold", "ndcg_at_2") in {row[:3] for row in rows}
