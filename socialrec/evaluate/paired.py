"""Paired tests of two models on the same users."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np

from socialrec.evaluate.bootstrap import BLOCK_DRAWS, mean_interval
from socialrec.evaluate.metrics.hits import Values

ROUNDING = 1e-12
"""Relative tolerance for sums of the same numbers in another order."""


@dataclass(frozen=True)
class PairedTest:
    """Mean over users of ours less theirs, its 95% interval, and p-values.

    p_better is for a difference at least this high, p_worse for one at least this low; both are 1 where all users
    are served alike.
    """

    n_users: int
    difference: float
    low: float
    high: float
    p_better: float
    p_worse: float

    def document(self) -> dict[str, float]:
        """Plain numbers."""
        return {name: float(value) for name, value in asdict(self).items()}


def paired_test(ours: Values, theirs: Values, n_resamples: int, seed: int) -> PairedTest:
    """Fisher's randomisation test: signs of the users' differences flipped at random.

    ours, theirs: float64 (n_users,), one metric of two models for the same users. Recommended for such metrics by
    Smucker, Allan and Carterette (CIKM 2007). The observed signs count as one resample, so that no p-value is 0
    (Phipson and Smyth, 2010). Without users the difference is NaN and both p-values are 1.
    """
    differences = ours - theirs
    if not len(differences):
        return PairedTest(0, float("nan"), float("nan"), float("nan"), 1.0, 1.0)
    total, slack = float(differences.sum()), ROUNDING * float(np.abs(differences).sum())
    flipped = np.concatenate([signs @ differences for signs in _signs(len(differences), n_resamples, seed)])
    low, high = mean_interval(differences[:, None], n_resamples, seed)
    return PairedTest(
        n_users=len(differences),
        difference=float(differences.mean()),
        low=float(low[0]),
        high=float(high[0]),
        p_better=float((1 + (flipped >= total - slack).sum()) / (n_resamples + 1)),
        p_worse=float((1 + (flipped <= total + slack).sum()) / (n_resamples + 1)),
    )


def _signs(n: int, n_resamples: int, seed: int) -> Iterator[Values]:
    """Random +1 and -1, float64 (resamples of a block, n)."""
    rng = np.random.default_rng(seed)
    width = max(1, BLOCK_DRAWS // n)
    for start in range(0, n_resamples, width):
        yield 2.0 * rng.integers(0, 2, (min(width, n_resamples - start), n)).astype(np.float64) - 1.0
