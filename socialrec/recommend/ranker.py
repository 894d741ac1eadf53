"""Exact top-K lists without seen and inactive products, by the engine that fits a blend's scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from socialrec.recommend.blend import Blended
from socialrec.recommend.scores import InnerProductScores, Scores, Vectors
from socialrec.vectors.arrays import ABSENT, F32, Csr, Flags, Indices
from socialrec.vectors.exact_topk import TopKIndex

TopK = tuple[Indices, npt.NDArray[np.float64]]


class TopKRanker:
    """Ranker of the products of one catalogue; active: bool (n_products,).

    Scores are rounded to `decimals` and ties go to the lower product number, so float noise cannot reorder a list.
    Where a blend consists of inner products alone (factors, content, popularity), scores are never materialised: one
    search over all vectors finds the best. A closed form, steps or ties add scores that are no inner products; then
    they are materialised, a block of users at a time.
    """

    def __init__(self, active: Flags, decimals: int) -> None:
        self.active, self.decimals = active, decimals
        self._vectors: tuple[Vectors, ...] = ()
        self._catalogue: TopKIndex | None = None

    def top_k(self, scores: Scores, seen: Csr, k: int) -> TopK:
        """Best k products of each user: numbers int64 (n, k) padded with ABSENT, and rounded scores float64 (n, k).

        scores are finite, (n, n_products); seen is csr (n, n_products).
        """
        if isinstance(scores, Blended) and (parts := inner_products(scores)):
            return self._search(scores, parts, seen, k)
        return top_k(scores.full(), seen, self.active, k, self.decimals)

    def _search(self, blend: Blended, parts: Sequence[tuple[F32, InnerProductScores]], seen: Csr, k: int) -> TopK:
        users = np.hstack([*(scale[:, None] * part.users for scale, part in parts), blend.offsets[:, None]])
        catalogue = self._catalogue_of(tuple(part.vectors for _, part in parts))
        found = list(catalogue.top_k(users, k, seen, n_threads=1))
        return np.concatenate([each.products for each in found]), np.concatenate([each.scores for each in found])

    def _catalogue_of(self, vectors: tuple[Vectors, ...]) -> TopKIndex:
        """Vectors of all parts side by side, and a one for the users' offsets; rebuilt only for other vectors."""
        if self._catalogue is None or [*map(id, vectors)] != [*map(id, self._vectors)]:
            ones = np.ones((len(self.active), 1), dtype=np.float32)
            side_by_side = np.hstack([*(each.values for each in vectors), ones])
            self._catalogue, self._vectors = TopKIndex(side_by_side, self.active, self.decimals), vectors
        return self._catalogue


def inner_products(blend: Blended) -> list[tuple[F32, InnerProductScores]]:
    """Parts with weight and their scales (n,), where all of them are inner products; else empty."""
    counting = [pair for pair in zip(blend.scales, blend.parts, strict=True) if pair[0].any()]
    found = [(scale, part) for scale, part in counting if isinstance(part, InnerProductScores)]
    return found if len(found) == len(counting) else []


def top_k(scores: F32, seen: Csr, active: Flags, k: int, decimals: int) -> TopK:
    """Rank materialised scores, float32 (n, n_products), as `TopKRanker.top_k` does; they are overwritten."""
    n, n_products = scores.shape
    scores[:, ~active] = -np.inf
    scores[np.repeat(np.arange(n), np.diff(seen.indptr)), seen.indices] = -np.inf
    # Only scores within rounding of the k-th best are rounded and sorted.
    last = n_products - min(k, n_products)
    floor = np.partition(scores, last, axis=1)[:, last, None] - np.float32(1.5 * 10.0**-decimals)
    users, products = np.nonzero((scores >= floor) & (scores > -np.inf))
    steps = np.rint(scores[users, products].astype(np.float64) * 10**decimals)
    order = np.lexsort((products, -steps, users))
    users, products, steps = users[order], products[order], steps[order]
    places = np.arange(len(users)) - np.searchsorted(users, users)
    kept = places < k
    chosen = np.full((n, k), ABSENT, dtype=np.int64)
    rounded = np.zeros((n, k))
    chosen[users[kept], places[kept]] = products[kept]
    rounded[users[kept], places[kept]] = steps[kept] / 10**decimals
    return chosen, rounded
