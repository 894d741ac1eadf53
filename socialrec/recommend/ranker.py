"""Exact top-K lists without seen and inactive products, for any blend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from socialrec.recommend.scores import InnerProductScores, Scores, Vectors, WrittenScores
from socialrec.vectors.arrays import F32, Csr, Flags, Indices
from socialrec.vectors.exact_topk import Parts, TopKIndex

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
        self._vectors: tuple[Vectors, ...] = ()
        self._catalogue: TopKIndex | None = None

    def top_k(self, scores: Scores, seen: Csr, k: int) -> TopK:
        """Best k products of each user: numbers int64 (n, k) padded with ABSENT, and rounded scores float64 (n, k).

        scores are finite, (n, n_products); seen is csr (n, n_products).
        """
        terms = list(scores.terms(np.ones(scores.shape[0], dtype=np.float32)))
        products = [(factors, part) for factors, part in terms if isinstance(part, InnerProductScores)]
        others = [(factors, part) for factors, part in terms if not isinstance(part, InnerProductScores)]
        users = [np.ldexp(factors[:, None] * part.users, part.vectors.exponent) for factors, part in products]
        catalogue = self._catalogue_of(tuple(part.vectors for _, part in products), users)
        added = WrittenScores(others, catalogue.columns, catalogue.n_columns) if others else None
        side_by_side = np.hstack([np.zeros((scores.shape[0], 0), dtype=np.float32), *users])
        found = list(catalogue.top_k(side_by_side, k, seen, added=added, constants=scores.constants, n_threads=1))
        return np.concatenate([each.products for each in found]), np.concatenate([each.scores for each in found])

    def _catalogue_of(self, vectors: tuple[Vectors, ...], users: Sequence[F32]) -> TopKIndex:
        """Vectors of all parts side by side; rebuilt only for other vectors. users: vectors of some users by part.

        All parts of products have lengths up to 1: the error of rounding them is bounded by lengths. Powers of two
        change no digit.
        """
        if self._catalogue is None or not _equal(vectors, self._vectors):
            scaled = [np.ldexp(each.values, -each.exponent) for each in vectors]
            typical = np.array([np.linalg.norm(each, axis=1).mean() for each in users], dtype=np.float32)
            side_by_side = np.hstack([np.zeros((len(self.active), 0), dtype=np.float32), *scaled])
            parts = Parts([each.shape[1] for each in scaled], typical)
            self._catalogue, self._vectors = TopKIndex(side_by_side, self.active, self.decimals, parts), vectors
        return self._catalogue


def _equal(some: Sequence[Vectors], others: Sequence[Vectors]) -> bool:
    """Check if all vectors are the same; those that are fitted are the same objects in all blocks of users."""
    return len(some) == len(others) and all(
        one is other or np.array_equal(one.values, other.values) for one, other in zip(some, others, strict=True)
    )
