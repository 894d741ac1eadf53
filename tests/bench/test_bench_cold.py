"""Products and users without interactions, on a shop of two tastes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp

from socialrec.bench.ranking.cold_products import ColdProblem, measure_cold, only, recall_of
from socialrec.bench.ranking.cold_users import ColdUsersProblem, measure_cold_users
from socialrec.bench.ranking.peers import Bm25ItemKnn, Bm25UserKnn, bm25
from socialrec.bench.ranking.problem import Problem, SplitPairs
from socialrec.errors import UserError
from socialrec.recommend.signals import SIGNALS
from socialrec.recommend.signals.base import UserBlock
from socialrec.recommend.signals.linear import strongest
from socialrec.recommend.training.offline import HeldOut
from socialrec.settings import RecommendSettings

N_USERS, N_PRODUCTS = 40, 20
SETTINGS = RecommendSettings(factor_dim=4, factor_iterations=2, newcomer_weights={"social": 1.0})
WEIGHTS = dict.fromkeys((signal.name for signal in SIGNALS), 0.0) | {"collaborative": 0.7, "content": 0.3}


def pairs_of(users: np.ndarray, products: np.ndarray) -> SplitPairs:
    return SplitPairs(users.ravel(), products.ravel(), np.ones(users.size), np.arange(users.size))


@pytest.fixture
def problem() -> Problem:
    """Even users like even products and know each other; each has six of ten: four in train, one each held out."""
    rng, users = np.random.default_rng(6), np.arange(N_USERS)
    liked = np.stack([user % 2 + 2 * rng.permutation(10)[:6] for user in users])
    same = (users[:, None] % 2 == users[None, :] % 2) & ~np.eye(N_USERS, dtype=np.bool_)
    text = np.zeros((N_PRODUCTS, 2), dtype=np.float32)
    text[np.arange(N_PRODUCTS), np.arange(N_PRODUCTS) % 2] = 1
    return Problem(
        users=pa.array([f"u{user:02}" for user in users]),
        products=pa.array([f"p{product:02}" for product in range(N_PRODUCTS)]),
        train=pairs_of(np.repeat(users[:, None], 4, axis=1), liked[:, :4]),
        validation=pairs_of(users, liked[:, 4]),
        test=pairs_of(users, liked[:, 5]),
        ties=sp.csr_matrix((same / same.sum(axis=1, keepdims=True)).astype(np.float32)),
        text=lambda window: text,
    )


def test_cold_products_are_in_no_pair_that_is_learned_from_and_stay_in_the_test(problem: Problem) -> None:
    found = ColdProblem.of(problem, 0.2, 0)
    assert found.cold.sum() == 4
    for pairs in (found.chosen.train, found.chosen.validation):
        assert not found.cold[pairs.products].any()
    assert len(found.chosen.test.users) == N_USERS


def test_the_shop_to_choose_in_has_other_cold_products_and_none_of_the_tests(problem: Problem) -> None:
    found = ColdProblem.of(problem, 0.2, 0)
    assert found.choosing.products.to_pylist() == problem.products.filter(pa.array(~found.cold)).to_pylist()
    assert found.for_choice.sum() == 4
    assert not found.for_choice[found.choosing.train.products].any()
    assert found.for_choice[found.choosing.validation.products].any()


def test_a_shop_of_some_products_keeps_their_pairs_and_texts(problem: Problem) -> None:
    odd = np.arange(N_PRODUCTS) % 2 == 1
    found = problem.within(odd)
    assert found.products.to_pylist() == [f"p{number:02}" for number in range(1, N_PRODUCTS, 2)]
    assert found.text("test").tolist() == [[0, 1]] * 10
    met = problem.train.matrix(problem.shape)[:, odd]
    assert (found.train.matrix(found.shape) != met).nnz == 0


def test_cold_products_of_the_own_taste_are_found_by_their_texts(problem: Problem) -> None:
    found = measure_cold(ColdProblem.of(problem, 0.2, 0), WEIGHTS, SETTINGS)
    # Twenty places hold all unmet products that are known, and of the cold ones the four that may be listed.
    assert found["cold_recall_at_20"] == found["warm_recall_at_20"] == found["cold_peer_content"] == 1
    assert found["ratio_cold_to_best_peer"] == found["cold_share_of_warm"] == 1
    assert 0 < found["cold_pairs"] < 0.5


def test_the_cost_of_places_for_new_products_is_what_lists_without_them_would_gain(problem: Problem) -> None:
    few = SETTINGS.model_copy(update={"max_new_share": 0.0, "min_new_share": 0.0})
    found = measure_cold(ColdProblem.of(problem, 0.2, 0), WEIGHTS, few)
    assert (found["cold_cost_ndcg_at_10"], found["cold_cost_ndcg_at_20"]) == (0, 0)


def test_a_share_that_takes_out_nothing_is_refused(problem: Problem) -> None:
    with pytest.raises(UserError, match="takes out no product"):
        ColdProblem.of(problem, 0.01, 0)
    with pytest.raises(UserError, match="takes out nobody"):
        ColdUsersProblem.of(problem, 0.01, 0)
    alone = dataclasses.replace(problem, ties=sp.csr_matrix(problem.ties.shape, dtype=np.float32))
    with pytest.raises(UserError, match="ties"):
        ColdUsersProblem.of(alone, 0.5, 0)


def test_cold_users_are_known_by_their_ties_alone_and_asked_for_all_their_pairs(problem: Problem) -> None:
    found = ColdUsersProblem.of(problem, 0.1, 0)
    assert len(found.users) == 4
    assert found.held.relevant.nnz == 4 * 6
    assert found.held.seen.nnz == 0
    for pairs in (found.known.train, found.known.validation, found.known.test):
        assert not np.isin(pairs.users, found.users).any()


def test_ties_serve_users_better_than_popularity_does(problem: Problem) -> None:
    found = measure_cold_users(ColdUsersProblem.of(problem, 0.1, 0), WEIGHTS, SETTINGS)
    # Friends like the ten products of the circle, and ten places are shown.
    assert found["cold_users_recall_at_10"] == 1
    assert found["ratio_cold_users_to_popularity"] > 1.3


def test_recall_counts_pairs_and_not_users() -> None:
    relevant = sp.csr_matrix(np.array([[1, 1, 1, 0], [0, 0, 0, 1]], dtype=np.float32))
    held = HeldOut(np.arange(2), sp.csr_matrix((2, 4), dtype=np.float32), relevant)
    assert recall_of(np.array([[0, 1], [0, 1]]), held) == 2 / 4
    assert recall_of(np.array([[0, -1], [3, -1]]), held) == 2 / 4
    part = only(held, np.array([False, False, True, False]))
    assert (part.rows.tolist(), part.relevant.nnz) == ([0], 1)


def test_bm25_weighs_rare_terms_and_long_documents_as_its_formula_says() -> None:
    rows = sp.csr_matrix(np.array([[1, 1, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0]], dtype=np.float32))
    found = bm25(rows, rows).toarray()
    # Mean length 1; the first row has length 2: norm .25 + .75 * 2 = 1.75. Terms are in 3 and in 1 of 4 rows.
    assert found[0].tolist() == pytest.approx([0, np.log(4 / 2) * 2.2 / (1.2 * 1.75 + 1), 0])
    assert found[1].tolist() == pytest.approx([0, 0, 0])


def test_the_strongest_of_each_row_are_kept() -> None:
    matrix = sp.csr_matrix(np.array([[3, 1, 2], [0, 5, 0]], dtype=np.float32))
    assert strongest(matrix, 2).toarray().tolist() == [[3, 0, 2], [0, 5, 0]]


def test_neighbours_score_products_of_the_own_taste(problem: Problem) -> None:
    data = problem.data_at("test")(SETTINGS)
    block = UserBlock.of(data, np.array([0, 1]))
    for scores in (Bm25ItemKnn.fit(data, 5).score(block), Bm25UserKnn.fit(data, 5).score(block)):
        full = scores.full()
        assert (full[0, 1::2] == 0).all()
        assert (full[1, 0::2] == 0).all()
        assert full[0, 0::2].sum() > 0


def test_the_published_protocol_learns_from_train_alone_and_masks_it_alone(problem: Problem) -> None:
    published = dataclasses.replace(problem, refit=False, masks_validation=False)
    assert published.data_at("test")(SETTINGS).affinity.nnz == 4 * N_USERS
    assert published.held_out("test").seen.nnz == 4 * N_USERS
    assert problem.held_out("test").seen.nnz == 5 * N_USERS


def test_rows_in_no_known_order_say_nothing_of_time(problem: Problem) -> None:
    unordered = dataclasses.replace(problem, ordered=False).data_at("test")(SETTINGS)
    assert (unordered.recency.nnz, unordered.trend.sum()) == (0, 0)
    assert problem.data_at("test")(SETTINGS).recency.nnz > 0
