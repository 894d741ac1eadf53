"""Precision: the share of the list that is relevant."""

from socialrec.evaluate.metrics.hits import Ranked, Relevant, Values, hits


def precision(ranked: Ranked, relevant: Relevant, cutoff: int) -> Values:
    """Hits divided by places, including empty places."""
    shares: Values = hits(ranked, relevant, cutoff).mean(axis=1)
    return shares
