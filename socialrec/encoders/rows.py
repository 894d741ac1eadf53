"""Token ids of many texts in one array, so that a whole chunk of texts is sorted, counted and copied at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Self

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
_SEED = 20260101


@dataclass(frozen=True)
class TokenRows:
    """Texts one after the other: `ids` int32 (n_tokens,), `lengths` int64 (n,), each at least 1."""

    ids: npt.NDArray[np.int32]
    lengths: Ints

    @classmethod
    def of(cls, tokens: Sequence[Sequence[int]]) -> Self:
        """Put tokenized texts into one array."""
        lengths = np.fromiter(map(len, tokens), dtype=np.int64, count=len(tokens))
        ids = np.fromiter(chain.from_iterable(tokens), dtype=np.int32, count=int(lengths.sum()))
        return cls(ids, lengths)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Join several chunks."""
        return cls(np.concatenate([part.ids for part in parts]), np.concatenate([part.lengths for part in parts]))

    def __len__(self) -> int:
        return len(self.lengths)

    @cached_property
    def starts(self) -> Ints:
        """Place of each text's first token."""
        starts: Ints = np.cumsum(self.lengths) - self.lengths
        return starts

    def distinct(self) -> tuple[Ints, Ints]:
        """One row of each distinct text, longest first, and the place of each text (n,) among these.

        The order depends on the texts alone, not on the order that they come in.
        """
        hashes = self._hashes()
        order = np.lexsort((np.arange(len(self)), hashes, -self.lengths))
        is_first = np.ones(len(self), dtype=bool)
        for place in np.flatnonzero(np.diff(hashes[order]) == 0) + 1:
            is_first[place] = not np.array_equal(self._row(order[place - 1]), self._row(order[place]))
        places = np.empty(len(self), dtype=np.int64)
        places[order] = np.cumsum(is_first) - 1
        return order[is_first], places

    def _row(self, number: int) -> npt.NDArray[np.int32]:
        return self.ids[self.starts[number] : self.starts[number] + self.lengths[number]]

    def _hashes(self) -> npt.NDArray[np.uint64]:
        """Hash of each row: a sum of random factors of its positions times its tokens, modulo 2^64."""
        if not len(self):
            return np.zeros(0, dtype=np.uint64)
        factors = np.random.default_rng(_SEED).integers(1, 2**64, int(self.lengths.max()), dtype=np.uint64)
        at = np.arange(len(self.ids)) - np.repeat(self.starts, self.lengths)
        terms = (self.ids.astype(np.uint64) + np.uint64(1)) * factors[at]
        hashes: npt.NDArray[np.uint64] = np.add.reduceat(terms, self.starts)
        return hashes
