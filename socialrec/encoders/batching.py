"""Batches of texts of similar length, so that little padding is computed; reproducible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

GROUP_BATCHES = 32
"""Batches whose texts are drawn at random together and then sorted by length."""


def even_batches(lengths: npt.NDArray[np.int64], budget: int) -> Iterator[slice]:
    """Cut texts, sorted longest first, into batches of at most `budget` tokens whose texts are of one length.

    A longer text is a batch of its own.
    """
    ends = [*(np.flatnonzero(np.diff(lengths)) + 1).tolist(), len(lengths)]
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        for cut in budget_batches(lengths[start:end], budget):
            yield slice(start + cut.start, min(start + cut.stop, end))


def budget_batches(lengths: Sequence[int] | npt.NDArray[np.int64], budget: int, at_least: int = 1) -> Iterator[slice]:
    """Cut texts, sorted longest first, into batches of at most `budget` tokens including padding.

    A batch holds `at_least` that many texts, however long they are.
    """
    start = 0
    while start < len(lengths):
        stop = start + max(at_least, budget // int(lengths[start]))
        yield slice(start, stop)
        start = stop


class TrainingBatches:
    """Batches of one task, each computable from its number: a run that resumes needs no history.

    Each round shows every example once, in another order. `lengths` are in tokens.
    """

    def __init__(self, lengths: npt.NDArray[np.int64], budget: int, seed: Sequence[int], at_least: int = 1) -> None:
        self._lengths, self._budget, self._seed, self._at_least = lengths, budget, list(seed), at_least
        self._rounds: list[list[npt.NDArray[np.int64]]] = []
        self._ends: list[int] = []

    def __getitem__(self, number: int) -> npt.NDArray[np.int64]:
        """Places of the examples of batch `number`, from 0, without end."""
        while not self._ends or number >= self._ends[-1]:
            self._rounds.append(self._round(len(self._rounds)))
            self._ends.append((self._ends[-1] if self._ends else 0) + len(self._rounds[-1]))
        place = int(np.searchsorted(self._ends, number, side="right"))
        return self._rounds[place][number - self._ends[place]]

    def _round(self, number: int) -> list[npt.NDArray[np.int64]]:
        rng = np.random.default_rng([*self._seed, number])
        order: npt.NDArray[np.int64] = rng.permutation(len(self._lengths))
        group = GROUP_BATCHES * max(self._at_least, self._budget // max(1, int(self._lengths.mean())))
        batches: list[npt.NDArray[np.int64]] = []
        for start in range(0, len(order), group):
            drawn = order[start : start + group]
            drawn = drawn[np.argsort(-self._lengths[drawn], kind="stable")]
            batches += [drawn[cut] for cut in budget_batches(self._lengths[drawn], self._budget, self._at_least)]
        shuffled: npt.NDArray[np.int64] = rng.permutation(len(batches))
        return [batches[place] for place in shuffled]
