"""Scores of every product for some users, kept as the parts they are computed from.

Materialised, they would be the largest array of a night. The values that the blend needs (means, deviations, single
places) follow from the parts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from socialrec.vectors.arrays import F32, Csr, Flags, Indices

F64 = npt.NDArray[np.float64]
FLAT = 1e-7
"""Largest standard deviation of scores that counts as rounding of a constant."""
FEW_KINDS = 64
"""Kinds of products up to which scores by kind are inner products: a dimension each."""
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

    def terms(self, factors: F32) -> Iterator[Term]:
        """Terms that add up to the scores times each user's factor (n,), but for `constants`."""
        yield factors, self

    @property
    def constants(self) -> F32:
        """Constant of each user that the terms leave out, float32 (n,)."""
        return np.zeros(self.shape[0], dtype=np.float32)

    def full(self) -> F32:
        """All scores, float32 (n, n_products)."""
        total = np.zeros(self.shape, dtype=np.float32)
        self.add_to(total, np.ones(self.shape[0], dtype=np.float32))
        return total

    def is_constant(self) -> Flags:
        """Check if all products score the same, bool (n,)."""
        constant: Flags = self.moments()[1] <= FLAT
        return constant


Term = tuple[F32, Scores]
"""Factor of each user, float32 (n,), and the scores that it multiplies: inner products, or sparse or dense scores."""


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

    @cached_property
    def exponent(self) -> int:
        """Power of two just above the length of the longest vector."""
        longest = np.linalg.norm(self.values, axis=1).max(initial=0.0)
        return int(np.frexp(longest)[1])


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

    def plus(self, cells: Csr) -> SummedScores:
        """Add sparse scores, csr (n, n_products)."""
        return SummedScores(self, cells)


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
        values = self.cells.data.astype(np.float64)
        means, squares = (_sums(each, self.cells.indptr) / max(self.shape[1], 1) for each in (values, values**2))
        return means, np.sqrt(np.maximum(squares - means**2, 0.0))

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

    def cells_at(self, at: slice) -> tuple[Indices, Indices, F32]:
        """Cells of some users: their number by user, and the products and scores, user by user."""
        ends = self.cells.indptr[at.start : at.stop + 1]
        inside = slice(ends[0], ends[-1])
        return np.diff(ends), self.cells.indices[inside], self.cells.data[inside]

    def plus(self, cells: Csr) -> Self:
        """Add further sparse scores, csr (n, n_products)."""
        return type(self)(self.cells + cells)


@dataclass(frozen=True)
class SharedScores(Scores):
    """Sparse scores that many users have in common: csr float32 (n_rows, n_products), and the row of each user, int64
    (n,).
    """

    rows: Csr
    place: Indices

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the scores, (n, n_products)."""
        return len(self.place), self.rows.shape[1]

    def moments(self) -> tuple[F64, F64]:
        """Moments of each row, once."""
        means, spreads = SparseScores(self.rows).moments()
        return means[self.place], spreads[self.place]

    def add_to(self, total: F32, factors: F32) -> None:
        """Add the scores by blocks of users."""
        for start in range(0, len(total), BLOCK_USERS):
            at = slice(start, start + BLOCK_USERS)
            SparseScores(self.rows[self.place[at]]).add_to(total[at], factors[at])

    def at(self, products: Indices) -> F32:
        """Scores of some products, float32 (n, k)."""
        rows = np.repeat(self.place, products.shape[1])
        found: F32 = np.asarray(self.rows[rows, products.ravel()], dtype=np.float32).reshape(products.shape)
        return found

    def cells_at(self, at: slice) -> tuple[Indices, Indices, F32]:
        """Cells of some users: their number by user, and the products and scores, user by user."""
        cells = self.rows[self.place[at]]
        return np.diff(cells.indptr), cells.indices, cells.data


@dataclass(frozen=True)
class SummedScores(Scores):
    """Sum of inner products and sparse scores, csr float32 (n, n_products)."""

    products: InnerProductScores
    cells: Csr

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the scores, (n, n_products)."""
        return self.products.shape

    def moments(self) -> tuple[F64, F64]:
        """Moments of both parts, and their covariance from the cells."""
        (mean, spread), (more, further) = self.products.moments(), SparseScores(self.cells).moments()
        at_cells = np.einsum(
            "nd,nd->n", self.products.users, self.cells.dot(self.products.vectors.values), dtype=np.float64
        )
        covariance = at_cells / max(self.shape[1], 1) - mean * more
        return mean + more, np.sqrt(np.maximum(spread**2 + further**2 + 2 * covariance, 0.0))

    def terms(self, factors: F32) -> Iterator[Term]:
        """Both parts."""
        yield factors, self.products
        yield factors, SparseScores(self.cells)

    def add_to(self, total: F32, factors: F32) -> None:
        """Add both parts."""
        for _, part in self.terms(factors):
            part.add_to(total, factors)

    def at(self, products: Indices) -> F32:
        """Scores of some products, float32 (n, k)."""
        return self.products.at(products) + SparseScores(self.cells).at(products)


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


class KindScorer:
    """Scorer of products by their kinds; strengths: csr float32 (n_products, n_kinds), of each product in its kind.

    Scores of a few kinds are inner products. Of many they are sparse: a user has a share in few of them.
    """

    def __init__(self, strengths: Csr) -> None:
        self._by_kind = strengths.T.tocsr()
        few = strengths.shape[1] <= FEW_KINDS
        self._vectors = Vectors(np.asarray(strengths.toarray(), dtype=np.float32)) if few else None

    def score(self, shares: Csr) -> InnerProductScores | SparseScores:
        """Score products by the user's shares in the kinds, csr float32 (n, n_kinds)."""
        if self._vectors is None:
            return SparseScores(shares.dot(self._by_kind).tocsr())
        return InnerProductScores(np.asarray(shares.toarray(), dtype=np.float32), self._vectors)


def _sums(values: F64, indptr: Indices) -> F64:
    """Sum the values of each row of a csr matrix, (n,)."""
    sums, filled = np.zeros(len(indptr) - 1), np.flatnonzero(np.diff(indptr))
    # Rows without cells must be left out: for them `reduceat` gives the value at their start.
    sums[filled] = np.add.reduceat(values, indptr[filled]) if len(filled) else 0.0
    return sums


class WrittenScores:
    """Sum of sparse and dense scores, written out for some users at a time.

    columns: int32 (n_products,), the column of each product, below `width`; the last one for products that nobody asks
    for, whatever it then holds.
    """

    def __init__(self, terms: Sequence[Term], columns: npt.NDArray[np.int32], width: int) -> None:
        self._sparse = [(factors, part) for factors, part in terms if isinstance(part, SparseScores | SharedScores)]
        self._columns, self._width = columns, width
        self._dense = [(factors, *self._asked(part)) for factors, part in terms if isinstance(part, DenseScores)]

    def __call__(self, at: slice) -> F32:
        """Write out the scores of these users, float32 (n, width)."""
        n = at.stop - at.start
        values, rows, places = [np.zeros(0, np.float32)], [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
        for factors, part in self._sparse:
            counts, numbers, scores = part.cells_at(at)
            values.append(np.repeat(factors[at], counts) * scores)
            rows.append(np.repeat(np.arange(n, dtype=np.int32), counts))
            places.append(self._columns[numbers])
        cells = np.concatenate(values), (np.concatenate(rows), np.concatenate(places))
        total: F32 = sp.coo_matrix(cells, (n, self._width)).toarray()
        for factors, scores, columns in self._dense:
            total[:, columns] += factors[at, None] * scores[at]
        return total

    def _asked(self, part: DenseScores) -> tuple[F32, npt.NDArray[np.int32] | slice]:
        """Dense scores of the products that are asked for, which are often few, and their columns."""
        columns = self._columns[part.columns]
        asked = columns < self._width - 1
        return (part.values if asked.all() else part.values[:, asked]), _as_slice(columns[asked])


def _as_slice(columns: npt.NDArray[np.int32]) -> npt.NDArray[np.int32] | slice:
    """Columns next to each other as a slice, which is added to several times faster."""
    if len(columns) and np.array_equal(columns, np.arange(columns[0], columns[0] + len(columns))):
        return slice(int(columns[0]), int(columns[-1]) + 1)
    return columns
