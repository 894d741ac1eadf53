"""Intra-list diversity: the dissimilarity of the products of one list (Ziegler et al., WWW 2005)."""

import numpy as np

from socialrec.evaluate.catalogue import Catalogue
from socialrec.evaluate.metrics.hits import Ranked, Values

BLOCK_USERS = 4096


def diversity(ranked: Ranked, catalogue: Catalogue, cutoff: int) -> Values:
    """Mean of 1 - cosine of the text vectors over all pairs of a list, 0 (all alike) to 2.

    Products without text take no part; NaN for a list with fewer than two products that have text.
    """
    values = np.full(len(ranked), np.nan)
    for start in range(0, len(ranked), BLOCK_USERS):
        top = ranked[start : start + BLOCK_USERS, :cutoff]
        vectors = np.where((top >= 0)[:, :, None], catalogue.text[np.maximum(top, 0)], 0.0).astype(np.float64)
        # Of unit vectors, |sum|² is their number plus twice the sum of the cosines of all pairs.
        n = vectors.any(axis=2).sum(axis=1)
        cosines = (np.square(vectors.sum(axis=1)).sum(axis=1) - n) / 2
        pairs = n * (n - 1) / 2
        values[start : start + len(top)][n > 1] = 1.0 - cosines[n > 1] / pairs[n > 1]
    return values
