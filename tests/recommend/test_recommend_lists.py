"""Blend and top-K: exact, stable, deterministic."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from socialrec.recommend.blend import Blended, candidate_features, standardised
from socialrec.recommend.ranker import TopK, TopKRanker
from socialrec.recommend.scores import DenseScores
from socialrec.recommend.training.blend_weights import _Users, learn_weights, relearn_weights
from socialrec.recommend.training.offline import first_unseen


def top_k(scores: np.ndarray, seen: sp.csr_matrix, active: np.ndarray, k: int, decimals: int) -> TopK:
    return TopKRanker(active, decimals).top_k(DenseScores.whole(scores), seen, k)


def naive_top_k(scores: np.ndarray, seen: np.ndarray, active: np.ndarray, k: int, decimals: int) -> list[list[int]]:
    lists = []
    for user in range(len(scores)):
        allowed = [p for p in range(scores.shape[1]) if active[p] and not seen[user, p]]
        allowed.sort(key=lambda p: (-round(float(scores[user, p]), decimals), p))
        lists.append(allowed[:k] + [-1] * (k - len(allowed[:k])))
    return lists


@settings(max_examples=80)
@given(st.integers(0, 10_000), st.one_of(st.integers(1, 9), st.integers(30, 100)), st.integers(1, 12))
def test_top_k_agrees_with_sorting_everything(seed: int, n_products: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(-3, 4, (4, n_products)).astype(np.float32) / 4
    seen, active = rng.random((4, n_products)) < 0.3, rng.random(n_products) < 0.8
    found, _ = top_k(scores, sp.csr_matrix(seen, dtype=np.float32), active, k, 5)
    assert found.tolist() == naive_top_k(scores, seen, active, k, 5)


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 9), st.integers(1, 12))
def test_users_for_whom_all_products_score_the_same_get_the_list_that_a_search_gives(
    seed: int, n_products: int, k: int
) -> None:
    rng = np.random.default_rng(seed)
    seen, among = rng.random((4, n_products)) < 0.4, rng.random(n_products) < 0.7
    searched = naive_top_k(np.zeros((4, n_products)), seen, among, k, 5)
    assert first_unseen(sp.csr_matrix(seen, dtype=np.float32), among, k).tolist() == searched


def test_noise_below_the_last_decimal_does_not_reorder_a_list() -> None:
    scores = np.array([[1.0, 1.0000001, 0.9999999, 2.0]], dtype=np.float32)
    listed, rounded = top_k(scores, sp.csr_matrix((1, 4), dtype=np.float32), np.ones(4, dtype=bool), 4, 4)
    assert listed.tolist() == [[3, 0, 1, 2]]
    assert rounded.tolist() == [[2.0, 1.0, 1.0, 1.0]]


def test_a_list_ends_where_products_run_out() -> None:
    seen = sp.csr_matrix(np.array([[1, 0, 0]], dtype=np.float32))
    listed, scores = top_k(np.ones((1, 3), dtype=np.float32), seen, np.array([True, True, False]), 3, 5)
    assert listed.tolist() == [[1, -1, -1]]
    assert scores.tolist() == [[1, 0, 0]]


def test_standardised_scores_have_mean_0_and_deviation_1_and_constants_become_0() -> None:
    scores = standardised(DenseScores.whole(np.array([[1, 2, 3], [5, 5, 5]], dtype=np.float32)))
    assert scores[0] == pytest.approx([-(1.5**0.5), 0, 1.5**0.5])
    assert scores[1].tolist() == [0, 0, 0]


def signals(n_users: int = 40, n_products: int = 30) -> tuple[list[np.ndarray], sp.csr_matrix, sp.csr_matrix]:
    """One signal that knows what is relevant, and one of pure noise."""
    rng = np.random.default_rng(1)
    relevant = (rng.random((n_users, n_products)) < 0.1).astype(np.float32)
    knowing = standardised(DenseScores.whole((relevant + rng.normal(0, 0.4, relevant.shape)).astype(np.float32)))
    noise = standardised(DenseScores.whole(rng.normal(size=relevant.shape).astype(np.float32)))
    return [noise, knowing], sp.csr_matrix(relevant), sp.csr_matrix(relevant.shape, dtype=np.float32)


def test_the_blend_learns_which_signal_is_worth_listening_to() -> None:
    parts, relevant, seen = signals()
    noise, knowing = learn_weights([candidate_features(parts, seen, relevant)], 2, 10)
    assert noise + knowing == pytest.approx(1)
    assert knowing > 0.8


def test_the_blend_is_the_same_however_users_are_blocked() -> None:
    parts, relevant, seen = signals()
    whole = learn_weights([candidate_features(parts, seen, relevant)], 2, 10)
    halves = [
        candidate_features([p[at] for p in parts], seen[at], relevant[at]) for at in (slice(0, 17), slice(17, 40))
    ]
    assert learn_weights(halves, 2, 10) == pytest.approx(whole, abs=1e-4)


def test_seen_products_take_no_part_in_learning() -> None:
    parts, relevant, _ = signals()
    head = candidate_features(parts, relevant, relevant)
    assert not head.relevant.any()


def test_without_anyone_to_learn_from_all_signals_weigh_the_same() -> None:
    assert learn_weights([], 4, 10) == [0.25] * 4


def test_a_weight_of_zero_silences_a_signal() -> None:
    parts = [DenseScores.whole(np.array([row], dtype=np.float32)) for row in ([0, 2], [9, 5])]
    assert Blended(parts, [2.0, 0.0]).full().tolist() == [[-2, 2]]


def test_the_blend_is_the_same_in_whichever_order_users_come() -> None:
    parts, relevant, seen = signals()
    order = np.random.default_rng(2).permutation(40)
    whole = learn_weights([candidate_features(parts, seen, relevant)], 2, 10)
    shuffled = learn_weights([candidate_features([part[order] for part in parts], seen[order], relevant[order])], 2, 10)
    assert shuffled == pytest.approx(whole, abs=1e-4)


def test_a_signal_that_says_nothing_has_no_weight() -> None:
    parts, relevant, seen = signals()
    silent = np.zeros_like(parts[0])
    assert learn_weights([candidate_features([*parts, silent], seen, relevant)], 3, 10)[2] == 0.0


def test_a_signal_that_is_wrong_about_everybody_takes_nothing_from_one_that_knows() -> None:
    parts, relevant, seen = signals(n_products=300)
    # What is relevant is at the end of its order, too far for a slope.
    wrong = np.where(relevant.toarray() > 0, np.float32(-4.0), parts[0])
    assert learn_weights([candidate_features([wrong, parts[1]], seen, relevant)], 2, 10) == [0.0, 1.0]


def test_two_signals_that_say_the_same_share_the_weight() -> None:
    parts, relevant, seen = signals()
    first, second = learn_weights([candidate_features([parts[1], parts[1]], seen, relevant)], 2, 10)
    assert first == pytest.approx(0.5, abs=0.01)
    assert second == pytest.approx(0.5, abs=0.01)


def test_relearning_from_where_weights_stand_ends_near_where_they_were() -> None:
    parts, relevant, seen = signals()
    known = [candidate_features(parts, seen, relevant)]
    learned = learn_weights(known, 2, 10)
    assert relearn_weights(known, learned, 10) == pytest.approx(learned, abs=0.05)
    assert relearn_weights(known, [0.0, 0.0], 10) == learned


@given(seed=st.integers(0, 2**16))
def test_the_gradient_of_the_smooth_ndcg_is_its_slope(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = [rng.normal(size=(5, 12)).astype(np.float32) for _ in range(3)]
    relevant = sp.csr_matrix((rng.random((5, 12)) < 0.3).astype(np.float32))
    users = _Users.of(candidate_features(parts, sp.csr_matrix((5, 12), dtype=np.float32), relevant), 10)
    if not len(users.rows):
        return
    weights, step = np.array([0.2, 0.3, 0.1], dtype=np.float32), np.float32(2e-3)
    _, gradient = users.gain(weights, 10)
    for signal in range(3):
        ahead, behind = weights.copy(), weights.copy()
        ahead[signal] += step
        behind[signal] -= step
        slope = (users.gain(ahead, 10)[0] - users.gain(behind, 10)[0]) / (2 * float(step))
        assert gradient[signal] == pytest.approx(slope, rel=0.1, abs=0.1)
