"""Implicit ALS: users and products as short vectors, for shops where neither side fits a dense inverse.

Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets" (ICDM 2008), with the weights of
Rendle et al., "Revisiting the performance of iALS on item recommendation benchmarks" (RecSys 2022, eq. 3): minimise

    sum over observed (u, i) of c_ui (1 - w_u·h_i)² + a sum over all (u, i) of (w_u·h_i)²
    + r sum over u of (n_u + a n_products) |w_u|² + r sum over i of (n_i + a n_users) |h_i|²
    + b |E - HVᵀ|² + b |V|²

where c_ui is the affinity over the mean affinity, a is `factor_unobserved`, r is `factor_ridge`, b is `factor_text` and
E the products' text vectors, explained by the same product factors H (Singh and Gordon, "Relational learning via
collective matrix factorization", KDD 2008). Each half pass solves all rows at once by conjugate gradients from where
they stand (Takács, Pilászy and Tikk, RecSys 2011), so its cost grows with the number of pairs, never with their square.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp

from socialrec.recommend.arrays import F32, Csr
from socialrec.recommend.data import TrainingData
from socialrec.recommend.signals.base import State, UserBlock
from socialrec.settings import RecommendSettings

SEED = 20260103
FIT_STEPS = 3
FOLD_STEPS = 12
"""Steps of conjugate gradients that bring a new user's vector from zero to its solution."""
BLOCK_PAIRS = 32_000
"""Vectors of so many pairs are 16 MiB at 128 dimensions: memory that is at hand is used again, and cached."""


class Factors:
    """Score = user vector times product vector; user vectors are solved for anew from each block's affinities."""

    name: ClassVar[str] = "factors"

    def __init__(self, products: F32, unobserved: float, ridge: float, mean: float) -> None:
        self.products, self.unobserved, self.ridge, self.mean = products, unobserved, ridge, mean

    @classmethod
    def fit(cls, data: TrainingData, settings: RecommendSettings) -> Self:
        """Alternate `factor_passes` times between users and products."""
        observed = data.affinity
        mean = float(observed.data.mean(dtype=np.float64)) if observed.nnz else 1.0
        observed = (observed / np.float32(mean)).tocsr()
        by_product = observed.T.tocsr()
        rng = np.random.default_rng(SEED)
        dim = settings.factor_dim
        users, products = (rng.normal(0, 0.1 / np.sqrt(dim), (n, dim)).astype(np.float32) for n in observed.shape)
        text = data.text * np.float32(np.sqrt(settings.factor_text))
        prior = np.eye(dim, dtype=np.float32)
        for _ in range(settings.factor_passes):
            users = solve(Side(observed, products, settings.factor_unobserved, settings.factor_ridge), users, FIT_STEPS)
            side = Side(by_product, users, settings.factor_unobserved, settings.factor_ridge)
            if settings.factor_text > 0:
                loadings = np.linalg.solve(products.T @ products + prior, products.T @ text).T
                side = side.with_text(text, loadings)
            products = solve(side, products, FIT_STEPS)
        return cls(products, settings.factor_unobserved, settings.factor_ridge, mean)

    def score(self, block: UserBlock) -> F32:
        """Float32 (n, n_products); zeros for a user without affinities."""
        observed = (block.affinity / np.float32(self.mean)).tocsr()
        start = np.zeros((observed.shape[0], self.products.shape[1]), dtype=np.float32)
        users = solve(Side(observed, self.products, self.unobserved, self.ridge), start, FOLD_STEPS)
        scores: F32 = users @ self.products.T
        return scores

    def state(self) -> State:
        """Product vectors and the weights that user vectors are solved with."""
        return {"products": self.products, "weights": np.array([self.unobserved, self.ridge, self.mean])}

    @classmethod
    def restore(cls, state: State) -> Self:
        """From its arrays."""
        unobserved, ridge, mean = (float(x) for x in np.asarray(state["weights"], np.float64))
        return cls(np.asarray(state["products"], np.float32), unobserved, ridge, mean)


@dataclass(frozen=True)
class Side:
    """The system of one half pass: rows of `observed` csr (n, m) are solved given the vectors `fixed` (m, dim).

    Row u solves (a FᵀF + Σ c_ui f_i f_iᵀ + r (n_u + a m) I + VᵀV) w = Σ c_ui f_i + Vᵀe_u, the last term of each side
    only with text vectors e (n, n_text) and their loadings V (n_text, dim).
    """

    observed: Csr
    fixed: F32
    unobserved: float
    ridge: float
    text: F32 | None = None
    loadings: F32 | None = None

    def with_text(self, text: F32, loadings: F32) -> Side:
        """The same system where the solved vectors also explain text."""
        return replace(self, text=text, loadings=loadings)

    @property
    def gram(self) -> F32:
        """The part of the matrix that all rows share, (dim, dim)."""
        shared: F32 = np.float32(self.unobserved) * (self.fixed.T @ self.fixed)
        return shared if self.loadings is None else shared + self.loadings.T @ self.loadings

    def wanted(self, rows: slice) -> F32:
        """Right-hand sides of these rows, (n, dim)."""
        seen = np.asarray(self.observed[rows].dot(self.fixed), dtype=np.float32)
        return seen if self.text is None or self.loadings is None else seen + self.text[rows] @ self.loadings

    def held_back(self, rows: slice) -> F32:
        """The ridge of each of these rows, (n, 1)."""
        counts = np.diff(self.observed[rows].indptr)
        ridges: F32 = np.float32(self.ridge) * (counts + self.unobserved * self.fixed.shape[0]).astype(np.float32)
        return ridges[:, None]


def solve(side: Side, start: F32, n_steps: int) -> F32:
    """Vectors of the side's rows, float32 (n, dim), by conjugate gradients from `start`."""
    gram, solved = side.gram, np.empty_like(start)
    for first, last in _row_blocks(side.observed):
        rows = slice(first, last)
        times = _system(side.observed[rows], side.fixed, gram, side.held_back(rows))
        solved[rows] = _conjugate_gradients(times, side.wanted(rows), start[rows], n_steps)
    return solved


def _system(block: Csr, fixed: F32, gram: F32, held_back: F32) -> Callable[[F32], F32]:
    """Multiplication of each row's vector by the matrix of its system, which is never formed."""
    rows = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
    touched = fixed[block.indices]

    def times(vectors: F32) -> F32:
        dots = np.einsum("pd,pd->p", touched, vectors[rows])
        on_observed = sp.csr_matrix((block.data * dots, block.indices, block.indptr), shape=block.shape).dot(fixed)
        product: F32 = on_observed + vectors @ gram + held_back * vectors
        return product

    return times


def _conjugate_gradients(times: Callable[[F32], F32], wanted: F32, start: F32, n_steps: int) -> F32:
    vectors = start.copy()
    residual = wanted - times(vectors)
    direction = residual.copy()
    power = np.einsum("nd,nd->n", residual, residual)
    for _ in range(n_steps):
        image = times(direction)
        length = _ratio(power, np.einsum("nd,nd->n", direction, image))
        vectors += length * direction
        residual -= length * image
        before, power = power, np.einsum("nd,nd->n", residual, residual)
        direction = residual + _ratio(power, before) * direction
    return vectors


def _ratio(part: F32, whole: F32) -> F32:
    """part / whole as a column, and 0 where whole is 0 (rows that are solved)."""
    shares: F32 = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)[:, None]
    return shares


def _row_blocks(matrix: Csr) -> list[tuple[int, int]]:
    """Row ranges of about `BLOCK_PAIRS` cells each."""
    marks = np.searchsorted(matrix.indptr, np.arange(BLOCK_PAIRS, matrix.nnz, BLOCK_PAIRS))
    bounds = np.unique(np.concatenate([[0], marks, [matrix.shape[0]]])).tolist()
    return list(pairwise(bounds))
