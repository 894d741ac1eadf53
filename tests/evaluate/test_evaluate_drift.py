"""Drift: the index worked out by hand, and what counts as the same distribution."""

from __future__ import annotations

import math

import numpy as np
import pytest

from socialrec.evaluate.drift import drift, histogram, stability_index


def index(expected: list[int], observed: list[int]) -> float:
    return stability_index(np.array(expected), np.array(observed))


def test_the_index_sums_how_much_each_share_moved_times_its_log_ratio() -> None:
    expected = (0.75 - 0.5) * math.log(0.75 / 0.5) + (0.25 - 0.5) * math.log(0.25 / 0.5)
    assert index([50, 50], [75, 25]) == pytest.approx(expected)
    assert index([75, 25], [50, 50]) == pytest.approx(expected)


def test_the_same_shares_of_more_users_are_no_drift() -> None:
    assert index([1, 2, 3], [10, 20, 30]) == pytest.approx(0)


def test_an_empty_bin_is_a_large_drift_and_not_an_infinite_one() -> None:
    assert 0.25 < index([50, 50], [100, 0]) < 10


def test_without_values_there_is_no_index() -> None:
    assert math.isnan(index([1, 1], [0, 0]))
    assert drift({"score": histogram(np.zeros(0))}, {"score": np.ones(3)}) == {}


def test_numbers_fall_into_tenths_and_equal_ones_share_a_bin() -> None:
    assert histogram(np.arange(100.0))["counts"] == [10] * 10
    assert histogram(np.array([1.0] * 8 + [5.0, 9.0])) == {"edges": [1.0, 5.0], "counts": [8, 1, 1]}


def test_a_night_like_the_training_has_not_drifted_and_a_shifted_one_has() -> None:
    rng = np.random.default_rng(4)
    reference = {"score": histogram(rng.normal(size=5000))}
    assert drift(reference, {"score": rng.normal(size=5000)})["score"] < 0.02
    assert drift(reference, {"score": rng.normal(1, 1, size=5000)})["score"] > 0.25


def test_kinds_that_the_training_did_not_know_are_counted_together() -> None:
    reference = {"category": histogram(np.array(["tea"] * 5 + ["cups"] * 5))}
    assert reference["category"] == {"names": ["cups", "tea"], "counts": [5, 5, 0]}
    assert drift(reference, {"category": np.array(["tea", "cups"])})["category"] == pytest.approx(0)
    assert drift(reference, {"category": np.array(["tea", "cups", "kites", "hats"])})["category"] > 0.25


def test_what_the_training_did_not_watch_is_left_out() -> None:
    assert drift({}, {"score": np.ones(3)}) == {}
