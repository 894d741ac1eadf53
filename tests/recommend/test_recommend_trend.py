"""What is popular lately."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from socialrec.features.evidence import newest_pairs, trend_of, trend_of_times
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.signals.base import UserBlock
from socialrec.recommend.signals.trend import Trend
from socialrec.settings import RecommendSettings

TIME = pa.timestamp("us", "UTC")
USERS, PRODUCTS = pa.array(["ann", "bob"]), pa.array(["ball", "kite"])
BOTH_LIKE_BOTH = sp.csr_matrix(np.ones((2, 2), dtype=np.float32))


def test_a_pair_counts_half_once_a_share_of_all_pairs_is_newer() -> None:
    times, products = np.array([10, 20, 30, 40]), np.array([0, 1, 0, 1])
    # A quarter of four pairs is one: the newest counts 1, the one before it a half, and so on.
    assert trend_of_times(times, products, 3, 0.25).tolist() == [0.5 + 0.125, 1 + 0.25, 0]


def test_pairs_of_the_same_moment_count_the_same() -> None:
    assert trend_of_times(np.array([10, 20, 20]), np.array([0, 1, 2]), 3, 1 / 3).tolist() == [0.25, 1, 1]


def test_undated_returned_and_unknown_products_are_no_trend() -> None:
    rows = pa.table(
        {
            "user_key": ["ann", "ann", "bob", "bob", "eve"],
            "product_id": ["ball", "kite", "ball", "gone", "ball"],
            "event_ts": pa.array([10, None, 20, 30, 40], TIME),
        }
    )
    assert trend_of(newest_pairs(rows, "event_ts", USERS, PRODUCTS), BOTH_LIKE_BOTH, 0.5).tolist() == [1 + 0.5, 0]
    bob_returned = sp.csr_matrix(np.array([[1, 1], [0, 1]], dtype=np.float32))
    assert trend_of(newest_pairs(rows, "event_ts", USERS, PRODUCTS), bob_returned, 0.5).tolist() == [1, 0]


def test_a_user_counts_once_a_product_however_often_they_came_back() -> None:
    times = pa.array([10, 20, 30], TIME)
    rows = pa.table({"user_key": ["ann"] * 3, "product_id": ["kite"] * 3, "event_ts": times})
    assert trend_of(newest_pairs(rows, "event_ts", USERS, PRODUCTS), BOTH_LIKE_BOTH, 0.5).tolist() == [0, 1]


@given(st.lists(st.integers(0, 5), max_size=20), st.floats(0.01, 1.0))
def test_no_product_counts_more_than_its_pairs(times: list[int], share: float) -> None:
    found = trend_of_times(np.array(times, dtype=np.int64), np.zeros(len(times), dtype=np.int64), 1, share)
    assert 0 <= found[0] <= len(times)
    assert (found[0] > 0) == bool(times)


def test_everyone_gets_the_nights_trend_and_nothing_of_the_trainings(data: FeatureSet) -> None:
    fitted = Trend.fit(dataclasses.replace(data, trend=np.full(3, 7, dtype=np.float32)), RecommendSettings())
    tonight = dataclasses.replace(data, trend=np.array([4.0, 0.0, 1.0], dtype=np.float32))
    scores = fitted.score(UserBlock.of(tonight, np.array([0, 1]))).full()
    assert scores.tolist() == [pytest.approx([2, 0, 1])] * 2
