"""Blend of the signals: non-negative weights over standardised scores, and the features to learn them from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from socialrec.evaluate.metrics.hits import n_relevant
from socialrec.recommend.scores import F64, FLAT, Scores, Term
from socialrec.vectors.arrays import F32, Csr, Indices

TIE_BREAK = 1e-3
"""Minimum weight of popularity, so that a user without evidence still gets an order."""
CANDIDATES = 100
"""Top products of each signal that are candidates when weights are learned."""


@dataclass(frozen=True)
class Blended(Scores):
    """Weighted sum of each part's scores less their mean, over their standard deviation; a constant part counts 0.

    weights: one per part, (n_parts,), or one per part and user, (n_parts, n).
    """

    parts: Sequence[Scores]
    weights: Sequence[float] | F64

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the scores, (n, n_products)."""
        return self.parts[0].shape

    @cached_property
    def scales(self) -> F32:
        """Factor of each part's score, float32 (n_parts, n); 0 for a user with a constant part."""
        spreads = np.stack([spread for _, spread in self._moments])
        weights = np.asarray(self.weights, dtype=np.float64).reshape(len(self.parts), -1)
        scales = np.divide(weights, spreads, out=np.zeros_like(spreads), where=~(spreads <= FLAT))
        return scales.astype(np.float32)

    @cached_property
    def _moments(self) -> list[tuple[F64, F64]]:
        return [part.moments() for part in self.parts]

    @property
    def offsets(self) -> F32:
        """Offset of each user's scores that makes their mean 0, float32 (n,)."""
        means = np.stack([mean for mean, _ in self._moments])
        offsets: F32 = -(means * self.scales).sum(axis=0).astype(np.float32)
        return offsets

    @property
    def constants(self) -> F32:
        """Offsets: the terms are not centred."""
        return self.offsets

    def terms(self, factors: F32) -> Iterator[Term]:
        """Terms of each part; parts of weight 0 for everyone are left out."""
        for part, scale in zip(self.parts, self.scales, strict=True):
            if scale.any():
                yield from part.terms(factors * scale)

    def moments(self) -> tuple[F64, F64]:
        """Moments of the sum: the mean is 0; the deviation is that of uncorrelated parts, 0 or not finite only where it
        really is.
        """
        spreads = np.stack([spread for _, spread in self._moments]) * self.scales
        return 0.0 * self.offsets.astype(np.float64), np.sqrt((spreads**2).sum(axis=0, dtype=np.float64))

    def add_to(self, total: F32, factors: F32) -> None:
        """Add part by part; parts of weight 0 for everyone are left out."""
        total += (factors * self.offsets)[:, None]
        for part, scale in zip(self.parts, self.scales, strict=True):
            if scale.any():
                part.add_to(total, factors * scale)

    def at(self, products: Indices) -> F32:
        """Scores of some products, float32 (n, k)."""
        found: F32 = self.contributions(products).sum(axis=2, dtype=np.float32)
        return found

    def contributions(self, products: Indices) -> F32:
        """Contribution of each part to the scores of some products, int64 (n, k), by user: float32 (n, k, n_parts)."""
        return np.stack(
            [
                scale[:, None] * (part.at(products) - mean[:, None].astype(np.float32))
                for part, scale, (mean, _) in zip(self.parts, self.scales, self._moments, strict=True)
            ],
            axis=2,
        )


def standardised(scores: Scores) -> F32:
    """Standardise scores: less their mean, over their standard deviation, float32 (n, n_products); constant rows are
    zeros.
    """
    return Blended([scores], [1.0]).full()


@dataclass(frozen=True)
class CandidateFeatures:
    """Candidates of some users for learning weights: each signal's best unseen products, and the relevant ones.

    features: float32 (n, n_candidates, n_signals), standardised; absent: bool (n, n_candidates), padding;
    relevant: bool (n, n_candidates); n_relevant: int64 (n,).
    """

    features: F32
    absent: npt.NDArray[np.bool_]
    relevant: npt.NDArray[np.bool_]
    n_relevant: npt.NDArray[np.int64]


def candidate_features(parts: Sequence[F32], seen: Csr, relevant: Csr) -> CandidateFeatures:
    """Make the candidates of a block of users; parts are the standardised scores of every signal, (n, n_products) each.

    The top of any non-negative blend lies among products that some signal ranks high, so a few hundred candidates
    represent the whole catalogue; final figures are measured on all of it.
    """
    n, n_products = parts[0].shape
    width = min(CANDIDATES, n_products)
    hidden = np.repeat(np.arange(n), np.diff(seen.indptr)), seen.indices
    chosen = np.zeros((n, n_products), dtype=np.bool_)
    for part in parts:
        # A signal that is constant for a user adds no candidates.
        tells = np.flatnonzero(part.any(axis=1))
        if len(tells):
            worst_last = -part
            worst_last[hidden] = np.inf
            best = np.argpartition(worst_last[tells], width - 1, axis=1)[:, :width]
            chosen[tells[:, None], best] = True
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
    return CandidateFeatures(features, absent, hit, n_relevant(relevant))
