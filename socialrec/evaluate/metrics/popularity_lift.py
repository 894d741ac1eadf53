"""Popularity lift: the popularity of the lists relative to that of the users' own choices."""

import numpy as np

from socialrec.evaluate.catalogue import Catalogue
from socialrec.evaluate.metrics.hits import Ranked, Relevant, mean_over_cells, mean_over_places


def popularity_lift(ranked: Ranked, history: Relevant, catalogue: Catalogue, cutoff: int) -> float:
    """Mean popularity of the lists over that of the histories, less 1; above 0, lists are more popular than taste.

    history: csr (n_users, n_products), non-zero where the user knew the product. Popularity is averaged within each
    user first (GAP of Abdollahpouri et al., "The Unfairness of Popularity Bias in Recommendation", 2019). Users without
    a history or a list take no part; NaN where nobody is left.
    """
    listed = mean_over_places(catalogue.popularity.astype(np.float64), ranked[:, :cutoff])
    chosen = mean_over_cells(catalogue.popularity.astype(np.float64), history)
    both = np.isfinite(listed) & np.isfinite(chosen)
    before = float(chosen[both].mean()) if both.any() else 0.0
    return float(listed[both].mean()) / before - 1.0 if before > 0 else float("nan")
