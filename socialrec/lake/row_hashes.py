"""Hashes of strings and rows: 64 bits, the same on every machine and in every run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Hashes = npt.NDArray[np.uint64]


def string_hashes(values: pa.ChunkedArray) -> Hashes:
    """Hash strings, uint64 (n,), each distinct one once."""
    encoded = values.combine_chunks().dictionary_encode()
    digests = [hashlib.blake2b(text.encode(), digest_size=8).digest() for text in encoded.dictionary.to_pylist()]
    numbers = np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)
    chosen: Hashes = numbers[encoded.indices.to_numpy(zero_copy_only=False)] if len(numbers) else numbers
    return chosen


def mixed(left: Hashes, right: Hashes) -> Hashes:
    """Combine two hashes in order (the finaliser of splitmix64, wrapping on overflow)."""
    with np.errstate(over="ignore"):
        hashes = left * np.uint64(0x9E3779B97F4A7C15) + right
        hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return hashes ^ (hashes >> np.uint64(31))


def row_hashes(rows: pa.Table, columns: Sequence[str]) -> Hashes:
    """Hash rows over these columns, uint64 (n,); a missing value differs from all others."""
    hashes = np.zeros(rows.num_rows, dtype=np.uint64)
    for column in columns:
        hashes = mixed(hashes, _numbers(rows[column]))
    return hashes


def _numbers(values: pa.ChunkedArray) -> Hashes:
    """Convert values to 64 bits each; a missing string counts as empty."""
    if pa.types.is_string(values.type):
        return string_hashes(pc.fill_null(values, ""))
    is_missing = np.asarray(values.is_null().to_numpy(), dtype=np.bool_)
    kind = pa.float64() if pa.types.is_floating(values.type) else pa.int64()
    bits = np.ascontiguousarray(pc.fill_null(values.cast(kind), 0).to_numpy()).view(np.uint64)
    return np.where(is_missing, _MISSING, bits)


_MISSING = np.uint64(0xA5A5_5A5A_C3C3_3C3C)
