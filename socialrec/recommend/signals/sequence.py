"""Next products after the user's last ones: item-to-item steps, near ones counting most.

A first-order Markov chain smoothed over a window, in the spirit of Fossil (He and McAuley, "Fusing similarity models
with Markov chains for sparse sequential recommendation", ICDM 2016), counted rather than learned: when product j was
touched d steps after i, d up to `sequence_window`, the step i → j counts 1/d and the step back half of that. Counts
are divided by the square root of both products' numbers of users, as cosines are.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.scores import Scores, SparseScores
from socialrec.recommend.signals.base import SignalDefaults, State, UserBlock
from socialrec.recommend.signals.linear import rarity, strongest
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import Csr, csr, stored_csr

STEP_BACK = 0.5
MAX_STEPS = 100
"""Strongest steps from each product that count, so that a user has scores for few products."""
MIN_COUNT = 0.01
"""Least that a product counts, of the newest one's count; older ones do not."""


class Sequence(SignalDefaults):
    """Score = steps from the user's products, each product counting `sequence_decay` of the one after it."""

    name: ClassVar[str] = "sequence"
    reason: ClassVar[ReasonKind] = ReasonKind.BECAUSE_YOU
    learns_products: ClassVar[bool] = True

    def __init__(self, steps: Csr, decay: float) -> None:
        self.steps, self.decay = steps, decay

    @classmethod
    def fit(cls, data: FeatureSet, settings: RecommendSettings) -> Self:
        """Count steps (n_products, n_products); none where nothing is dated."""
        counts = count_steps(data.recency, settings.sequence_window)
        scale = sp.diags(rarity(data.popularity, 0.5))
        steps = scale.dot(counts + np.float32(STEP_BACK) * counts.T).dot(scale).tocsr()
        return cls(strongest(steps, MAX_STEPS), settings.sequence_decay)

    def score(self, block: UserBlock) -> Scores:
        """Score products, (n, n_products); zeros for a user without dated events."""
        recent = block.recency.copy()
        recent.data = np.power(np.float32(self.decay), recent.data - 1, dtype=np.float32)
        recent.data[recent.data < MIN_COUNT] = 0.0
        recent.eliminate_zeros()
        return SparseScores(recent.dot(self.steps))

    def state(self) -> State:
        """Steps and decay."""
        return {
            "data": self.steps.data,
            "indices": self.steps.indices.astype(np.int64),
            "indptr": self.steps.indptr.astype(np.int64),
            "decay": np.array([self.decay]),
        }

    @classmethod
    def restore(cls, state: State) -> Self:
        """Restore from the steps and the decay."""
        n_products = len(state["indptr"]) - 1
        steps = stored_csr((state["data"], state["indices"], state["indptr"]), (n_products, n_products))
        return cls(steps, float(np.asarray(state["decay"], np.float64)[0]))


def count_steps(recency: Csr, window: int) -> Csr:
    """Count steps i → j over all users, weighted by one over their length, csr float32 (n_products, n_products).

    recency is csr (n_users, n_products) with each user's newest product 1, the one before it 2, and so on.
    """
    users = np.repeat(np.arange(recency.shape[0]), np.diff(recency.indptr))
    order = np.lexsort((-recency.data, users))
    users, products = users[order], recency.indices[order].astype(np.int64)
    shape = (recency.shape[1], recency.shape[1])
    total = sp.csr_matrix(shape, dtype=np.float32)
    for length in range(1, window + 1):
        same = users[length:] == users[:-length]
        earlier, later = products[:-length][same], products[length:][same]
        total += csr(np.full(len(earlier), 1.0 / length), earlier, later, shape)
    return total
