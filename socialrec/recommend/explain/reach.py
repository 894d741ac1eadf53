"""Reach of each product, for reasons without evidence of the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.vectors.arrays import ABSENT, Flags, Indices


@dataclass(frozen=True)
class Reach:
    """n_users, n_met: (n_products,), users with interest in each product, and users who met it. median: of n_users over
    the products on offer, and category_median: float64 (n_products,), over those of the product's category; infinite
    without one.
    """

    n_users: npt.NDArray[Any]
    n_met: npt.NDArray[Any]
    median: float
    category_median: npt.NDArray[np.float64]

    @classmethod
    def of(cls, n_users: npt.NDArray[Any], n_met: npt.NDArray[Any], offered: Flags, category: Indices) -> Self:
        """Compute the reach. category: int64 (n_products,), ABSENT where the shop names none."""
        medians = np.full(len(n_users), np.inf)
        for number in np.unique(category[category != ABSENT]):
            members = category == number
            medians[members] = _median(n_users[members & offered])
        return cls(n_users, n_met, _median(n_users[offered]), medians)

    def kind(self, product: int) -> ReasonKind:
        """Kind of reason: `popular` for the more popular half of the products on offer, `new` for one that nobody has
        met, or `few`.
        """
        if self.n_met[product] == 0:
            return ReasonKind.NEW
        n = self.n_users[product]
        return ReasonKind.POPULAR if n > 0 and n >= self.median else ReasonKind.FEW

    def is_popular_in_category(self, product: int) -> bool:
        """Check if the product is among the more popular half of its category, and somebody has met it."""
        return bool(self.n_users[product] > 0 and self.n_users[product] >= self.category_median[product])


def _median(n_users: npt.NDArray[Any]) -> float:
    return float(np.median(n_users)) if len(n_users) else 0.0
