"""Vectors of texts, and their sums by author or product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from socialrec.features.evidence import exact
from socialrec.vectors.arrays import ABSENT, F32, Indices, csr, positions, unit_rows

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TextVectors:
    """Vectors of distinct texts of one encoder: hashes (n_texts,) and float64 (n_texts, dim), rounded by `exact`."""

    hashes: pa.Array
    values: F64

    @classmethod
    def of(cls, embeddings: pa.Table, dim: int | None = None) -> Self:
        """Take rows of gold.text_embeddings: `text_hash` and `embedding`, of length `dim` where there are none."""
        rows = embeddings["embedding"].combine_chunks()
        shape = (len(rows), -1) if len(rows) else (0, dim or 1)
        values = rows.flatten().to_numpy(zero_copy_only=False).reshape(shape)
        return cls(embeddings["text_hash"].combine_chunks(), exact(values))

    @property
    def dim(self) -> int:
        """Length of a vector; 1 where there is no text."""
        return int(self.values.shape[1])

    def sums(self, rows: pa.Table, owner_column: str, names: pa.Array) -> tuple[F64, Indices]:
        """Sum the vectors of each owner's texts (`text_hash`), and count them: float64 (n_names, dim), int64
        (n_names,); texts without a vector are left out.
        """
        owner, text = positions(rows[owner_column], names), positions(rows["text_hash"], self.hashes)
        known = (owner != ABSENT) & (text != ABSENT)
        counts = csr(np.ones(known.sum()), owner[known], text[known], (len(names), len(self.hashes)))
        n_texts = np.bincount(owner[known], minlength=len(names)).astype(np.int64)
        return np.asarray(counts.astype(np.float64).dot(self.values)), n_texts

    def means(self, rows: pa.Table, owner_column: str, names: pa.Array) -> F64:
        """Mean vector of each owner's texts, float64 (n_names, dim); zeros without any."""
        sums, counts = self.sums(rows, owner_column, names)
        return sums / np.maximum(counts, 1)[:, None]


def centre_of(means: F64) -> F64:
    """Mean of the rows that are not zeros, float64 (dim,): encoders put all texts into a narrow cone around it."""
    present = np.any(means != 0, axis=1)
    centre: F64 = means[present].mean(axis=0) if present.any() else np.zeros(means.shape[1])
    return centre


def directions(means: F64, centre: F64) -> F32:
    """Directions of mean vectors from the centre, float32 unit rows; rows of zeros stay zero."""
    present = np.any(means != 0, axis=1)
    return unit_rows(np.where(present[:, None], means - centre, 0.0).astype(np.float32))
