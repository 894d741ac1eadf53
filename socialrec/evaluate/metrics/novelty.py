"""Novelty: mean self-information of the shown products (Vargas and Castells, RecSys 2011)."""

import numpy as np

from socialrec.evaluate.catalogue import Catalogue
from socialrec.evaluate.metrics.hits import Ranked, Values, mean_over_places


def novelty(ranked: Ranked, catalogue: Catalogue, cutoff: int) -> Values:
    """Mean over places of -log2((users of the product + 1) / (all users + 1)), in bits; NaN for an empty list.

    The 1 added to both counts keeps the novelty of a product without users finite.
    """
    share = (catalogue.popularity.astype(np.float64) + 1.0) / (catalogue.n_users + 1.0)
    return mean_over_places(-np.log2(share), ranked[:, :cutoff])
