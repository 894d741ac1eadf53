"""How much each signal is worth: non-negative weights over standardised scores, learned on the validation window."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from socialrec.evaluate.metrics.hits import n_relevant
from socialrec.recommend.arrays import F32, Csr

TIE_BREAK = 1e-3
"""Popularity always counts this much, so that a user about whom nothing is known still gets an order."""
CANDIDATES = 100
"""Products of each signal's head that the search for weights looks at."""
LEVELS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0)
MIN_GAIN = 1e-4
MAX_PASSES = 4


def standardise(scores: F32) -> F32:
    """Each user's scores less their mean, over their standard deviation; a constant row becomes zeros. In place."""
    scores -= scores.mean(axis=1, keepdims=True)
    spread = scores.std(axis=1, keepdims=True)
    flat = spread <= 1e-7
    scores /= np.where(flat, np.float32(1.0), spread)
    scores[flat[:, 0]] = 0.0
    return scores


def combine(parts: Sequence[F32], weights: Sequence[float]) -> F32:
    """Weighted sum of standardised scores, float32 (n, n_products)."""
    total = np.zeros_like(parts[0])
    for part, weight in zip(parts, weights, strict=True):
        if weight:
            total += np.float32(weight) * part
    return total


@dataclass(frozen=True)
class Heads:
    """What the search sees of some users: each signal's best unseen products, and the relevant ones.

    features: float32 (n, n_candidates, n_signals), standardised; absent: bool (n, n_candidates), padding;
    relevant: bool (n, n_candidates); n_relevant: int64 (n,).
    """

    features: F32
    absent: npt.NDArray[np.bool_]
    relevant: npt.NDArray[np.bool_]
    n_relevant: npt.NDArray[np.int64]


def heads(parts: Sequence[F32], seen: Csr, relevant: Csr) -> Heads:
    """The heads of a block of users; parts are the standardised scores of every signal, (n, n_products) each.

    The top of any non-negative blend lies among products that some signal ranks high, so the few hundred heads stand
    for the whole catalogue; final figures are measured on all of it.
    """
    n, n_products = parts[0].shape
    width = min(CANDIDATES, n_products)
    hidden = np.repeat(np.arange(n), np.diff(seen.indptr)), seen.indices
    chosen = np.zeros((n, n_products), dtype=np.bool_)
    for part in parts:
        masked = part.copy()
        masked[hidden] = -np.inf
        best = np.argpartition(-masked, width - 1, axis=1)[:, :width]
        # A signal that says nothing of a user names no products.
        chosen[np.arange(n)[:, None], best] |= part.any(axis=1, keepdims=True)
    wanted = relevant.toarray() != 0
    chosen |= wanted
    chosen[hidden] = False
    counts = chosen.sum(axis=1)
    rows, columns = np.nonzero(chosen)
    places = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    size = (n, len(parts) * width + int(n_relevant(relevant).max(initial=0)))
    features = np.zeros((*size, len(parts)), dtype=np.float32)
    for number, part in enumerate(parts):
        features[rows, places, number] = part[rows, columns]
    absent, hit = np.ones(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_)
    absent[rows, places] = False
    hit[rows, places] = wanted[rows, columns]
    return Heads(features, absent, hit, n_relevant(relevant))


def learn_weights(blocks: Iterable[Heads], n_signals: int, cutoff: int) -> list[float]:
    """Weights that add up to 1 and, by coordinate search, maximise the mean NDCG; one a signal, some may be 0.

    The search starts from the best single signal and takes a step only where it gains at least 0.0001, so it is
    deterministic and leaves out signals that add nothing. Without anyone to learn from, all weights are equal.
    """
    known = [block for block in blocks if block.n_relevant.any()]
    if not known:
        return [1.0 / n_signals] * n_signals
    single = [list(row) for row in np.eye(n_signals)]
    weights = max(single, key=lambda w: _mean_ndcg(known, w, cutoff))
    best = _mean_ndcg(known, weights, cutoff)
    for _ in range(MAX_PASSES):
        before = best
        for signal in range(n_signals):
            for level in LEVELS:
                tried = [level if place == signal else weight for place, weight in enumerate(weights)]
                if any(tried) and (value := _mean_ndcg(known, tried, cutoff)) >= best + MIN_GAIN:
                    best, weights = value, tried
        if best == before:
            break
    return [round(float(weight / sum(weights)), 6) for weight in weights]


def _mean_ndcg(blocks: Sequence[Heads], weights: Sequence[float], cutoff: int) -> float:
    discount = 1.0 / np.log2(np.arange(2, cutoff + 2))
    ideal = np.cumsum(discount)
    total, n_users = 0.0, 0
    for block in blocks:
        tested = block.n_relevant > 0
        scores = block.features @ np.asarray(weights, dtype=np.float32)
        scores[block.absent] = -np.inf
        width = min(cutoff, scores.shape[1])
        top = np.argpartition(-scores, width - 1, axis=1)[:, :width]
        order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
        found = np.take_along_axis(block.relevant, np.take_along_axis(top, order, axis=1), axis=1)[tested]
        gains = found @ discount[:width] / ideal[np.minimum(block.n_relevant[tested], cutoff) - 1]
        total, n_users = total + float(gains.sum()), n_users + int(tested.sum())
    return total / n_users
