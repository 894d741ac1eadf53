"""Top-K on a device: the lists of the search on processors, whatever the device is and however little room there is."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from socialrec.vectors import device_topk
from socialrec.vectors.device_topk import DeviceTopK
from socialrec.vectors.exact_topk import TopKBlock, TopKIndex

F32 = np.float32


def listed(found: list[TopKBlock]) -> list[list[int]]:
    return [row for block in found for row in block.products.tolist()]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few users, a sample of one tile, and no room to spare."""
    sizes = {"SAMPLE": 128, "BLOCK_LINES": 64, "FINISHED_USERS": 2, "SPARE": 1, "SAMPLE_GROUP": 2}
    for name, size in sizes.items():
        monkeypatch.setattr(device_topk, name, size)


@pytest.mark.usefixtures("small")
@given(st.integers(0, 10_000), st.integers(1, 700), st.integers(1, 12), st.sampled_from([0.0, 0.1]))
@settings(max_examples=40)
def test_lists_and_scores_are_those_of_the_search_on_processors(
    seed: int, n_products: int, k: int, share_seen: float
) -> None:
    rng = np.random.default_rng(seed)
    # Whole numbers, so that there are ties, of vectors of very different lengths.
    users, products = rng.integers(-99, 100, (7, 5)).astype(F32), rng.integers(-99, 100, (n_products, 5)).astype(F32)
    products[rng.random(n_products) < 0.3] //= 10
    index = TopKIndex(products, rng.random(n_products) < 0.8)
    seen = sp.csr_matrix(rng.random((7, n_products)) < share_seen, dtype=F32)
    expected, found = (list(side.top_k(users, k, seen)) for side in (index, DeviceTopK(index, "cpu")))
    assert listed(found) == listed(expected)
    scores = [np.concatenate([block.scores for block in side]) for side in (expected, found)]
    assert scores[0].tobytes() == scores[1].tobytes()


def test_products_in_the_worst_order_and_all_alike_find_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_topk, "SAMPLE", 128)
    rising = np.linspace(1, 2, 2000, dtype=F32)[:, None] * np.array([[1, 0]], dtype=F32)
    turned = np.stack([rising[:, 0], 3 - rising[:, 0]], axis=1)
    users = np.array([[1, 0], [0, 1]], dtype=F32)
    index = DeviceTopK(TopKIndex(turned), "cpu")
    assert listed(list(index.top_k(users, 3))) == [[1999, 1998, 1997], [0, 1, 2]]
    alike = DeviceTopK(TopKIndex(np.ones((2000, 2), dtype=F32)), "cpu")
    assert listed(list(alike.top_k(users, 2))) == [[0, 1], [0, 1]]


def test_rounded_scores_and_constants_are_those_of_the_index() -> None:
    index = TopKIndex(np.array([[1.0], [1.001], [3.0]], dtype=F32), decimals=2)
    [found] = DeviceTopK(index, "cpu").top_k(np.ones((1, 1), dtype=F32), 3, constants=np.array([0.5], dtype=F32))
    assert (found.products.tolist(), found.scores.tolist()) == ([[2, 0, 1]], [[3.5, 1.5, 1.5]])


def test_without_products_lists_are_empty() -> None:
    index = TopKIndex(np.ones((2, 2), dtype=F32), np.array([False, False]))
    assert listed(list(DeviceTopK(index, "cpu").top_k(np.ones((1, 2), dtype=F32), 2))) == [[-1, -1]]


@pytest.mark.skipif(find_spec("triton") is None, reason="the fused product needs Triton, which comes with CUDA's torch")
def test_the_fused_product_finds_what_written_scores_find() -> None:
    """In Triton's interpreter, on a processor."""
    environment = os.environ | {"TRITON_INTERPRET": "1"}
    program = Path(__file__).with_name("fused_product.py")
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout.strip()) == (0, "same lists"), done.stderr
