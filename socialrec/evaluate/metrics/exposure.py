"""Exposure: the share of a group of products in the lists in proportion to its share of likes."""

from typing import Any

import numpy as np
import numpy.typing as npt

from socialrec.evaluate.metrics.hits import Ranked


def exposure(ranked: Ranked, members: npt.NDArray[np.bool_], popularity: npt.NDArray[Any], cutoff: int) -> float:
    """Share of the group in all places divided by its share of all likes; 1 is in proportion, 0 never shown.

    members: bool (n_products,). popularity: (n_products,), users who like each. NaN where nothing is listed or nobody
    likes the group.
    """
    shown = ranked[:, :cutoff][ranked[:, :cutoff] >= 0]
    liked, of_group = float(popularity.sum()), float(popularity[members].sum())
    return float(members[shown].mean()) / (of_group / liked) if len(shown) and of_group > 0 else float("nan")
