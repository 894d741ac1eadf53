"""What is popular lately."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from socialrec.features.evidence import trend_of_times
from socialrec.features.feature_set import FeatureSet
from socialrec.features.product_sums import Hours, hours_of
from socialrec.recommend.signals.base import UserBlock
from socialrec.recommend.signals.trend import Trend
from socialrec.settings import RecommendSettings

TIME = pa.timestamp("us", "UTC")


def test_a_pair_counts_half_once_a_share_of_all_pairs_is_newer() -> None:
    times, products = np.array([10, 20, 30, 40]), np.array([0, 1, 0, 1])
    # A quarter of four pairs is one: the newest counts 1, the one before it a half, and so on.
    assert trend_of_times(times, products, 3, 0.25).tolist() == [0.5 + 0.125, 1 + 0.25, 0]


def test_pairs_of_the_same_moment_count_the_same() -> None:
    assert trend_of_times(np.array([10, 20, 20]), np.array([0, 1, 2]), 3, 1 / 3).tolist() == [0.25, 1, 1]


def liked(*rows: tuple[str, int, int | None]) -> pa.Table:
    """Rows of affinities: product, millionths, and the hour of the newest event."""
    products, micros, hours = zip(*rows, strict=True)
    times = pa.array([None if hour is None else hour * 3_600_000_000 + 17 for hour in hours], TIME)
    return pa.table({"product_id": products, "affinity_micros": pa.array(micros, pa.int64()), "last_event_ts": times})


def trend_of(affinities: pa.Table, share: float) -> list[float]:
    starts, dated = hours_of(affinities)
    weights = Hours.of_likes(affinities, share).weigh(starts)
    return [float(weights[dated["product_id"].to_numpy() == product].sum()) for product in ("ball", "kite")]


def test_undated_and_returned_products_are_no_trend() -> None:
    rows = [("ball", 1, 10), ("kite", 1, None), ("ball", 1, 20)]
    # Half of two likes is one: the newest counts 1, the other a half.
    assert trend_of(liked(*rows), 0.5) == [1 + 0.5, 0]
    assert trend_of(liked(*rows, ("kite", 0, 30), ("kite", -1, 40)), 0.5) == [1 + 0.5, 0]


def test_likes_of_one_hour_are_equally_new() -> None:
    rows = liked(("ball", 1, 10), ("kite", 1, 10))
    first = rows["last_event_ts"].cast(pa.int64())[0].as_py()
    times = pa.array([first, first + 60_000_000], TIME)
    assert trend_of(rows.set_column(2, "last_event_ts", times), 0.5) == [1, 1]


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
