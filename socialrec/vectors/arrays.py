"""Array types of the recommender, and conversion of names in Arrow columns to dense row numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

F32 = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Csr = Any
"""scipy.sparse.csr_matrix of float32; scipy ships no types."""

ABSENT = -1


def positions(values: pa.ChunkedArray | pa.Array, vocabulary: pa.Array) -> Indices:
    """Row number of each value in the vocabulary, int64 (n,); ABSENT where it is not in it."""
    found = pc.fill_null(pc.index_in(values, value_set=vocabulary), ABSENT)
    numbers: Indices = np.asarray(found.to_numpy(zero_copy_only=False) if isinstance(found, pa.ChunkedArray) else found)
    return numbers.astype(np.int64)


def vocabulary(*columns: pa.ChunkedArray) -> pa.Array:
    """Sort the distinct strings of all columns."""
    chunks = [chunk.cast(pa.string()) for column in columns for chunk in column.chunks]
    distinct = pc.unique(pa.chunked_array(chunks, type=pa.string()))
    return distinct.take(pc.sort_indices(distinct))


def csr(values: npt.NDArray[Any], rows: Indices, columns: Indices, shape: tuple[int, int]) -> Csr:
    """Make a sparse float32 matrix; values of one cell add up, in float64; unknown rows and columns are left out."""
    known = (rows >= 0) & (columns >= 0)
    matrix = sp.csr_matrix((values[known].astype(np.float64), (rows[known], columns[known])), shape=shape)
    matrix.sum_duplicates()
    return matrix.astype(np.float32)


def stored_csr(parts: tuple[Any, Any, Any], shape: tuple[int, int]) -> Csr:
    """Make a sparse matrix from data, indices and indptr of a file; ValueError where they lead outside the matrix.

    Compiled code uses them without checks.
    """
    matrix = sp.csr_matrix(parts, shape=shape)
    # SciPy checks the order of indptr only where there are values.
    if np.any(np.diff(matrix.indptr) < 0):
        raise ValueError("the rows of a matrix overlap")
    matrix.check_format(full_check=True)
    return matrix


def unit_rows(matrix: F32) -> F32:
    """Scale rows to length 1; rows of zeros stay zero."""
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    scaled: F32 = np.divide(matrix, lengths, out=np.zeros_like(matrix), where=lengths > 0)
    return scaled


def centred(matrix: F32) -> F32:
    """Subtract the mean of the non-zero rows from each of them; rows of zeros stay zero."""
    present = np.any(matrix != 0, axis=1)
    if not present.any():
        return matrix
    shifted: F32 = np.where(present[:, None], matrix - matrix[present].mean(axis=0), np.float32(0.0))
    return shifted


def vectors_of(embeddings: pa.Array | pa.ChunkedArray) -> F32:
    """Convert lists of equally many numbers to float32 (n, dim)."""
    lists = embeddings.combine_chunks() if isinstance(embeddings, pa.ChunkedArray) else embeddings
    flat = lists.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.float32).reshape(len(lists), -1) if len(lists) else np.zeros((0, 1), np.float32)
