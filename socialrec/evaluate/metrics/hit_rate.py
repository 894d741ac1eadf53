"""Hit rate: the share of lists with a relevant product."""

from socialrec.evaluate.metrics.hits import Ranked, Relevant, Values, hits


def hit_rate(ranked: Ranked, relevant: Relevant, cutoff: int) -> Values:
    """Hit of each user: 1 where at least one place is a hit, else 0."""
    found: Values = hits(ranked, relevant, cutoff).max(axis=1)
    return found
