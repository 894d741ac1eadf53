"""Normalised discounted cumulative gain with binary relevance (Järvelin and Kekäläinen, 2002)."""

import numpy as np

from socialrec.evaluate.metrics.hits import Ranked, Relevant, Values, hits, n_relevant, ratio


def ndcg(ranked: Ranked, relevant: Relevant, cutoff: int) -> Values:
    """NDCG: hits discounted by 1 / log2(rank + 1), divided by the maximum for a list of `cutoff` places."""
    discount = 1.0 / np.log2(np.arange(2, cutoff + 2))
    best = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(n_relevant(relevant), cutoff)]
    return ratio(hits(ranked, relevant, cutoff) @ discount, best)
