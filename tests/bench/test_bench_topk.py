"""The top-K benchmark: what counts as the same list, and the sides against each other on few vectors."""

from __future__ import annotations

import numpy as np
import pytest

from socialrec.bench.topk.benchmark import N_ROUNDS, Size, in_turn, same_ids


def test_a_product_that_ties_with_the_last_of_the_peers_list_counts_as_the_same() -> None:
    ours = np.array([[4, 7, 2]]), np.array([[3.0, 2.0, 1.0]], dtype=np.float32)
    theirs = np.array([[7, 4, 9]]), np.array([[3.0, 2.0, 1.000001]], dtype=np.float32)
    assert same_ids(ours, theirs).tolist() == [[True, True, True]]
    assert same_ids(ours, (theirs[0], theirs[1] + np.float32(0.5))).tolist() == [[True, True, False]]


def test_ours_and_faiss_make_the_same_lists_and_every_side_is_timed_on_all_users() -> None:
    said: list[str] = []
    clock, same = in_turn(Size(n_users=64, n_products=300, dim=8, k=10), said.append)
    assert same == 1.0
    assert set(clock.wall) == set(clock.cpu) == {"ours", "faiss", "implicit", "bare product"}
    assert len(said) == N_ROUNDS


def test_parts_of_the_users_make_up_all_of_them() -> None:
    size = Size(n_users=101, n_products=3, dim=2, k=1)
    assert sum(len(size.users(part, N_ROUNDS)) for part in range(N_ROUNDS)) == 101
    assert size.users(1, N_ROUNDS)[0] == pytest.approx(size.users(1, N_ROUNDS)[0])
    assert not np.allclose(size.users(0, N_ROUNDS)[0], size.users(1, N_ROUNDS)[0])
