"""Shared code of item-to-item weights: balancing of affinities, the inverse, and the strongest weights."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import scipy.linalg
import scipy.sparse as sp

from socialrec.vectors.arrays import F32, Csr

BLOCK = 1024


def rarity(popularity: F32, weighting: float) -> F32:
    """Weight of an affinity to each product: its number of users to the power -weighting, float32 (n_products,).

    Products without users count like those with one.
    """
    return np.power(np.maximum(popularity, np.float32(1.0)), np.float32(-weighting), dtype=np.float32)


def balanced(affinity: Csr, columns: F32) -> tuple[Csr, float]:
    """Scale affinities to rows of length 1, then columns by `columns`; also returns the mean square of the non-zero
    cells.

    Without any cell the mean square is 1.
    """
    lengths = np.sqrt(np.asarray(affinity.multiply(affinity).sum(axis=1)).ravel())
    shares = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0).astype(np.float32)
    result = sp.diags(shares).dot(affinity).dot(sp.diags(columns)).tocsr()
    return result, float(np.mean(np.square(result.data), dtype=np.float64)) if result.nnz else 1.0


def sparse_gram(rows: Csr) -> F32:
    """XᵀX of a sparse X, csr (n, m): float32 (m, m), without a sparse product of all columns at once."""
    columns, n = rows.T.tocsr(), rows.shape[1]
    gram = np.empty((n, n), dtype=np.float32)

    def write(start: int) -> None:
        gram[start : start + BLOCK] = columns[start : start + BLOCK].dot(rows).toarray()

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(write, range(0, n, BLOCK)))
    return gram


def inverse(matrix: F32, regularization: float) -> F32:
    """Invert a symmetric positive definite matrix plus regularization on its diagonal, in the matrix's own memory.

    Raises ValueError where the matrix is not positive definite.
    """
    matrix[np.diag_indices_from(matrix)] += np.float32(regularization)
    # LAPACK works in place on columns, which are the rows of a symmetric matrix.
    factor, info = scipy.linalg.lapack.spotrf(np.asfortranarray(matrix.T), lower=1, overwrite_a=1)
    if info != 0:
        raise ValueError(f"matrix of {len(matrix)} rows is not positive definite; a larger regularization makes it so")
    result, _ = scipy.linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
    for start in range(0, len(result), BLOCK):
        stop = start + BLOCK
        corner = np.tril(result[start:stop, start:stop])
        result[start:stop, start:stop] = corner + np.tril(corner, -1).T
        result[start:stop, stop:] = result[stop:, start:stop].T
    full: F32 = result.T
    return full


def strongest(weights: Csr, n: int) -> Csr:
    """Keep the n values of each row that are largest in size, csr of the same shape; of equals the first."""
    blocks = [_strongest(weights[start : start + BLOCK], n) for start in range(0, weights.shape[0], BLOCK)]
    return sp.vstack(blocks, format="csr") if blocks else weights


def _strongest(weights: Csr, n: int) -> Csr:
    counts = np.diff(weights.indptr)
    rows = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((-np.abs(weights.data), rows))
    # Stored row by row before and after, so a row begins where it began.
    kept = np.sort(order[np.arange(len(order)) - weights.indptr[rows] < n])
    starts = np.concatenate([[0], np.cumsum(np.minimum(counts, n))])
    return sp.csr_matrix((weights.data[kept], weights.indices[kept], starts), shape=weights.shape)
