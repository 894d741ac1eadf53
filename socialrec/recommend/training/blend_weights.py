"""Learning of the blend's weights on the validation window by a smooth NDCG.

A rank moves in steps, so NDCG has no gradient and many random peaks: a search on it finds a different peak for every
split of the users. Here each rank is smoothed, as ApproxNDCG does (Qin, Liu and Li, "A general approximation framework
for direct optimization of information retrieval measures", Information Retrieval 2010, eq. 15):

    rank_i = 1/2 + sum over candidates j, i among them, of sigmoid((s_j - s_i) / TEMPERATURE)

and a relevant product i adds 1 / log2(1 + rank_i) times sigmoid((cutoff + 1/2 - rank_i) / EDGE), the soft probability
that it is listed. The mean over users has a gradient, and does not depend on the order of users.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit
from threadpoolctl import threadpool_limits

from socialrec.recommend.blend import CandidateFeatures
from socialrec.vectors.arrays import F32, Flags, Indices

F64 = npt.NDArray[np.float64]
TEMPERATURE = 0.05
"""Temperature: the difference of scores, in standard deviations of the signals, that separates two products."""
EDGE = 2.0
"""Width in ranks of the smoothed cutoff."""
START_SHARE = 0.7
"""Share of a start's weight for its own signal; the others share the rest."""
MAX_STEPS = 40
TOLERANCE = 1e-6
MIN_WEIGHT = 0.02
"""Smallest weight that is kept: smaller ones cost time, and change nothing."""


def learn_weights(blocks: Sequence[CandidateFeatures], n_signals: int, cutoff: int) -> list[float]:
    """Learn weights that add up to 1, one per signal; some may be 0. Without users to learn from, all weights are
    equal.

    The result is the mean of the peaks reached from a start near each signal, because with few users one peak is higher
    by chance. Peaks that are more than a standard error below the highest do not count (Breiman et al., "Classification
    and regression trees", 1984): where a signal has nothing relevant near the top, a start near it finds no slope.
    """
    ascent = _Ascent.of(blocks, n_signals, cutoff)
    if ascent is None:
        return [1.0 / n_signals] * n_signals
    # In threads: most of a step is in array operations that release the GIL.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        peaks = list(pool.map(ascent.climb, ascent.starts()))
        heights = list(pool.map(ascent.heights, peaks))
    highest = max(heights, key=np.mean)
    least = highest.mean() - highest.std() / np.sqrt(max(len(highest) - 1, 1))
    return _rounded(np.mean([peak for peak, own in zip(peaks, heights, strict=True) if own.mean() >= least], axis=0))


def relearn_weights(blocks: Sequence[CandidateFeatures], start: Sequence[float], cutoff: int) -> list[float]:
    """Learn weights as `learn_weights` does, from given weights: one peak, in a fraction of the time."""
    ascent = _Ascent.of(blocks, len(start), cutoff)
    if ascent is None or not any(start):
        return learn_weights(blocks, len(start), cutoff)
    return _rounded(ascent.climb(np.asarray(start, dtype=np.float64)))


def _rounded(weights: F64) -> list[float]:
    kept = np.where(weights < min(MIN_WEIGHT, weights.max()), 0.0, weights)
    return [round(float(weight), 6) for weight in kept / kept.sum()]


@dataclass(frozen=True)
class _Users:
    """Users of one block with relevant products, and those products, user by user.

    features: float32 (n_users, n_candidates, n_signals). rows, places: int64 (n_relevant,), the user and the candidate
    of each relevant product; starts: int64 (n_users,), where each user's begin. absent: bool (n_relevant,
    n_candidates). shares: float64 (n_relevant,), one over the best DCG of the user.
    """

    features: F32
    rows: Indices
    places: Indices
    starts: Indices
    absent: Flags
    shares: F64

    @classmethod
    def of(cls, heads: CandidateFeatures, cutoff: int) -> Self:
        """Select the users of a block; candidates that are padding for everyone are left out."""
        width = int((~heads.absent).sum(axis=1).max(initial=1))
        users = np.flatnonzero(heads.relevant.any(axis=1))
        rows, places = np.nonzero(heads.relevant[users, :width])
        ideal = np.cumsum(1.0 / np.log2(np.arange(2, cutoff + 2)))
        best = ideal[np.minimum(heads.n_relevant[users], cutoff) - 1]
        starts = np.searchsorted(rows, np.arange(len(users)))
        absent = heads.absent[users, :width][rows]
        return cls(heads.features[users, :width], rows, places, starts, absent, 1.0 / best[rows])

    def gain(self, weights: F32, cutoff: int) -> tuple[float, F64]:
        """Sum of the users' smooth NDCG, and its gradient by weight, float64 (n_signals,)."""
        above = self._above(weights)
        worth, slope = _worth(_rank(above), cutoff)
        pull = above * (1 - above)
        pull *= (slope * self.shares / TEMPERATURE).astype(np.float32)[:, None]
        by_user = np.add.reduceat(pull, self.starts, axis=0)
        gradient = np.einsum("uc,ucs->s", by_user, self.features, dtype=np.float64)
        gradient -= pull.sum(axis=1, dtype=np.float64) @ self.features[self.rows, self.places].astype(np.float64)
        return float(worth @ self.shares), gradient

    def gains(self, weights: F32, cutoff: int) -> F64:
        """Smooth NDCG of each user, float64 (n_users,)."""
        worth, _ = _worth(_rank(self._above(weights)), cutoff)
        gains: F64 = np.add.reduceat(worth * self.shares, self.starts)
        return gains

    def _above(self, weights: F32) -> F32:
        """Degree to which each candidate is above each relevant product, float32 (n_relevant, n_candidates), 0 to 1."""
        scores = self.features @ weights
        own = scores[self.rows, self.places]
        # In place: these are the largest arrays, and moving them is the cost of a step.
        above: F32 = scores[self.rows]
        above -= own[:, None]
        above *= np.float32(1.0 / TEMPERATURE)
        expit(above, out=above)
        above[self.absent] = 0.0
        return above


@dataclass(frozen=True)
class _Ascent:
    """Ascent of the mean smooth NDCG of all blocks. tells: bool (n_signals,), True for signals that are not
    constant.
    """

    blocks: Sequence[_Users]
    tells: Flags
    cutoff: int

    @classmethod
    def of(cls, blocks: Sequence[CandidateFeatures], n_signals: int, cutoff: int) -> Self | None:
        """Prepare the ascent; None where nobody has a relevant product, or all signals are constant."""
        users = [_Users.of(block, cutoff) for block in blocks if block.relevant.any()]
        tells = np.zeros(n_signals, dtype=np.bool_)
        for block in users:
            tells |= block.features.any(axis=(0, 1))
        return cls(users, tells, cutoff) if tells.any() else None

    def starts(self) -> list[F64]:
        """Starts near each signal that is not constant, float64 (n_signals,) each."""
        n = int(self.tells.sum())
        even = np.where(self.tells, (1.0 - START_SHARE) / n, 0.0)
        return [even + START_SHARE * (np.arange(len(even)) == signal) for signal in np.flatnonzero(self.tells)]

    def climb(self, start: F64) -> F64:
        """Weights at the peak above a start, adding up to 1; a constant signal has none."""
        start = np.where(self.tells, start, 0.0)
        if not start.any():
            start = self.tells.astype(np.float64)
        bounds = [(0.0, None if tells else 0.0) for tells in self.tells]
        options = {"maxiter": MAX_STEPS, "ftol": TOLERANCE}
        found = minimize(self._loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        # Where every weight loses, the search ends at zeros, which are no blend: the start is as good as any.
        weights: F64 = found.x if found.x.sum() > 0 else start
        shares: F64 = weights / weights.sum()
        return shares

    def heights(self, shares: F64) -> F64:
        """Smooth NDCG of each user under weights that add up to 1, float64 (n_users,)."""
        return np.concatenate([block.gains(shares.astype(np.float32), self.cutoff) for block in self.blocks])

    def _loss(self, weights: F64) -> tuple[float, F64]:
        """Negative mean gain of weights, normalised to a sum of 1; and its gradient."""
        total = weights.sum()
        if total <= 0:
            return 0.0, np.zeros_like(weights)
        shares = weights / total
        gains = [block.gain(shares.astype(np.float32), self.cutoff) for block in self.blocks]
        n_users = sum(len(block.starts) for block in self.blocks)
        gradient = np.sum([gradient for _, gradient in gains], axis=0) / n_users
        return -sum(gain for gain, _ in gains) / n_users, -(gradient - gradient @ shares) / total


def _rank(above: F32) -> F64:
    """Soft ranks of the relevant products, float64 (n_relevant,)."""
    ranks: F64 = above.sum(axis=1, dtype=np.float64) + 0.5
    return ranks


def _worth(rank: F64, cutoff: int) -> tuple[F64, F64]:
    """Gain of a relevant product at a (soft) rank, and its derivative by the rank."""
    logs = np.log2(1.0 + rank)
    discount, falls = 1.0 / logs, -1.0 / (logs**2 * np.log(2) * (1.0 + rank))
    listed = expit((cutoff + 0.5 - rank) / EDGE)
    return discount * listed, falls * listed - discount * listed * (1.0 - listed) / EDGE
