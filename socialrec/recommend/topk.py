"""Exact top-K lists with seen and inactive products left out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from socialrec.recommend.arrays import ABSENT, F32, Csr, Flags, Indices

LOWEST = np.iinfo(np.int64).min


def top_k(scores: F32, seen: Csr, active: Flags, k: int, decimals: int) -> tuple[Indices, npt.NDArray[np.float64]]:
    """Best k products of each user: numbers int64 (n, k) padded with ABSENT, and rounded scores float64 (n, k).

    scores is float32 (n, n_products) and finite; seen is csr (n, n_products); active is bool (n_products,). Scores are
    rounded to `decimals` and ties go to the lower product number, so float noise cannot reorder a list.
    """
    n, n_products = scores.shape
    steps = np.rint(scores.astype(np.float64) * 10**decimals).astype(np.int64)
    # One integer orders by score, then by product number; unique within a row, so that the selection is exact.
    keys = steps * n_products + np.arange(n_products - 1, -1, -1)
    keys[:, ~active] = LOWEST
    keys[np.repeat(np.arange(n), np.diff(seen.indptr)), seen.indices] = LOWEST
    places = min(k, n_products)
    best = np.argpartition(keys, n_products - places, axis=1)[:, n_products - places :]
    best_keys = np.take_along_axis(keys, best, axis=1)
    order = np.argsort(best_keys, axis=1)[:, ::-1]
    best, best_keys = np.take_along_axis(best, order, axis=1), np.take_along_axis(best_keys, order, axis=1)
    chosen = np.full((n, k), ABSENT, dtype=np.int64)
    chosen[:, :places] = np.where(best_keys == LOWEST, ABSENT, best)
    rounded = np.zeros((n, k))
    rounded[:, :places] = np.where(best_keys == LOWEST, 0.0, np.take_along_axis(steps, best, axis=1) / 10**decimals)
    return chosen, rounded
