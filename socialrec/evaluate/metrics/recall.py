"""Recall: which share of a user's relevant products the list finds."""

from socialrec.evaluate.metrics.hits import Ranked, Relevant, Values, hits, n_relevant, ratio


def recall(ranked: Ranked, relevant: Relevant, cutoff: int) -> Values:
    """Hits over relevant products; 0 for a user without any."""
    return ratio(hits(ranked, relevant, cutoff).sum(axis=1), n_relevant(relevant))
