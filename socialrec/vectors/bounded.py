"""Products that may be in the lists of some users, with bounds of their scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
import numpy.typing as npt

from socialrec.vectors.arrays import F32, Flags, Indices

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True)
class BoundedProducts:
    """Products that may be in lists, by user's row and product's place, with bounds of their scores; all (n,)."""

    rows: npt.NDArray[np.int16]
    places: npt.NDArray[np.int32]
    low: F32
    high: F32

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Join candidates of several blocks of products."""
        nothing = np.zeros(0, dtype=np.float32)
        none = cls(nothing.astype(np.int16), nothing.astype(np.int32), nothing, nothing)
        columns = zip(*(vars(part).values() for part in (none, *parts)), strict=True)
        return cls(*(np.concatenate(column) for column in columns))

    def __getitem__(self, chosen: Flags | Indices) -> BoundedProducts:
        return BoundedProducts(*(column[chosen] for column in vars(self).values()))

    def kth_low(self, n_users: int, k: int) -> F32:
        """Find each user's k-th best lower bound, minus infinity where there are fewer, float32 (n_users,)."""
        table = self.table(self.low, np.float32(-np.inf), n_users, k)
        kth: F32 = np.partition(table, table.shape[1] - k, axis=1)[:, table.shape[1] - k]
        return kth

    def table(self, values: npt.NDArray[T], absent: T, n_users: int, k: int) -> npt.NDArray[T]:
        """Values of each candidate (n,) by user, (n_users, k or more), `absent` where a user has no more candidates."""
        order = np.argsort(self.rows, kind="stable")
        counts = np.bincount(self.rows, minlength=n_users)
        table = np.full((n_users, max(k, counts.max(initial=0))), absent)
        table[self.rows[order], _numbered(counts)] = values[order]
        return table


def _numbered(counts: Indices) -> Indices:
    """Enumerate 0, 1, … for each user in turn, as many as the user's count."""
    starts = np.cumsum(counts) - counts
    numbers: Indices = np.arange(counts.sum()) - np.repeat(starts, counts)
    return numbers
