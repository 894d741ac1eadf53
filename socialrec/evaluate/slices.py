"""Slices of held-out users and products that a mean over all users would hide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from socialrec.evaluate.metrics.hits import Relevant
from socialrec.settings import EvaluateSettings

Flags = npt.NDArray[np.bool_]
TIES = {"0_ties": (0, 0), "1_to_4_ties": (1, 4), "5_or_more_ties": (5, np.iinfo(np.int64).max)}
"""Bands of the social cold start, both ends included."""
ACTIVITY = ("low", "medium", "high")
N_COMMUNITIES = 5
"""Number of communities with a slice of their own."""


@dataclass(frozen=True)
class UserFacts:
    """Facts about each held-out user before the cut, in the order of the lists.

    n_products, n_ties: int64 (n_users,), distinct products met and ties held. platform: str (n_users,). community:
    int64 (n_users,), the largest is 0, -1 without ties.
    """

    n_products: npt.NDArray[np.int64]
    n_ties: npt.NDArray[np.int64]
    platform: npt.NDArray[np.str_]
    community: npt.NDArray[np.int64]


def make_slices(
    facts: UserFacts,
    relevant: Relevant,
    popularity: npt.NDArray[Any],
    kinds: Mapping[str, Flags],
    settings: EvaluateSettings,
) -> dict[str, Relevant]:
    """Relevant products of each slice by its name, csr (n_users, n_products) each, zero outside the slice.

    Slices of users keep whole rows, slices of products keep columns; a user without anything relevant left is not
    tested there. `activity/…` are thirds of the users who have met a product. `community/…` are the largest by number,
    then all others. kinds: further slices of products, bool (n_products,). Slices without any user are left out.
    """
    by_user = {
        "users/cold": facts.n_products <= settings.cold_user_products,
        "users/warm": facts.n_products > settings.cold_user_products,
        **_social_cold_start(facts),
        **{f"platform/{name}": facts.platform == name for name in np.unique(facts.platform).tolist()},
        **_activity(facts.n_products),
        **_communities(facts.community),
    }
    cold = popularity <= settings.cold_product_users
    by_product = {"products/cold": cold, "products/warm": ~cold, **kinds}
    slices = {name: _kept(relevant, rows=flags) for name, flags in by_user.items()}
    slices |= {name: _kept(relevant, columns=flags) for name, flags in by_product.items()}
    return {name: kept for name, kept in sorted(slices.items()) if kept.nnz}


def _social_cold_start(facts: UserFacts) -> Mapping[str, Flags]:
    nothing = facts.n_products == 0
    return {
        f"social_cold_start/{name}": nothing & (facts.n_ties >= low) & (facts.n_ties <= high)
        for name, (low, high) in TIES.items()
    }


def _activity(n_products: npt.NDArray[np.int64]) -> Mapping[str, Flags]:
    active = n_products > 0
    first, second = np.quantile(n_products[active], [1 / 3, 2 / 3]) if active.any() else (0.0, 0.0)
    bands = (n_products <= first, (n_products > first) & (n_products <= second), n_products > second)
    return {f"activity/{name}": active & band for name, band in zip(ACTIVITY, bands, strict=True)}


def _communities(community: npt.NDArray[np.int64]) -> Mapping[str, Flags]:
    largest = {f"community/{number}": community == number for number in range(N_COMMUNITIES)}
    return {**largest, "community/other": community >= N_COMMUNITIES, "community/none": community < 0}


def _kept(relevant: Relevant, rows: Flags | None = None, columns: Flags | None = None) -> Relevant:
    kept = relevant
    if rows is not None:
        kept = sp.diags(rows.astype(np.float32)).dot(kept)
    if columns is not None:
        kept = kept.dot(sp.diags(columns.astype(np.float32)))
    kept = kept.tocsr()
    kept.eliminate_zeros()
    return kept
