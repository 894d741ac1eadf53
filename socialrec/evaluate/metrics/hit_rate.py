"""Hit rate: whether the list finds anything relevant."""

from socialrec.evaluate.metrics.hits import Ranked, Relevant, Values, hits


def hit_rate(ranked: Ranked, relevant: Relevant, cutoff: int) -> Values:
    """1 where at least one place is a hit, else 0."""
    found: Values = hits(ranked, relevant, cutoff).max(axis=1)
    return found
