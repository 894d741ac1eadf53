"""Precision: which share of the list is relevant."""

from socialrec.evaluate.metrics.hits import Ranked, Relevant, Values, hits


def precision(ranked: Ranked, relevant: Relevant, cutoff: int) -> Values:
    """Hits over places, empty places too."""
    shares: Values = hits(ranked, relevant, cutoff).mean(axis=1)
    return shares
