"""Exact top-K lists with seen and inactive products left out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from socialrec.recommend.arrays import ABSENT, F32, Csr, Flags, Indices


def top_k(scores: F32, seen: Csr, active: Flags, k: int, decimals: int) -> tuple[Indices, npt.NDArray[np.float64]]:
    """Best k products of each user: numbers int64 (n, k) padded with ABSENT, and rounded scores float64 (n, k).

    scores is float32 (n, n_products) and finite; seen is csr (n, n_products); active is bool (n_products,). Scores are
    rounded to `decimals` and ties go to the lower product number, so float noise cannot reorder a list.
    """
    n, n_products = scores.shape
    open_scores = scores.copy()
    open_scores[:, ~active] = -np.inf
    open_scores[np.repeat(np.arange(n), np.diff(seen.indptr)), seen.indices] = -np.inf
    # Only what is within rounding of the k-th best score is rounded and sorted.
    last = n_products - min(k, n_products)
    floor = np.partition(open_scores, last, axis=1)[:, last, None] - np.float32(1.5 * 10.0**-decimals)
    users, products = np.nonzero((open_scores >= floor) & (open_scores > -np.inf))
    steps = np.rint(open_scores[users, products].astype(np.float64) * 10**decimals)
    order = np.lexsort((products, -steps, users))
    users, products, steps = users[order], products[order], steps[order]
    places = np.arange(len(users)) - np.searchsorted(users, users)
    kept = places < k
    chosen = np.full((n, k), ABSENT, dtype=np.int64)
    rounded = np.zeros((n, k))
    chosen[users[kept], places[kept]] = products[kept]
    rounded[users[kept], places[kept]] = steps[kept] / 10**decimals
    return chosen, rounded
