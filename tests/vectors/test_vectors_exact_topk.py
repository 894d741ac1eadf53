"""Bulk top-K: the same lists as from scoring and sorting everything, whatever bfloat16 rounds away."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from socialrec.vectors import exact_topk
from socialrec.vectors.bounds import Parts
from socialrec.vectors.exact_topk import TopKIndex


def lists(catalogue: TopKIndex, users: np.ndarray, k: int, seen: np.ndarray | None = None) -> list[list[int]]:
    seen = None if seen is None else sp.csr_matrix(seen, dtype=np.float32)
    return [row for found in catalogue.top_k(users.astype(np.float32), k, seen) for row in found.products.tolist()]


def naive_lists(users: np.ndarray, products: np.ndarray, k: int, hidden: np.ndarray) -> list[list[int]]:
    scores = np.where(hidden, -np.inf, users @ products.T)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    listed = np.where(np.take_along_axis(scores, order, axis=1) > -np.inf, order, -1)
    return np.pad(listed, ((0, 0), (0, k - listed.shape[1])), constant_values=-1).tolist()


@pytest.fixture(params=[torch.bfloat16, torch.float32], ids=["bfloat16", "float32"])
def processor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few users and products, on a processor with or without bfloat16."""
    for name, size in {"BLOCK_USERS": 3, "ADDED_USERS": 3, "BLOCK_PRODUCTS": 8, "SAMPLE": 8, "GROUP": 2}.items():
        monkeypatch.setattr(exact_topk, name, size)
    can = {"avx512_bf16": request.param is torch.bfloat16}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: can)


@pytest.mark.usefixtures("processor")
@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 12), st.sampled_from([0.0, 0.3, 1.0]))
@settings(max_examples=60)
def test_lists_are_those_of_sorting_all_scores(seed: int, n_products: int, k: int, share_seen: float) -> None:
    rng = np.random.default_rng(seed)
    # Whole numbers: sums are exact, and there are ties.
    users, products = rng.integers(-999, 1000, (7, 5)), rng.integers(-999, 1000, (n_products, 5))
    products[rng.random(n_products) < 0.3] //= 100
    active, seen = rng.random(n_products) < 0.8, rng.random((7, n_products)) < share_seen
    catalogue = TopKIndex(products.astype(np.float32), active)
    assert lists(catalogue, users, k, seen) == naive_lists(users, products, k, seen | ~active)


def test_scores_that_bfloat16_cannot_tell_apart_are_put_in_order() -> None:
    # bfloat16 has eight binary digits: 1 + n/1024 is 1 for all of these.
    products = 1 + np.array([[0], [3], [1], [2]]) / 1024
    assert lists(TopKIndex(products.astype(np.float32)), np.array([[1.0], [-1.0]]), 3) == [[1, 3, 2], [0, 2, 3]]


def test_a_user_or_a_catalogue_of_zeros_gets_the_first_products() -> None:
    users = np.array([[0.0, 0.0], [1.0, 0.0]])
    assert lists(TopKIndex(np.array([[1, 2], [3, 4], [5, 6]], dtype=np.float32)), users, 2) == [[0, 1], [2, 1]]
    assert lists(TopKIndex(np.zeros((3, 2), dtype=np.float32)), users, 2) == [[0, 1], [0, 1]]


def test_a_catalogue_without_products_gives_empty_lists() -> None:
    nothing = TopKIndex(np.ones((2, 2), dtype=np.float32), np.array([False, False]))
    assert lists(nothing, np.ones((1, 2)), 2) == [[-1, -1]]


def test_any_number_of_threads_gives_the_same_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact_topk, "BLOCK_USERS", 16)
    rng = np.random.default_rng(1)
    catalogue, users = (TopKIndex(rng.normal(size=(500, 8)).astype(np.float32)), rng.normal(size=(100, 8)).astype("f4"))
    one, four = ([found.scores.tobytes() for found in catalogue.top_k(users, 5, n_threads=n)] for n in (1, 4))
    assert one == four


def test_searches_side_by_side_leave_torch_as_many_threads_as_it_had() -> None:
    before = torch.get_num_threads()
    catalogue = TopKIndex(np.ones((3, 1), dtype=np.float32))
    searches = [catalogue.top_k(np.ones((1, 1), dtype=np.float32), 1) for _ in range(2)]
    for search in searches:
        next(search)
    assert torch.get_num_threads() == 1
    for search in searches:
        search.close()
    assert torch.get_num_threads() == before


def test_added_scores_decide_and_the_last_column_belongs_to_inactive_products() -> None:
    active = np.array([True, False, True])
    catalogue = TopKIndex(np.array([[1.0], [9.0], [2.0]], dtype=np.float32), active)
    assert catalogue.columns.tolist() == [1, 2, 0]
    added = np.array([[0.0, 1.5, 7.0], [0.0, 0.5, 7.0]], dtype=np.float32)
    found = list(catalogue.top_k(np.ones((2, 1), dtype=np.float32), 2, added=lambda at: added[at]))
    assert found[0].products.tolist() == [[0, 2], [2, 0]]
    assert found[0].scores.tolist() == [[2.5, 2.0], [2.0, 1.5]]


@pytest.mark.usefixtures("processor")
def test_an_added_score_lifts_a_product_whose_vector_is_out_of_reach() -> None:
    products = np.where(np.arange(40) < 16, 10.0, 0.01).astype(np.float32)[:, None]
    catalogue, added = TopKIndex(products), np.zeros((2, 41), dtype=np.float32)
    added[0, catalogue.columns[39]], added[1, catalogue.columns[38]] = 20.0, -20.0
    found = list(catalogue.top_k(np.ones((2, 1), dtype=np.float32), 2, added=lambda at: added[at]))
    assert found[0].products.tolist() == [[39, 0], [0, 1]]


@pytest.mark.usefixtures("processor")
@pytest.mark.parametrize("typical", [[1.0, 1.0], [0.0, 5.0], [0.0, 0.0]])
def test_the_order_of_the_search_does_not_change_the_lists(typical: list[float]) -> None:
    rng = np.random.default_rng(4)
    users, products = rng.integers(-9, 10, (5, 4)), rng.integers(-9, 10, (50, 4))
    parts = Parts([3, 1], np.array(typical, dtype=np.float32))
    catalogue = TopKIndex(products.astype(np.float32), parts=parts)
    assert lists(catalogue, users, 6) == naive_lists(users, products, 6, np.zeros((5, 50), dtype=bool))


def test_constants_move_scores_and_no_list() -> None:
    catalogue = TopKIndex(np.array([[1.0], [3.0]], dtype=np.float32), decimals=2)
    [found] = catalogue.top_k(np.ones((2, 1), dtype=np.float32), 2, constants=np.array([0.5, -4.0], dtype=np.float32))
    assert found.products.tolist() == [[1, 0], [1, 0]]
    assert found.scores.tolist() == [[3.5, 1.5], [-1.0, -3.0]]
