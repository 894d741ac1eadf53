"""Baseline list that any recommender has to beat."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from socialrec.evaluate.metrics.hits import Ranked


def popular_lists(popularity: npt.NDArray[Any], seen: Any, n_places: int) -> Ranked:
    """List the products with most users that each user has not seen, int64 (n_users, n_places), padded with -1.

    popularity is (n_products,); seen is csr (n_users, n_products). Ties go to the lower product number.
    """
    order = np.argsort(-popularity, kind="stable")
    lists = np.full((seen.shape[0], n_places), -1, dtype=np.int64)
    for user in range(seen.shape[0]):
        own = seen.indices[seen.indptr[user] : seen.indptr[user + 1]]
        head = order[: n_places + len(own)]
        chosen = head[~np.isin(head, own)][:n_places]
        lists[user, : len(chosen)] = chosen
    return lists
