"""Coverage: the share of the catalogue that appears in any list."""

import numpy as np

from socialrec.evaluate.metrics.hits import Ranked, Relevant


def coverage(ranked: Ranked, relevant: Relevant, cutoff: int) -> float:
    """Distinct products in all lists over all products; 0 for an empty catalogue."""
    shown = np.unique(ranked[:, :cutoff])
    return float((shown >= 0).sum() / relevant.shape[1]) if relevant.shape[1] else 0.0
