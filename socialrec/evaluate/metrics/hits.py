"""Places of ranked lists with relevant products, which every metric of accuracy counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Ranked = npt.NDArray[np.int64]
Relevant = Any
"""scipy.sparse.csr_matrix; scipy ships no types."""
Values = npt.NDArray[np.float64]


def hits(ranked: Ranked, relevant: Relevant, cutoff: int) -> Values:
    """Hits: 1 where a place has a relevant product, else 0, float64 (n_users, cutoff). Raises ValueError on short
    lists.
    """
    if ranked.shape[1] < cutoff:
        raise ValueError(f"lists of {ranked.shape[1]} places cannot be measured at {cutoff}: pad them with -1")
    top = ranked[:, :cutoff]
    if not top.size:  # scipy answers an empty look-up with one element
        return np.zeros(top.shape)
    users = np.repeat(np.arange(len(top)), cutoff)
    found = np.asarray(relevant[users, np.maximum(top, 0).ravel()]).reshape(top.shape) != 0
    return np.where(top >= 0, found, False).astype(np.float64)


def mean_over_places(value: Values, top: Ranked) -> Values:
    """Mean of a value of each product (n_products,) over the places of each list, float64 (n,); NaN for empty lists."""
    shown = top >= 0
    total = np.where(shown, value[np.maximum(top, 0)], 0.0).sum(axis=1)
    means: Values = np.divide(total, shown.sum(axis=1), out=np.full(len(top), np.nan), where=shown.any(axis=1))
    return means


def mean_over_cells(value: Values, matrix: Relevant) -> Values:
    """Mean of a value of each product over the non-zero cells of each row, float64 (n,); NaN for empty rows."""
    cells = (matrix != 0).astype(np.float64)
    counts = np.asarray(cells.sum(axis=1)).ravel()
    means: Values = np.divide(cells.dot(value), counts, out=np.full(len(counts), np.nan), where=counts > 0)
    return means


def n_relevant(relevant: Relevant) -> npt.NDArray[np.int64]:
    """Number of relevant products of each user, int64 (n_users,)."""
    return np.asarray((relevant != 0).sum(axis=1), dtype=np.int64).ravel()


def ratio(part: Values, whole: npt.NDArray[Any]) -> Values:
    """part / whole, and 0 where whole is 0."""
    shares: Values = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    return shares
