"""Recall: the share of a user's relevant products that is in the list."""

from socialrec.evaluate.metrics.hits import Ranked, Relevant, Values, hits, n_relevant, ratio


def recall(ranked: Ranked, relevant: Relevant, cutoff: int) -> Values:
    """Hits divided by relevant products; 0 for a user without any."""
    return ratio(hits(ranked, relevant, cutoff).sum(axis=1), n_relevant(relevant))
