"""Numbers that stand for strings and rows: 64 bits, the same on every machine and in every run."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Hashes = npt.NDArray[np.uint64]


def string_hashes(values: pa.ChunkedArray) -> Hashes:
    """A number for each string, uint64 (n,), hashed once for each distinct one."""
    encoded = values.combine_chunks().dictionary_encode()
    digests = [hashlib.blake2b(text.encode(), digest_size=8).digest() for text in encoded.dictionary.to_pylist()]
    numbers = np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)
    chosen: Hashes = numbers[encoded.indices.to_numpy(zero_copy_only=False)] if len(numbers) else numbers
    return chosen


def mixed(left: Hashes, right: Hashes) -> Hashes:
    """Ordered combination of two hashes (the finaliser of splitmix64, wrapping on overflow)."""
    with np.errstate(over="ignore"):
        hashes = left * np.uint64(0x9E3779B97F4A7C15) + right
        hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return hashes ^ (hashes >> np.uint64(31))
