"""Gini index of exposure: the inequality of the distribution of list places over the catalogue."""

import numpy as np

from socialrec.evaluate.metrics.hits import Ranked


def gini(ranked: Ranked, n_products: int, cutoff: int) -> float:
    """Gini index, 0 for equal numbers of places, towards 1 where few products have all; NaN where nothing is shown.

    With x the places of each product, sorted: sum((2i - n - 1) x_i) / (n sum(x)) for i = 1…n (Shani and Gunawardana,
    "Evaluating Recommendation Systems", 2011, section 8.3.3.2 with n for n - 1).
    """
    shown = ranked[:, :cutoff]
    places = np.sort(np.bincount(shown[shown >= 0], minlength=n_products)).astype(np.float64)
    if not places.sum():
        return float("nan")
    ranks = 2.0 * np.arange(1, n_products + 1) - n_products - 1.0
    return float(ranks @ places / (n_products * places.sum()))
