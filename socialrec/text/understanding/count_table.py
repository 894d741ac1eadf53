"""Counts of what follows what: the log-probabilities that a head starts from, and that it may not be worse than."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from socialrec.settings.text import TaskName
from socialrec.text.tasks import MISSING, Ints, Labelled

LogChances = npt.NDArray[np.float32]
TABLED = frozenset({TaskName.NEXT_ACTION.value})
"""Tasks of one output whose texts begin with a group, such as `view: Lamp`."""
_SEPARATOR = ":"


@dataclass(frozen=True)
class CountTable:
    """Log-probabilities of an output's classes by group: float32 (n_groups + 1, n_classes), the last of all groups."""

    groups: tuple[str, ...]
    log_chances: LogChances

    @classmethod
    def of(cls, task: Labelled) -> CountTable:
        """Count the classes of a task's output by group, smoothed.

        Each group counts as if it had one more example for each class, spread as in all groups together, and these as
        if each class had one more.
        """
        labels, n_classes = task.labels[:, 0], len(task.outputs[0].classes)
        named = np.array([group_of(text) for text in task.texts], dtype=object)
        groups = tuple(sorted(set(named[labels != MISSING])))
        everything = _counts(labels, n_classes) + 1
        chances = everything / everything.sum()
        rows = [_counts(labels[named == group], n_classes) + n_classes * chances for group in groups]
        return cls(groups, np.log([row / row.sum() for row in [*rows, everything]]).astype(np.float32))

    def rows(self, texts: Sequence[str]) -> LogChances:
        """Log-probabilities for texts, float32 (n, n_classes); those of all groups where a text's group is unknown."""
        number = {group: place for place, group in enumerate(self.groups)}
        return self.log_chances[[number.get(group_of(text), len(self.groups)) for text in texts]]


def table_of(task: Labelled) -> CountTable | None:
    """Count a task whose texts begin with a group; None for other tasks."""
    return CountTable.of(task) if task.name in TABLED and len(task.outputs) == 1 else None


def group_of(text: str) -> str:
    """Group at the beginning of a text."""
    return text.partition(_SEPARATOR)[0]


def _counts(labels: Ints, n_classes: int) -> npt.NDArray[np.float64]:
    return np.bincount(labels[labels != MISSING], minlength=n_classes).astype(np.float64)
