"""Reciprocal rank of the first relevant product. Its mean over users is the MRR."""

import numpy as np

from socialrec.evaluate.metrics.hits import Ranked, Relevant, Values, hits


def mrr(ranked: Ranked, relevant: Relevant, cutoff: int) -> Values:
    """Reciprocal rank, 1 / rank of the first hit; 0 without a hit."""
    found = hits(ranked, relevant, cutoff)
    return np.where(found.any(axis=1), 1.0 / (found.argmax(axis=1) + 1.0), 0.0)
