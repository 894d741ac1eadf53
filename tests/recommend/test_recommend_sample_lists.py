"""Sample lists of a training: what was listed, and which of it was taken later."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from socialrec.recommend.assessment.sample_lists import N_SAMPLES, sample_lists
from socialrec.recommend.training.offline import HeldOut

IDS = pa.array(["boat", "kite", "lamp"])
PRODUCTS = pa.table({"product_id": ["lamp", "kite", "boat"], "text": ["Lamp" * 30, "Red kite. toys", "Boat"]})


def held(n_users: int) -> HeldOut:
    """Everybody has met the boat, and took the lamp later."""
    seen, relevant = (sp.csr_matrix(np.tile(row, (n_users, 1))) for row in ([1.0, 0, 0], [0, 0, 1.0]))
    return HeldOut(np.arange(n_users), seen, relevant)


def test_a_list_says_its_products_and_which_of_them_were_taken_later() -> None:
    assert sample_lists(np.array([[1, 2, -1]]), held(1), IDS, PRODUCTS, seed=1) == [
        (1, 1, 1, "kite", "Red kite. toys", 0),
        (1, 1, 2, "lamp", "Lamp" * 20, 1),
    ]


def test_a_few_users_are_shown_the_same_ones_each_time() -> None:
    ranked = np.tile([1, 2], (40, 1))
    ranked[::2] = [2, 1]
    shown = sample_lists(ranked, held(40), IDS, PRODUCTS, seed=1)
    assert shown == sample_lists(ranked, held(40), IDS, PRODUCTS, seed=1)
    assert shown != sample_lists(ranked, held(40), IDS, PRODUCTS, seed=2)
    assert {row[0] for row in shown} == set(range(1, N_SAMPLES + 1))
