"""Implicit ALS: users and products as short vectors, for shops where neither side fits a dense inverse.

Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets" (ICDM 2008), with the weights of
Rendle et al., "Revisiting the performance of iALS on item recommendation benchmarks" (RecSys 2022, eq. 3): minimise

    sum over observed (u, i) of c_ui (1 - w_u·h_i)² + a sum over all (u, i) of (w_u·h_i)²
    + r sum over u of (n_u + a n_products) |w_u|² + r sum over i of (n_i + a n_users) |h_i|²
    + b |E - HVᵀ|² + b |V|²

where c_ui is the affinity over the mean affinity, a is `factor_unobserved_weight`, r is `factor_regularization`, b is
`factor_text` and E the products' text vectors, explained by the same product factors H (Singh and Gordon, "Relational
learning via collective matrix factorization", KDD 2008). Each half iteration solves rows by conjugate gradients from
their current values (Takács, Pilászy and Tikk, "Applications of the conjugate gradient method for implicit feedback
collaborative filtering", RecSys 2011), so its cost grows with the number of pairs, never with their square. Vectors are
rotated into the eigenvectors of the part that all rows' systems share. There that part is diagonal, cheap to multiply
with, and preconditions the rest: two steps come closer to the solution than four plain ones.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.scores import InnerProductScores, Scores, Vectors
from socialrec.recommend.signals.base import SignalDefaults, Space, State, UserBlock
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import F32, Csr, Indices

Floats = npt.NDArray[np.floating]
"""Precisions: float32 to fit, float64 for a new user's vector."""
SEED = 20260103
FIT_STEPS = 2
FOLD_STEPS = 6
"""Steps of conjugate gradients that bring a new user's vector from zero to its solution."""
BLOCK_VECTORS = 65_536
"""Vectors that are multiplied at a time, so that no second copy of all of them is held."""
BATCH_PAIRS = 4_000
"""Pairs per batch: their vectors are 2 MiB at 128 dimensions, and stay in the processor's cache from step to step."""


class Factors(SignalDefaults):
    """Score = user vector times product vector; user vectors are solved from each block's affinities."""

    name: ClassVar[str] = "factors"
    reason: ClassVar[ReasonKind] = ReasonKind.BECAUSE_YOU
    learns_products: ClassVar[bool] = True
    space: ClassVar[Space] = {
        "factor_regularization": (0.001, 0.003, 0.01, 0.03, 0.1),
        "factor_unobserved_weight": (0.003, 0.01, 0.03, 0.1, 0.3),
        "factor_text": (0.0, 0.3, 1.0, 3.0, 10.0),
        "factor_dim": (32, 64, 128, 256, 512),
    }

    def __init__(self, products: F32, unobserved_weight: float, regularization: float, mean: float) -> None:
        self.products, self.unobserved_weight, self.regularization, self.mean = (
            products,
            unobserved_weight,
            regularization,
            mean,
        )
        self.vectors = Vectors(products)
        self.fold = FoldIn(products, unobserved_weight, regularization)

    @classmethod
    def fit(cls, data: FeatureSet, settings: RecommendSettings) -> Self:
        """Alternate `factor_iterations` times between users and products."""
        observed, mean = scaled_to_mean(data.affinity)
        products = learn_columns([observed], data.text, settings)[0]
        return cls(products, settings.factor_unobserved_weight, settings.factor_regularization, mean)

    @classmethod
    def idle_settings(cls, data: FeatureSet) -> set[str]:
        """Weight of texts, where there are none."""
        return set() if data.text.any() else {"factor_text"}

    def score(self, block: UserBlock) -> Scores:
        """Score products, (n, n_products); zeros for a user without affinities."""
        return InnerProductScores(self.fold.users(self.observed(block.affinity)), self.vectors)

    def observed(self, affinity: Csr) -> Csr:
        """Affinities over the mean of those that were fitted, csr float32."""
        return (affinity / np.float32(self.mean)).tocsr()

    def state(self) -> State:
        """Product vectors and the weights with which user vectors are solved."""
        return {
            "products": self.products,
            "weights": np.array([self.unobserved_weight, self.regularization, self.mean]),
        }

    @classmethod
    def restore(cls, state: State) -> Self:
        """Restore from its arrays."""
        unobserved_weight, regularization, mean = (float(x) for x in np.asarray(state["weights"], np.float64))
        return cls(np.asarray(state["products"], np.float32), unobserved_weight, regularization, mean)


class FoldIn:
    """Solver of users' vectors, given the vectors of all columns, float32 (m, dim)."""

    def __init__(self, columns: F32, unobserved_weight: float, regularization: float) -> None:
        self._columns, self._unobserved_weight, self._regularization = columns, unobserved_weight, regularization

    def users(self, observed: Csr, precision: type[np.floating] = np.float64) -> F32:
        """Vectors of users with these cells, csr (n, m): float32 (n, dim).

        In double precision, because otherwise a score's last digit would depend on the rest of the block; only for
        columns of the block's users, because all of them would be the largest array of scoring.
        """
        start = np.zeros((observed.shape[0], self._columns.shape[1]), dtype=precision)
        touched, places = np.unique(observed.indices, return_inverse=True)
        own = sp.csr_matrix((observed.data, places, observed.indptr), shape=(observed.shape[0], len(touched)))
        fixed = self._turned[touched].astype(precision)
        side = Side(own, fixed, self._unobserved_weight, self._regularization, n_fixed=len(self._columns))
        basis = Basis(self._shared.turn.astype(precision), self._shared.diagonal.astype(precision), fixed)
        return solve(side, start, FOLD_STEPS, basis).astype(np.float32)

    @cached_property
    def _shared(self) -> Shared:
        """Shared part of the systems, computed once because it takes longer than solving for a block's users."""
        return Shared.of(self._unobserved_weight * gram_of(self._columns))

    @cached_property
    def _turned(self) -> F32:
        """Column vectors in the basis of the shared part, float32 (m, dim)."""
        turned = np.empty_like(self._columns)
        for start in range(0, len(turned), BLOCK_VECTORS):
            at = slice(start, start + BLOCK_VECTORS)
            turned[at] = self._columns[at].astype(np.float64) @ self._shared.turn
        return turned


def scaled_to_mean(affinity: Csr) -> tuple[Csr, float]:
    """Affinities over their mean, csr float32, and the mean: 1 without any."""
    mean = float(affinity.data.mean(dtype=np.float64)) if affinity.nnz else 1.0
    return (affinity / np.float32(mean)).tocsr(), mean


def learn_columns(observed: Sequence[Csr], text: F32, settings: RecommendSettings) -> list[F32]:
    """Learn vectors of the columns of matrices side by side, csr float32 (n_users, m) each: float32 (m, dim) each.

    The columns of the first matrix also explain their texts, float32 (m, n_text).
    """
    rng, dim = np.random.default_rng(SEED), settings.factor_dim
    shapes = [(each.shape[1], dim) for each in observed]
    columns = [rng.normal(0, 0.1 / np.sqrt(dim), shape).astype(np.float32) for shape in shapes]
    rows = sp.hstack(observed, format="csr") if len(observed) > 1 else observed[0]
    by_column = [each.T.tocsr() for each in observed]
    # No user starts from a random vector of its own: the order of users must not matter.
    users = np.zeros((rows.shape[0], dim), dtype=np.float32)
    weight, regularization = settings.factor_unobserved_weight, settings.factor_regularization
    text = text if settings.factor_text == 1 else text * np.float32(np.sqrt(settings.factor_text))
    # `solve` has threads of its own, which those of BLAS would slow down.
    with threadpool_limits(1, "blas"):
        for number in range(settings.factor_iterations):
            side = Side(rows, np.vstack(columns) if len(columns) > 1 else columns[0], weight, regularization)
            users = solve(side, users, FIT_STEPS if number else FOLD_STEPS)
            for place, each in enumerate(by_column):
                side = Side(each, users, weight, regularization)
                if place == 0 and settings.factor_text > 0:
                    side = side.with_text(text, loadings_of(columns[0], text))
                columns[place] = solve(side, columns[place], FIT_STEPS)
    return columns


def loadings_of(products: F32, text: F32) -> F32:
    """Matrix V (n_text, dim) by which product vectors H explain text E: the ridge regression E ≈ HVᵀ."""
    prior = np.eye(products.shape[1], dtype=np.float32)
    loadings: F32 = np.linalg.solve(products.T @ products + prior, products.T @ text).T
    return loadings


@dataclass(frozen=True)
class Side:
    """System of one half pass: rows of `observed` csr (n, m) are solved given the vectors `fixed` (m, dim).

    Row u solves (a FᵀF + Σ c_ui f_i f_iᵀ + r (n_u + a m) I + VᵀV) w = Σ c_ui f_i + Vᵀe_u, the last term of each side
    only with text vectors e (n, n_text) and their loadings V (n_text, dim).
    """

    observed: Csr
    fixed: Floats
    """Fixed vectors (m, dim); their precision is that of the whole solution."""
    unobserved_weight: float
    regularization: float
    text: Floats | None = None
    loadings: Floats | None = None
    n_fixed: int | None = None
    """Number of all fixed vectors, where `fixed` has only those of columns with cells."""

    def with_text(self, text: Floats, loadings: Floats) -> Side:
        """The same system where the solved vectors also explain text."""
        return replace(self, text=text, loadings=loadings)

    @property
    def gram(self) -> Floats:
        """Part of the matrix that all rows share, (dim, dim)."""
        shared: Floats = self.unobserved_weight * (self.fixed.T @ self.fixed)
        return shared if self.loadings is None else shared + self.loadings.T @ self.loadings

    def held_back(self, counts: Indices) -> Floats:
        """Ridge of rows with these numbers of cells, (n, 1)."""
        regularizations: Floats = (
            self.regularization * (counts + self.unobserved_weight * (self.n_fixed or len(self.fixed)))
        ).astype(self.fixed.dtype)
        return regularizations[:, None]


def gram_of(vectors: F32) -> Floats:
    """VᵀV in double precision, float64 (dim, dim), by blocks of vectors."""
    total = np.zeros((vectors.shape[1], vectors.shape[1]))
    for start in range(0, len(vectors), BLOCK_VECTORS):
        block = vectors[start : start + BLOCK_VECTORS].astype(np.float64)
        total += block.T @ block
    return total


@dataclass(frozen=True)
class Shared:
    """Gram matrix that all rows of a side share: its eigenvectors, turn (dim, dim), and its diagonal in them (dim,)."""

    turn: Floats
    diagonal: Floats

    @classmethod
    def of(cls, gram: Floats) -> Self:
        """Decompose the part of the matrix that all rows share, (dim, dim), in double precision."""
        strengths, eigenvectors = np.linalg.eigh(gram.astype(np.float64))
        return cls(eigenvectors, np.maximum(strengths, 0.0))


@dataclass(frozen=True)
class Basis:
    """Eigenvector basis of the part that all rows of a side share, which is diagonal in it.

    turn: (dim, dim) into it; shared: the diagonal (dim,); fixed: the side's fixed vectors in it (m, dim).
    """

    turn: Floats
    shared: Floats
    fixed: Floats

    @classmethod
    def of(cls, side: Side) -> Self:
        """Basis of a side, for any rows."""
        shared = Shared.of(side.gram)
        turn = shared.turn.astype(side.fixed.dtype)
        return cls(turn, shared.diagonal.astype(side.fixed.dtype), side.fixed @ turn)


def solve(side: Side, start: Floats, n_steps: int, basis: Basis | None = None) -> Floats:
    """Solve for the vectors of the side's rows, (n, dim) in the precision of `fixed`, by conjugate gradients from
    `start`.

    Rows without cells also start from their current values, and are solved by one step, as their systems are diagonal.
    `basis` is found where it is not given.
    """
    basis = basis or Basis.of(side)
    loadings = None if side.loadings is None else side.loadings @ basis.turn
    turned = replace(side, fixed=basis.fixed, loadings=loadings)
    solved = start @ basis.turn

    def solve_batch(rows: Indices) -> None:
        solved[rows] = _conjugate_gradients(_System.of(turned, basis.shared, rows), solved[rows], n_steps)

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(solve_batch, _batches(np.diff(side.observed.indptr))))
    for first in range(0, len(solved), BLOCK_VECTORS):
        at = slice(first, first + BLOCK_VECTORS)
        solved[at] = solved[at] @ basis.turn.T
    return solved


@dataclass(frozen=True)
class _System:
    """Systems of n rows with at most m cells each, in the basis where the shared part is diagonal.

    cells: (n, m), 0 where a row has fewer; touched: vectors of the cells' columns (n, m, dim); diagonal: (n, dim);
    text: the right-hand sides' part of texts, (n, dim), or a 0.
    """

    cells: Floats
    touched: Floats
    diagonal: Floats
    text: Floats

    @classmethod
    def of(cls, side: Side, shared: Floats, rows: Indices) -> Self:
        """Make the systems of some rows of a side."""
        starts, counts = side.observed.indptr[rows], side.observed.indptr[rows + 1] - side.observed.indptr[rows]
        numbers = np.arange(counts.max(initial=0))
        is_cell = numbers < counts[:, None]
        at = np.where(is_cell, starts[:, None] + numbers, 0)
        cells = np.where(is_cell, side.observed.data[at], np.float32(0.0))
        text: Floats = np.zeros(1, dtype=side.fixed.dtype)
        if side.text is not None and side.loadings is not None:
            text = side.text[rows] @ side.loadings
        return cls(cells, side.fixed[side.observed.indices[at]], shared + side.held_back(counts), text)

    def times(self, vectors: Floats) -> Floats:
        """Multiply each row's matrix with its vector, (n, dim)."""
        return self._spread(self.cells * self._dots(vectors)) + self.diagonal * vectors

    def residual(self, vectors: Floats) -> Floats:
        """Residual of each row's system, (n, dim)."""
        left: Floats = self._spread(self.cells * (1 - self._dots(vectors))) - self.diagonal * vectors + self.text
        return left

    def _dots(self, vectors: Floats) -> Floats:
        dots: Floats = np.matmul(self.touched, vectors[:, :, None])[:, :, 0]
        return dots

    def _spread(self, cells: Floats) -> Floats:
        spread: Floats = np.matmul(cells[:, None, :], self.touched)[:, 0]
        return spread


def _conjugate_gradients(system: _System, start: Floats, n_steps: int) -> Floats:
    """Conjugate gradients, preconditioned by the diagonal (Saad, "Iterative methods for sparse linear systems",
    algorithm 9.1).
    """
    vectors, residual = start.copy(), system.residual(start)
    eased = _ratio(residual, system.diagonal)
    direction, power = eased, _dot(residual, eased)
    for step in range(n_steps):
        image = system.times(direction)
        length = _ratio(power, _dot(direction, image))[:, None]
        vectors += length * direction
        if step + 1 < n_steps:
            residual -= length * image
            eased = _ratio(residual, system.diagonal)
            before, power = power, _dot(residual, eased)
            direction = eased + _ratio(power, before)[:, None] * direction
    return vectors


def _dot(left: Floats, right: Floats) -> Floats:
    dots: Floats = np.einsum("nd,nd->n", left, right)
    return dots


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Ratio part / whole, and 0 where whole is 0: solved rows, or users without evidence."""
    shares: Floats = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    return shares


def _batches(counts: Indices) -> Iterator[Indices]:
    """Group rows with about as many cells each: at most `BATCH_PAIRS` per batch, or one row."""
    order, start = np.argsort(counts, kind="stable"), 0
    sizes = np.maximum(counts[order], 1)
    while start < len(order):
        # The last row is the longest, and the others are filled up to it.
        stop = start + max(1, BATCH_PAIRS // int(sizes[start]))
        n_fitting = np.arange(1, len(sizes[start:stop]) + 1) * sizes[start:stop] <= BATCH_PAIRS
        stop = start + max(1, int(n_fitting.sum()))
        yield order[start:stop]
        start = stop
