"""Vectors in a coarser format, with the lengths that bound their inner products and the errors of rounding them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from socialrec.vectors.arrays import F32

if TYPE_CHECKING:
    import torch

UNIT = 2.0**-24
"""Largest relative error of one float32 operation."""


@dataclass(frozen=True)
class Parts:
    """Parts that vectors consist of, side by side: the dimensions of each, and the typical length of a user's.

    typical: float32 (n_parts,). It sets the order in which products are searched, never the lists.
    """

    sizes: Sequence[int]
    typical: F32

    def lengths(self, vectors: F32) -> F32:
        """Lengths of the parts of each vector, rounded up, float32 (n, n_parts)."""
        lengths, end = np.zeros((len(vectors), len(self.sizes)), dtype=np.float32), 0
        for part, size in enumerate(self.sizes):
            lengths[:, part] = np.linalg.norm(vectors[:, end : end + size], axis=1)
            end += size
        lengths *= np.float32(1 + (vectors.shape[1] + 1) * UNIT)
        return lengths


@dataclass(frozen=True)
class Block:
    """Products from place `start` on: rounded vectors with a one below each, (dim + 1, n).

    longest, error: by part, the largest length of a vector, and of a vector's rounding error, float32 (n_parts,).
    """

    start: int
    rounded: torch.Tensor
    longest: F32
    error: F32

    @classmethod
    def of(cls, start: int, vectors: F32, dtype: torch.dtype, parts: Parts) -> Self:
        """Round the vectors."""
        rounded, errors = rounded_vectors(vectors, dtype, parts, last=1.0)
        return cls(start, rounded.T, parts.lengths(vectors).max(axis=0, initial=0.0), errors.max(axis=0, initial=0.0))


def rounded_vectors(vectors: F32, dtype: torch.dtype, parts: Parts, last: float) -> tuple[torch.Tensor, F32]:
    """Convert vectors to another format with one more dimension, (n, dim + 1), and the lengths of the rounding errors
    by part, (n, n_parts).
    """
    import torch

    whole = torch.from_numpy(np.ascontiguousarray(vectors, dtype=np.float32))
    rounded = torch.full((len(vectors), vectors.shape[1] + 1), last, dtype=dtype)
    rounded[:, :-1] = whole
    return rounded, parts.lengths((whole - rounded[:, :-1].float()).numpy())
