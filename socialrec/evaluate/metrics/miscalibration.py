"""Miscalibration: the distance of a list's mix of categories from the user's own (Steck, RecSys 2018)."""

import numpy as np
import numpy.typing as npt

from socialrec.evaluate.catalogue import Catalogue
from socialrec.evaluate.metrics.hits import Ranked, Relevant, Values

SMOOTHING = 0.01
"""Alpha of the paper: the weight of the user's own mix that is added to the list's, so that no category has share 0."""


def miscalibration(ranked: Ranked, history: Relevant, catalogue: Catalogue, cutoff: int) -> Values:
    """Kullback-Leibler divergence of the list's categories from the history's, in nats; 0 where they agree.

    sum(p ln(p / q')) with p the history's shares, q the list's, q' = (1 - alpha) q + alpha p. history: csr
    (n_users, n_products), non-zero where the user knew the product. Products without a category take no part; NaN for
    a user whose history or list holds none with one.
    """
    wanted, shown = _of_history(history, catalogue), _of_lists(ranked[:, :cutoff], catalogue)
    mixed = (1.0 - SMOOTHING) * shown + SMOOTHING * wanted
    terms = np.zeros_like(wanted)
    present = wanted > 0
    terms[present] = wanted[present] * np.log(wanted[present] / mixed[present])
    # Shares of rows without category add up to 0.
    return np.where(wanted.any(axis=1) & shown.any(axis=1), terms.sum(axis=1), np.nan)


def _of_history(history: Relevant, catalogue: Catalogue) -> Values:
    users = np.repeat(np.arange(history.shape[0]), np.diff(history.indptr))
    known = history.data != 0
    return _shares(users[known], catalogue.category[history.indices[known]], history.shape[0], catalogue.n_categories)


def _of_lists(top: Ranked, catalogue: Catalogue) -> Values:
    users, _ = np.nonzero(top >= 0)
    return _shares(users, catalogue.category[top[top >= 0]], len(top), catalogue.n_categories)


def _shares(users: npt.NDArray[np.int64], categories: npt.NDArray[np.int64], n_users: int, n_categories: int) -> Values:
    """Share of each category among each user's products, float64 (n_users, n_categories); zeros without any."""
    known = categories >= 0
    counts = np.zeros((n_users, n_categories))
    np.add.at(counts, (users[known], categories[known]), 1.0)
    totals = counts.sum(axis=1, keepdims=True)
    shares: Values = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    return shares
