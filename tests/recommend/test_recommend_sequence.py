"""The sequence signal: what users turned to next, counted by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp

from socialrec.features.evidence import newest_pairs, recency_of_times
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.signals.base import UserBlock
from socialrec.recommend.signals.sequence import Sequence, count_steps
from socialrec.settings import RecommendSettings

SETTINGS = RecommendSettings(sequence_window=2, sequence_decay=0.5)
# One user went a, b, c, d (products 0 to 3): the newest is 1.
A_TO_D = sp.csr_matrix(np.array([[4.0, 3.0, 2.0, 1.0]], dtype=np.float32))


def test_a_step_counts_one_over_its_length_within_the_window() -> None:
    assert count_steps(A_TO_D, 2).toarray().tolist() == [
        [0, 1, 0.5, 0],
        [0, 0, 1, 0.5],
        [0, 0, 0, 1],
        [0, 0, 0, 0],
    ]


def test_no_step_leads_from_one_user_to_the_next() -> None:
    two = sp.csr_matrix(np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32))
    assert count_steps(two, 5).nnz == 0


def test_the_newest_product_counts_most_and_steps_back_count_half(data: FeatureSet) -> None:
    known = dataclasses.replace(data, recency=A_TO_D, popularity=np.ones(4, dtype=np.float32))
    signal = Sequence.fit(known, SETTINGS)
    after_b = sp.csr_matrix(np.array([[2.0, 1.0, 0.0, 0.0]], dtype=np.float32))
    block = dataclasses.replace(UserBlock.of(data, np.array([0])), recency=after_b)
    scores = signal.score(block).full()[0]
    # c after b (1) and after a (0.5 at half weight); d two steps after b (0.5); a one step back from b (0.5).
    assert scores.tolist() == pytest.approx([0.5, 0.5, 1.25, 0.5])


def test_undated_events_leave_nothing_to_follow(data: FeatureSet) -> None:
    assert data.recency.nnz == 0
    block = UserBlock.of(data, np.arange(len(data.users)))
    assert not Sequence.fit(data, SETTINGS).score(block).full().any()


def test_recency_goes_by_the_newest_time_and_then_by_product() -> None:
    times = pa.array([10, 30, 20, 20, None], pa.timestamp("us", "UTC"))
    rows = pa.table({"user_key": ["u"] * 5, "product_id": ["a", "a", "b", "c", "d"], "event_ts": times})
    found = recency_of_times(*newest_pairs(rows, "event_ts", pa.array(["u"]), pa.array(["a", "b", "c", "d"])), (1, 4))
    assert found.toarray().tolist() == [[1, 3, 2, 0]]


def test_recency_skips_users_and_products_that_are_not_known() -> None:
    times = pa.array([1, 2, 3], pa.timestamp("us", "UTC"))
    rows = pa.table({"user_key": ["u", "x", "u"], "product_id": ["a", "a", "z"], "event_ts": times})
    found = recency_of_times(*newest_pairs(rows, "event_ts", pa.array(["u"]), pa.array(["a"])), (1, 1))
    assert found.toarray().tolist() == [[1]]
