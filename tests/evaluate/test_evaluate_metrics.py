"""Metrics: values worked out by hand, and a naive oracle on random lists."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from socialrec.evaluate.measure import measure
from socialrec.evaluate.metrics import coverage, hit_rate, mrr, ndcg, precision, recall

RANKED = np.array([[3, 0, 5, 1], [2, 4, -1, -1], [0, 1, 2, 3]])
RELEVANT = sp.csr_matrix(
    np.array([[1, 0, 0, 0, 0, 1, 1, 0], [0, 0, 0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0]], dtype=np.float32)
)


def test_recall_is_hits_over_what_the_user_liked() -> None:
    assert recall(RANKED, RELEVANT, 3).tolist() == pytest.approx([2 / 3, 1, 0])


def test_precision_is_hits_over_places_empty_ones_too() -> None:
    assert precision(RANKED, RELEVANT, 4).tolist() == pytest.approx([0.5, 0.25, 0])


def test_reciprocal_rank_looks_at_the_first_hit_alone() -> None:
    assert mrr(RANKED, RELEVANT, 4).tolist() == pytest.approx([1 / 2, 1 / 2, 0])


def test_hit_rate_asks_only_whether_there_is_a_hit() -> None:
    assert hit_rate(RANKED, RELEVANT, 1).tolist() == [0, 0, 0]
    assert hit_rate(RANKED, RELEVANT, 2).tolist() == [1, 1, 0]


def test_ndcg_discounts_by_the_logarithm_of_the_place() -> None:
    second, third = 1 / math.log2(3), 1 / math.log2(4)
    expected = [(second + third) / (1 + second + third), second / 1, 0]
    assert ndcg(RANKED, RELEVANT, 4).tolist() == pytest.approx(expected)


def test_ndcg_of_a_perfect_list_is_one_even_where_more_is_relevant_than_fits() -> None:
    relevant = sp.csr_matrix(np.ones((1, 5), dtype=np.float32))
    assert ndcg(np.array([[4, 2]]), relevant, 2).tolist() == pytest.approx([1.0])


def test_coverage_counts_distinct_products_in_all_lists() -> None:
    assert coverage(RANKED, RELEVANT, 2) == 5 / 8


def test_lists_shorter_than_the_cutoff_are_refused() -> None:
    with pytest.raises(ValueError, match="pad them"):
        recall(RANKED, RELEVANT, 5)


def test_means_are_over_users_who_liked_something() -> None:
    figures = measure(RANKED, RELEVANT, 3)
    assert figures["recall_at_3"] == pytest.approx((2 / 3 + 1) / 2)
    assert figures["n_users"] == 2


def test_without_any_user_to_test_every_figure_is_nan() -> None:
    figures = measure(RANKED, sp.csr_matrix((3, 8), dtype=np.float32), 3)
    assert math.isnan(figures["ndcg_at_3"])
    assert figures["n_users"] == 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.permutations(range(6)), min_size=1, max_size=4),
    st.lists(st.sets(st.integers(0, 5)), min_size=4, max_size=4),
    st.integers(1, 6),
)
def test_every_metric_agrees_with_a_naive_count(lists: list[list[int]], liked: list[set[int]], cutoff: int) -> None:
    relevant = np.array([[float(p in liked[u]) for p in range(6)] for u in range(len(lists))], dtype=np.float32)
    ranked, matrix = np.array(lists), sp.csr_matrix(relevant)
    for user, order in enumerate(lists):
        wanted, top = liked[user], order[:cutoff]
        found = [product in wanted for product in top]
        gain = sum(1 / math.log2(place + 2) for place, hit in enumerate(found) if hit)
        best = sum(1 / math.log2(place + 2) for place in range(min(cutoff, len(wanted))))
        assert recall(ranked, matrix, cutoff)[user] == pytest.approx(sum(found) / len(wanted) if wanted else 0)
        assert precision(ranked, matrix, cutoff)[user] == pytest.approx(sum(found) / cutoff)
        assert hit_rate(ranked, matrix, cutoff)[user] == float(any(found))
        assert mrr(ranked, matrix, cutoff)[user] == pytest.approx(1 / (found.index(True) + 1) if any(found) else 0)
        assert ndcg(ranked, matrix, cutoff)[user] == pytest.approx(gain / best if wanted else 0)
