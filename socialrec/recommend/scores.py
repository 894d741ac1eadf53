"""Scores of every product for some users, kept as the parts they are computed from.

Materialised, they would be the largest array of a night. The values that the blend needs (means, deviations, single
places) follow from the parts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from socialrec.vectors.arrays import F32, Csr, Flags, Indices

F64 = npt.NDArray[np.float64]
FLAT = 1e-7
"""Largest standard deviation of scores that counts as rounding of a constant."""
BLOCK_VECTORS = 65_536
"""Vectors whose deviations from the mean are in double precision at a time."""
BLOCK_USERS = 64
"""Users whose product with all items is materialised at a time, before it is added: 25 MiB at 100,000 items."""


class Scores(ABC):
    """Scores of n users for n_products products, comparable within one user."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """Shape of the scores, (n, n_products)."""

    @abstractmethod
    def moments(self) -> tuple[F64, F64]:
        """Mean and standard deviation of each user's scores, float64 (n,) each; not finite where a score is not."""

    @abstractmethod
    def add_to(self, total: F32, factors: F32) -> None:
        """Add each user's scores, times the user's factor (n,), to a float32 (n, n_products), in place."""

    @abstractmethod
    def at(self, products: Indices) -> F32:
        """Scores of some products, int64 (n, k), by user: float32 (n, k)."""

    def full(self) -> F32:
        """All scores, float32 (n, n_products)."""
        total = np.zeros(self.shape, dtype=np.float32)
        self.add_to(total, np.ones(self.shape[0], dtype=np.float32))
        return total

    def is_constant(self) -> Flags:
        """Check if all products score the same, bool (n,)."""
        constant: Flags = self.moments()[1] <= FLAT
        return constant


@dataclass(frozen=True)
class Vectors:
    """Vectors of all products, float32 (n_products, dim)."""

    values: F32

    @cached_property
    def mean(self) -> F64:
        """Mean vector, float64 (dim,)."""
        mean: F64 = self.values.mean(axis=0, dtype=np.float64)
        return mean

    @cached_property
    def covariance(self) -> F64:
        """Covariance of the vectors' components, float64 (dim, dim)."""
        n, dim = self.values.shape
        total = np.zeros((dim, dim))
        for start in range(0, n, BLOCK_VECTORS):
            apart = self.values[start : start + BLOCK_VECTORS] - self.mean
            total += apart.T @ apart
        covariance: F64 = total / max(n, 1)
        return covariance


@dataclass(frozen=True)
class InnerProductScores(Scores):
    """Scores as inner products of the users' vectors, float32 (n, dim), with those of all products."""

    users: F32
    vectors: Vectors

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the scores, (n, n_products)."""
        return len(self.users), len(self.vectors.values)

    def moments(self) -> tuple[F64, F64]:
        """Moments from the mean vector and the covariance of the products' vectors."""
        users = self.users.astype(np.float64)
        spread = np.einsum("nd,nd->n", users @ self.vectors.covariance, users)
        return users @ self.vectors.mean, np.sqrt(np.maximum(spread, 0.0))

    def add_to(self, total: F32, factors: F32) -> None:
        """Add the scores by blocks of users."""
        users = self.users * factors[:, None]
        for start in range(0, len(users), BLOCK_USERS):
            at = slice(start, start + BLOCK_USERS)
            total[at] += users[at] @ self.vectors.values.T

    def at(self, products: Indices) -> F32:
        """Scores of some products, float32 (n, k)."""
        found: F32 = np.einsum("nd,nkd->nk", self.users, self.vectors.values[products])
        return found


@dataclass(frozen=True)
class SparseScores(Scores):
    """Sparse scores, csr float32 (n, n_products)."""

    cells: Csr

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the scores, (n, n_products)."""
        n, n_products = self.cells.shape
        return n, n_products

    def moments(self) -> tuple[F64, F64]:
        """Moments from the cells and the number of zeros."""
        rows, n_products = np.repeat(np.arange(self.shape[0]), np.diff(self.cells.indptr)), max(self.shape[1], 1)
        sums, squares = (np.bincount(rows, self.cells.data**power, self.shape[0]) / n_products for power in (1, 2))
        return sums, np.sqrt(np.maximum(squares - sums**2, 0.0))

    def add_to(self, total: F32, factors: F32) -> None:
        """Add the scores user by user: a user's row stays in the cache."""
        ends, numbers, values = self.cells.indptr, self.cells.indices, self.cells.data
        for user, (start, stop) in enumerate(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)):
            total[user, numbers[start:stop]] += factors[user] * values[start:stop]

    def at(self, products: Indices) -> F32:
        """Scores of some products, float32 (n, k)."""
        rows = np.repeat(np.arange(len(products)), products.shape[1])
        found: F32 = np.asarray(self.cells[rows, products.ravel()], dtype=np.float32).reshape(products.shape)
        return found


@dataclass(frozen=True)
class DenseScores(Scores):
    """Dense scores of some products, float32 (n, n_columns), and 0 for the others.

    columns: int64 (n_columns,), the numbers of those products, sorted.
    """

    values: F32
    columns: Indices
    n_products: int

    @classmethod
    def whole(cls, values: F32) -> Self:
        """Make dense scores of all products, float32 (n, n_products)."""
        return cls(values, np.arange(values.shape[1]), values.shape[1])

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the scores, (n, n_products)."""
        return len(self.values), self.n_products

    def moments(self) -> tuple[F64, F64]:
        """Moments of the dense scores and the zeros of the other products."""
        n_products = max(self.n_products, 1)
        mean = self.values.sum(axis=1, dtype=np.float64) / n_products
        apart = self.values - mean[:, None].astype(np.float32)
        squares = np.einsum("nc,nc->n", apart, apart) + (n_products - len(self.columns)) * mean**2
        return mean, np.sqrt(squares / n_products)

    def add_to(self, total: F32, factors: F32) -> None:
        """Add the scores in one step where all products are dense."""
        if len(self.columns) == self.n_products:
            total += factors[:, None] * self.values
        else:
            total[:, self.columns] += factors[:, None] * self.values

    def at(self, products: Indices) -> F32:
        """Scores of some products, float32 (n, k)."""
        places = np.searchsorted(self.columns, products)
        places = np.minimum(places, max(len(self.columns) - 1, 0))
        if not len(self.columns):
            return np.zeros(products.shape, dtype=np.float32)
        found = np.take_along_axis(self.values, places, axis=1)
        return np.where(self.columns[places] == products, found, np.float32(0.0))
