"""Confidence intervals of means over users: percentile bootstrap (Efron and Tibshirani, 1993, chapter 13)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from socialrec.evaluate.metrics.hits import Values

LEVEL = 0.95
"""Confidence level of an interval."""
BLOCK_DRAWS = 4_000_000
"""Draws held in memory at once."""


def mean_interval(values: Values, n_resamples: int, seed: int) -> tuple[Values, Values]:
    """Lower and upper end of a 95% interval of each column's mean, float64 (n_columns,) each.

    values: float64 (n_users, n_columns), NaN where a metric is undefined for a user. Users are drawn whole, so that
    columns keep their dependence. NaN for a column without values.
    """
    if not len(values):
        return np.full(values.shape[1], np.nan), np.full(values.shape[1], np.nan)
    known, filled = np.isfinite(values).astype(np.float64), np.nan_to_num(values, nan=0.0)
    means = np.concatenate([_ratio(times @ filled, times @ known) for times in _draws(len(values), n_resamples, seed)])
    means[:, ~known.any(axis=0)] = 0.0
    low, high = np.nanquantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    for end in (low, high):
        end[~known.any(axis=0)] = np.nan
    return low, high


def _draws(n: int, n_resamples: int, seed: int) -> Iterator[Values]:
    """Number of times each of n users is drawn, float64 (resamples of a block, n)."""
    rng = np.random.default_rng(seed)
    width = max(1, BLOCK_DRAWS // n)
    for start in range(0, n_resamples, width):
        rows = min(width, n_resamples - start)
        drawn = rng.integers(0, n, (rows, n)) + np.arange(rows)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)


def _ratio(part: Values, whole: Values) -> Values:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
