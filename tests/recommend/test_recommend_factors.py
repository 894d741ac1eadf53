"""Implicit ALS: its equations, its text term, and that size does not matter."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.signals import factors as module
from socialrec.recommend.signals.base import UserBlock
from socialrec.recommend.signals.factors import Factors, Side, solve
from socialrec.settings import RecommendSettings

SETTINGS = RecommendSettings(factor_dim=4, factor_regularization=0.01, factor_unobserved_weight=0.1)


def random_side(seed: int, n: int, m: int, dim: int) -> Side:
    rng = np.random.default_rng(seed)
    cells = rng.random((n, m)) * (rng.random((n, m)) < 0.4)
    fixed = rng.normal(size=(m, dim)).astype(np.float32)
    text, loadings = rng.normal(size=(n, 3)).astype(np.float32), rng.normal(size=(3, dim)).astype(np.float32)
    return Side(sp.csr_matrix(cells, dtype=np.float32), fixed, 0.2, 0.1).with_text(text, loadings)


@given(st.integers(0, 1000), st.integers(1, 6), st.integers(1, 6), st.integers(1, 4))
@settings(max_examples=50)
def test_enough_steps_solve_the_normal_equations_of_every_row(seed: int, n: int, m: int, dim: int) -> None:
    side = random_side(seed, n, m, dim)
    solved = solve(side, np.zeros((n, dim), dtype=np.float32), 25)
    for row in range(n):
        weights = side.observed[row].toarray()[0]
        matrix = 0.2 * side.fixed.T @ side.fixed + (side.fixed.T * weights) @ side.fixed
        matrix += 0.1 * ((weights > 0).sum() + 0.2 * m) * np.eye(dim) + side.loadings.T @ side.loadings
        wanted = side.fixed.T @ weights + side.loadings.T @ side.text[row]
        assert solved[row] == pytest.approx(np.linalg.solve(matrix, wanted), abs=1e-2)


def test_batches_of_rows_do_not_change_the_solution(monkeypatch: pytest.MonkeyPatch) -> None:
    side, start = random_side(1, 20, 10, 4), np.zeros((20, 4), dtype=np.float32)
    whole = solve(side, start, 10)
    monkeypatch.setattr(module, "BATCH_PAIRS", 7)
    assert solve(side, start, 10) == pytest.approx(whole, abs=1e-5)


def test_taste_is_shared_among_those_who_liked_the_same(data: FeatureSet) -> None:
    scores = Factors.fit(data, SETTINGS).score(UserBlock.of(data, np.arange(len(data.users)))).full()
    reader = data.users.to_pylist().index("r0")
    assert scores[reader, 0] > scores[reader, 6:].max()


def test_texts_reach_a_product_that_nobody_has_touched(data: FeatureSet) -> None:
    with_text = SETTINGS.model_copy(update={"factor_text": 1.0})
    scores = Factors.fit(data, with_text).score(UserBlock.of(data, np.arange(len(data.users)))).full()
    reader = data.users.to_pylist().index("r0")
    assert scores[reader, 5] > scores[reader, 11] + 0.1


def test_an_empty_shop_has_scores_of_zero(data: FeatureSet) -> None:
    nobody = sp.csr_matrix(data.affinity.shape, dtype=np.float32)
    empty = dataclasses.replace(data, affinity=nobody)
    block = UserBlock.of(empty, np.arange(len(empty.users)))
    assert not Factors.fit(empty, SETTINGS).score(block).full().any()
