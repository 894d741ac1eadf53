"""Exact top-K lists without seen and inactive products, for any blend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

from socialrec.recommend.scores import DenseScores, InnerProductScores, Scores, Vectors, WrittenScores
from socialrec.vectors.arrays import F32, Csr, Flags, Indices
from socialrec.vectors.bounds import Parts
from socialrec.vectors.exact_topk import TopKIndex

TopK = tuple[Indices, npt.NDArray[np.float64]]


class TopKRanker:
    """Ranker of the products of one catalogue; active: bool (n_products,).

    Scores are rounded to `decimals` and ties go to the lower product number, so float noise cannot reorder a list.
    Inner products (factors, content, popularity) are never materialised: one search over the vectors of all of them
    finds the best. To its products it adds the other scores, which are written out: sparse ones (steps, ties) and those
    of a closed form.
    """

    def __init__(self, active: Flags, decimals: int) -> None:
        self.active, self.decimals = active, decimals
        self._prepared: _Prepared | None = None
        self._part: TopKRanker | None = None
        self._preparing = Lock()

    def among(self, chosen: Flags) -> TopKRanker:
        """Ranker of some of the products alone, bool (n_products,); prepared again only for others."""
        active = self.active & chosen
        if self._part is None or not np.array_equal(self._part.active, active):
            self._part = TopKRanker(active, self.decimals)
        return self._part

    def top_k(self, scores: Scores, seen: Csr, k: int) -> TopK:
        """Best k products of each user: numbers int64 (n, k) padded with ABSENT, and rounded scores float64 (n, k).

        scores are finite, (n, n_products); seen is csr (n, n_products).
        """
        if not scores.shape[0]:
            return np.zeros((0, k), dtype=np.int64), np.zeros((0, k))
        terms = list(scores.terms(np.ones(scores.shape[0], dtype=np.float32)))
        products = [(factors, part) for factors, part in terms if isinstance(part, InnerProductScores)]
        others = [(factors, part) for factors, part in terms if not isinstance(part, InnerProductScores)]
        users = [np.ldexp(factors[:, None] * part.users, part.vectors.exponent) for factors, part in products]
        typical = np.array([np.linalg.norm(each, axis=1).mean() for each in users], dtype=np.float32)
        if any(isinstance(part, DenseScores) for _, part in others):
            # Dense scores are added to all products. In the catalogue's own order that takes least time.
            typical[:] = 0.0
        index = self._index(tuple(part.vectors for _, part in products), typical)
        added = WrittenScores(others, index.columns, index.n_columns) if others else None
        side_by_side = np.hstack([np.zeros((scores.shape[0], 0), dtype=np.float32), *users])
        found = list(index.top_k(side_by_side, k, seen, added=added, constants=scores.constants, n_threads=1))
        return np.concatenate([each.products for each in found]), np.concatenate([each.scores for each in found])

    def _index(self, vectors: tuple[Vectors, ...], typical: F32) -> TopKIndex:
        """Vectors of all parts side by side; prepared again only for other vectors. typical: see `Parts`.

        All parts of products have lengths up to 1: the error of rounding them is bounded by lengths. Powers of two
        change no digit.
        """
        is_ordered = bool(typical.any())
        # One of the blocks in parallel prepares it, for all of them.
        with self._preparing:
            ready = self._prepared
            if ready is None or ready.is_ordered != is_ordered or not _equal(vectors, ready.vectors):
                scaled = [np.ldexp(each.values, -each.exponent) for each in vectors]
                side_by_side = np.hstack([np.zeros((len(self.active), 0), dtype=np.float32), *scaled])
                parts = Parts([each.shape[1] for each in scaled], typical)
                ready = _Prepared(TopKIndex(side_by_side, self.active, self.decimals, parts), vectors, is_ordered)
                self._prepared = ready
            return ready.index


@dataclass(frozen=True)
class _Prepared:
    """Index of these vectors, and if it is ordered by their lengths."""

    index: TopKIndex
    vectors: tuple[Vectors, ...]
    is_ordered: bool


def _equal(some: Sequence[Vectors], others: Sequence[Vectors]) -> bool:
    """Check if all vectors are the same; those that are fitted are the same objects in all blocks of users."""
    return len(some) == len(others) and all(
        one is other or np.array_equal(one.values, other.values) for one, other in zip(some, others, strict=True)
    )
