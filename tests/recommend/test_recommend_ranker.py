"""Lists of any blend by one search: the same as from scores that are written out and sorted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from socialrec.recommend import ranker as ranker_module
from socialrec.recommend.blend import Blended
from socialrec.recommend.ranker import TopKRanker
from socialrec.recommend.scores import (
    FEW_KINDS,
    DenseScores,
    InnerProductScores,
    KindScorer,
    Scores,
    SharedScores,
    SparseScores,
    SummedScores,
    Vectors,
)
from socialrec.vectors import exact_topk

KINDS = ["inner products", "sparse", "shared", "dense", "dense of some products", "constant", "sum", "nothing"]


@pytest.fixture
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in {"BLOCK_USERS": 3, "ADDED_USERS": 3, "BLOCK_PRODUCTS": 8, "SAMPLE": 8, "GROUP": 2}.items():
        monkeypatch.setattr(exact_topk, name, size)


def part(kind: str, rng: np.random.Generator, shape: tuple[int, int]) -> Scores:
    """Scores that are quarters of whole numbers, so that their sums are exact, with many ties."""
    n, n_products = shape

    def quarters(size: tuple[int, int], most: int = 9) -> np.ndarray:
        return (rng.integers(-most, most + 1, size) / 4).astype(np.float32)

    cells = np.where(rng.random(shape) < 0.3, quarters(shape, int(rng.choice([9, 9999]))), 0).astype(np.float32)
    products = InnerProductScores(quarters((n, 3)), Vectors(quarters((n_products, 3), 99)))
    columns = np.flatnonzero(rng.random(n_products) < 0.6)
    made: dict[str, Scores] = {
        "inner products": products,
        "sparse": SparseScores(sp.csr_matrix(cells)),
        "shared": SharedScores(sp.csr_matrix(cells[: max(1, n // 3)]), rng.integers(0, max(1, n // 3), n)),
        "dense": DenseScores.whole(quarters(shape)),
        "dense of some products": DenseScores(quarters((n, len(columns))), columns, n_products),
        "constant": DenseScores.whole(np.full(shape, 0.75, dtype=np.float32)),
        "sum": SummedScores(products, sp.csr_matrix(cells)),
        "nothing": SparseScores(sp.csr_matrix(shape, dtype=np.float32)),
    }
    return made[kind]


class Sum(Blended):
    """Sum of the parts as they are: scales of a blend would make every score inexact."""

    @property
    def scales(self) -> np.ndarray:  # type: ignore[override]
        return np.ones((len(self.parts), self.shape[0]), dtype=np.float32)

    @property
    def offsets(self) -> np.ndarray:
        return np.full(self.shape[0], -0.5, dtype=np.float32)


def naive(scores: np.ndarray, hidden: np.ndarray, k: int) -> tuple[list[list[int]], list[list[float]]]:
    products, values = [], []
    for row, out in zip(np.round(scores.astype(np.float64), 5), hidden, strict=True):
        order = sorted(np.flatnonzero(~out).tolist(), key=lambda product: (-row[product], product))[:k]
        products.append(order + [-1] * (k - len(order)))
        values.append([row[product] for product in order] + [0.0] * (k - len(order)))
    return products, values


@pytest.mark.usefixtures("_small_blocks")
@given(
    st.integers(0, 10_000),
    st.lists(st.sampled_from(KINDS), min_size=1, max_size=5),
    st.integers(0, 7),
    st.integers(0, 60),
    st.integers(1, 70),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.sampled_from([1.0, 0.8, 0.0]),
)
@settings(max_examples=300)
def test_lists_are_those_of_scores_that_are_written_out(
    seed: int, kinds: Sequence[str], n: int, n_products: int, k: int, seen_share: float, active_share: float
) -> None:
    rng = np.random.default_rng(seed)
    blend = Sum([part(kind, rng, (n, n_products)) for kind in kinds], [1.0] * len(kinds))
    seen, active = rng.random((n, n_products)) < seen_share, rng.random(n_products) < active_share
    chosen = rng.random(n_products) < 0.3
    ranker = TopKRanker(active, 5)
    for some, hidden in ((ranker, ~active), (ranker.among(chosen), ~(active & chosen))):
        products, scores = some.top_k(blend, sp.csr_matrix(seen, dtype=np.float32), k)
        expected, values = naive(blend.full(), seen | hidden, k)
        assert products.tolist() == expected
        assert scores.tolist() == values


@pytest.mark.usefixtures("_small_blocks")
@given(st.integers(0, 10_000), st.lists(st.sampled_from(KINDS), min_size=1, max_size=4))
@settings(max_examples=60)
def test_lists_of_a_blend_have_the_best_products_but_for_the_last_digit(seed: int, kinds: Sequence[str]) -> None:
    rng, shape = np.random.default_rng(seed), (4, 50)
    blend = Blended([part(kind, rng, shape) for kind in kinds], rng.random(len(kinds)).tolist())
    products, scores = TopKRanker(np.ones(50, dtype=bool), 5).top_k(blend, sp.csr_matrix(shape, dtype=np.float32), 10)
    full = blend.full()
    assert np.take_along_axis(full, products, axis=1) == pytest.approx(scores, abs=2e-5)
    assert scores == pytest.approx(-np.sort(-full, axis=1)[:, :10], abs=2e-5)


def test_a_strong_sparse_score_lifts_a_product_and_a_negative_one_sinks_it() -> None:
    vectors = Vectors(np.array([[3], [2], [1]], dtype=np.float32))
    cells = sp.csr_matrix(np.array([[-2.5, 0, 4]], dtype=np.float32))
    scores = SummedScores(InnerProductScores(np.ones((1, 1), dtype=np.float32), vectors), cells)
    products, values = TopKRanker(np.ones(3, dtype=bool), 5).top_k(scores, sp.csr_matrix((1, 3)), 3)
    assert products.tolist() == [[2, 1, 0]]
    assert values.tolist() == [[5.0, 2.0, 0.5]]


def test_other_vectors_of_the_same_shape_are_other_products() -> None:
    ranker, one = TopKRanker(np.ones(2, dtype=bool), 5), np.ones((1, 1), dtype=np.float32)
    for values, first in (([1, 2], 1), ([2, 1], 0)):
        scores = InnerProductScores(one, Vectors(np.array([values], dtype=np.float32).T))
        assert ranker.top_k(scores, sp.csr_matrix((1, 2)), 1)[0].tolist() == [[first]]


@pytest.mark.parametrize("n_kinds", [2, FEW_KINDS + 1])
def test_few_kinds_and_many_kinds_score_alike(n_kinds: int) -> None:
    strengths = sp.csr_matrix(
        ([0.5, 1.0, 0.25], ([0, 1, 2], [0, 1, n_kinds - 1])), shape=(3, n_kinds), dtype=np.float32
    )
    shares = sp.csr_matrix(([0.5, 0.5], ([0, 0], [0, n_kinds - 1])), shape=(1, n_kinds), dtype=np.float32)
    scores = KindScorer(strengths).score(shares)
    assert scores.full().tolist() == [[0.25, 0.5 if n_kinds == 2 else 0.0, 0.125]]
    with_more = scores.plus(sp.csr_matrix([[0, 0, 1]], dtype=np.float32))
    assert with_more.full().tolist() == [[0.25, 0.5 if n_kinds == 2 else 0.0, 1.125]]
    assert with_more.at(np.array([[2, 0]])).tolist() == [[1.125, 0.25]]


@pytest.mark.parametrize("kind", KINDS)
def test_moments_are_those_of_the_scores(kind: str) -> None:
    scores = part(kind, np.random.default_rng(5), (6, 40))
    mean, spread = scores.moments()
    full = scores.full().astype(np.float64)
    assert mean == pytest.approx(full.mean(axis=1), rel=1e-4, abs=1e-4)
    assert spread == pytest.approx(full.std(axis=1), rel=1e-4, abs=1e-4)


def test_blocks_in_parallel_prepare_the_vectors_once(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = []

    class Counted(exact_topk.TopKIndex):
        def __init__(self, *arguments: object) -> None:
            prepared.append(1)
            time.sleep(0.05)
            super().__init__(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ranker_module, "TopKIndex", Counted)
    vectors = Vectors(np.arange(12, dtype=np.float32).reshape(6, 2))
    users, lister = np.ones((1, 2), dtype=np.float32), TopKRanker(np.ones(6, dtype=bool), 5)

    def best(_: int) -> list[int]:
        return lister.top_k(InnerProductScores(users, vectors), sp.csr_matrix((1, 6)), 2)[0][0].tolist()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(best, range(8))) == [[5, 4]] * 8
    assert len(prepared) == 1
