"""Facts about listed products that metrics of whole lists need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Catalogue:
    """Products as of the cut.

    popularity: (n_products,), users of each among all `n_users`. text: float32 (n_products, dim), unit rows, or zeros
    without text. category: int64 (n_products,), numbers below `n_categories`, or -1 where the shop gave none. watched:
    bool (n_products,), members of each group whose exposure is measured.
    """

    popularity: npt.NDArray[Any]
    n_users: int
    text: npt.NDArray[np.float32]
    category: npt.NDArray[np.int64]
    watched: Mapping[str, npt.NDArray[np.bool_]] = field(default_factory=dict)

    @property
    def n_products(self) -> int:
        """Size of the catalogue."""
        return len(self.popularity)

    @property
    def n_categories(self) -> int:
        """Categories that some product has."""
        return int(self.category.max(initial=-1)) + 1
