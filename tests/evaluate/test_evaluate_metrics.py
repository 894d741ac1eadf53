"""Metrics: values worked out by hand, and a naive oracle on random lists."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp

from socialrec.evaluate.catalogue import Catalogue
from socialrec.evaluate.measure import measure
from socialrec.evaluate.metrics import (
    coverage,
    diversity,
    exposure,
    gini,
    hit_rate,
    miscalibration,
    mrr,
    ndcg,
    novelty,
    popularity_lift,
    popularity_overlap,
    precision,
    recall,
)

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


NAN = pytest.approx(math.nan, nan_ok=True)
TEXT = np.array([[1, 0], [1, 0], [0, 1], [-1, 0], [0, 0]], dtype=np.float32)
SHOP = Catalogue(np.array([7, 3, 1, 0, 0]), 7, TEXT, np.array([0, 0, 1, 1, -1]))
HISTORY = sp.csr_matrix(np.array([[1, 1, 1, 1, 1], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]], dtype=np.float32))


def test_novelty_is_bits_of_surprise() -> None:
    lists = np.array([[0, 1], [2, 3], [0, -1], [-1, -1]])
    assert novelty(lists, SHOP, 2).tolist() == [0.5, 2.5, 0, NAN]


def test_diversity_is_the_mean_distance_of_all_pairs_with_text() -> None:
    lists = np.array([[0, 1, 2], [0, 3, 4], [0, 4, -1]])
    assert diversity(lists, SHOP, 3).tolist() == [pytest.approx(2 / 3), pytest.approx(2), NAN]


def test_gini_is_zero_where_places_are_even_and_high_where_one_product_has_all() -> None:
    assert gini(np.array([[0, 1], [2, 3]]), 4, 2) == 0
    assert gini(np.array([[0, -1], [0, -1]]), 4, 2) == 0.75
    assert math.isnan(gini(np.array([[-1]]), 4, 1))


def test_popularity_lift_compares_lists_with_histories_of_users_who_have_both() -> None:
    lists = np.array([[0, 1], [1, 2], [0, 0]])
    # Histories average (11 / 5 + 7) / 2, lists of the same two users (5 + 2) / 2.
    assert popularity_lift(lists, HISTORY, SHOP, 2) == pytest.approx(3.5 / 4.6 - 1)
    assert math.isnan(popularity_lift(lists[2:], HISTORY[2:], SHOP, 2))


def test_exposure_is_the_share_of_places_over_the_share_of_likes() -> None:
    members = np.array([False, False, True, True, False])
    # One place of four, and one like of eleven.
    assert exposure(np.array([[0, 2], [1, 0], [-1, -1]]), members, SHOP.popularity, 2) == pytest.approx(11 / 4)
    assert exposure(np.array([[0, 2]]), members, SHOP.popularity, 1) == 0
    assert math.isnan(exposure(np.array([[0, 2]]), np.arange(5) == 3, SHOP.popularity, 2))
    assert math.isnan(exposure(np.array([[-1]]), members, SHOP.popularity, 1))


def test_miscalibration_is_zero_for_the_users_own_mix_and_grows_as_a_category_is_missing() -> None:
    lists = np.array([[0, 2], [2, 3], [0, 2]])
    assert miscalibration(lists, HISTORY, SHOP, 2).tolist() == [pytest.approx(0), pytest.approx(-math.log(0.01)), NAN]


def test_popularity_overlap_counts_places_that_popularity_fills_as_well() -> None:
    lists, popular = np.array([[0, 4], [2, -1], [-1, -1]]), np.array([[4, 1], [2, 0], [0, 1]])
    assert popularity_overlap(lists, popular, 2).tolist() == [0.5, 1, NAN]


N_RANDOM = 200


def random_case(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, Catalogue, int]:
    """Lists that may end early, what was liked, what was known, and a shop where some facts are missing."""
    rng = np.random.default_rng(seed)
    n_users, n_products = int(rng.integers(1, 5)), int(rng.integers(2, 9))
    cutoff = int(rng.integers(1, n_products + 1))
    lists = np.array([rng.permutation(n_products) for _ in range(n_users)])
    for row in lists:
        row[rng.integers(0, n_products + 1) :] = -1
    liked, known = (rng.random((n_users, n_products)) < 0.3 for _ in range(2))
    vectors = rng.normal(size=(n_products, 3)) * (rng.random((n_products, 1)) < 0.8)
    text = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    shop = Catalogue(rng.integers(0, 9, n_products), 9, text.astype(np.float32), rng.integers(-1, 3, n_products))
    return lists, liked, known, shop, cutoff


@pytest.mark.parametrize("start", range(0, N_RANDOM, 50))
def test_every_metric_of_accuracy_agrees_with_a_naive_count(start: int) -> None:
    for seed in range(start, start + 50):
        ranked, liked, _, _, cutoff = random_case(seed)
        matrix = sp.csr_matrix(liked, dtype=np.float32)
        for user, order in enumerate(ranked.tolist()):
            wanted, top = set(np.flatnonzero(liked[user])), order[:cutoff]
            found = [product in wanted for product in top]
            gain = sum(1 / math.log2(place + 2) for place, hit in enumerate(found) if hit)
            best = sum(1 / math.log2(place + 2) for place in range(min(cutoff, len(wanted))))
            first = 1 / (found.index(True) + 1) if any(found) else 0
            assert recall(ranked, matrix, cutoff)[user] == pytest.approx(sum(found) / len(wanted) if wanted else 0)
            assert precision(ranked, matrix, cutoff)[user] == pytest.approx(sum(found) / cutoff)
            assert hit_rate(ranked, matrix, cutoff)[user] == float(any(found))
            assert mrr(ranked, matrix, cutoff)[user] == pytest.approx(first)
            assert ndcg(ranked, matrix, cutoff)[user] == pytest.approx(gain / best if wanted else 0)


@pytest.mark.parametrize("start", range(0, N_RANDOM, 50))
def test_every_metric_of_whole_lists_agrees_with_a_naive_count(start: int) -> None:
    for seed in range(start, start + 50):
        ranked, _, known, shop, cutoff = random_case(seed)
        tops = [[product for product in order[:cutoff] if product >= 0] for order in ranked.tolist()]
        histories = [np.flatnonzero(row).tolist() for row in known]
        history = sp.csr_matrix(known, dtype=np.float32)
        assert novelty(ranked, shop, cutoff).tolist() == [naive_novelty(top, shop) for top in tops]
        assert diversity(ranked, shop, cutoff).tolist() == [naive_diversity(top, shop) for top in tops]
        assert miscalibration(ranked, history, shop, cutoff).tolist() == [
            naive_miscalibration(*pair, shop) for pair in zip(tops, histories, strict=True)
        ]
        assert popularity_overlap(ranked, ranked[:, ::-1], cutoff).tolist() == [
            close(sum(p in order[::-1][:cutoff] for p in top), len(top))
            for top, order in zip(tops, ranked.tolist(), strict=True)
        ]
        shown = [product for top in tops for product in top]
        assert coverage(ranked, history, cutoff) == len(set(shown)) / shop.n_products
        assert gini(ranked, shop.n_products, cutoff) == naive_gini(shown, shop.n_products)
        assert popularity_lift(ranked, history, shop, cutoff) == naive_lift(tops, histories, shop)


def close(total: float, n: float) -> object:
    """About total / n, or NaN where there is nothing to divide by."""
    return pytest.approx(total / n, abs=1e-6) if n else NAN


def naive_novelty(top: list[int], shop: Catalogue) -> object:
    return close(sum(-math.log2((shop.popularity[p] + 1) / (shop.n_users + 1)) for p in top), len(top))


def naive_diversity(top: list[int], shop: Catalogue) -> object:
    described = [p for p in top if shop.text[p].any()]
    pairs = [(a, b) for place, a in enumerate(described) for b in described[place + 1 :]]
    return close(sum(1 - float(shop.text[a] @ shop.text[b]) for a, b in pairs), len(pairs))


def naive_miscalibration(top: list[int], history: list[int], shop: Catalogue) -> object:
    wanted, shown = ([shop.category[p] for p in products if shop.category[p] >= 0] for products in (history, top))
    if not wanted or not shown:
        return NAN
    total = 0.0
    for category in set(wanted):
        p, q = wanted.count(category) / len(wanted), shown.count(category) / len(shown)
        total += p * math.log(p / (0.99 * q + 0.01 * p))
    return close(total, 1)


def naive_gini(shown: list[int], n_products: int) -> object:
    """Half the mean absolute difference of all pairs, over the mean."""
    places = [shown.count(product) for product in range(n_products)]
    return close(sum(abs(a - b) for a in places for b in places), 2 * n_products * sum(places))


def naive_lift(tops: list[list[int]], histories: list[list[int]], shop: Catalogue) -> object:
    def mean(products: list[int]) -> float:
        return sum(float(shop.popularity[p]) for p in products) / len(products)

    both = [(mean(top), mean(history)) for top, history in zip(tops, histories, strict=True) if top and history]
    before = sum(history for _, history in both)
    return pytest.approx(sum(top for top, _ in both) / before - 1) if before else NAN
