"""Popularity overlap: the share of each list that plain popularity would also have shown."""

import numpy as np

from socialrec.evaluate.metrics.hits import Ranked, Values


def popularity_overlap(ranked: Ranked, popular: Ranked, cutoff: int) -> Values:
    """Share of a list's products in the user's popularity list of the same length; NaN for an empty list.

    popular: the lists of `popular_lists`. A model that has collapsed to popularity comes near 1.
    """
    top, rival = ranked[:, :cutoff], popular[:, :cutoff]
    shared = ((top[:, :, None] == rival[:, None, :]).any(axis=2) & (top >= 0)).sum(axis=1)
    n_places = (top >= 0).sum(axis=1)
    shares: Values = np.divide(shared, n_places, out=np.full(len(top), np.nan), where=n_places > 0)
    return shares
