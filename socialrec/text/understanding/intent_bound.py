"""Intents of questions from the logits of the encoder's head, and questions that have none of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import logsumexp, softmax

from socialrec.vectors.arrays import F32, Flags, Indices

INTENTS = pa.schema([("intent", pa.string()), ("intent_confidence", pa.float32())])
F64 = npt.NDArray[np.float64]
DOCUMENT = "intent_bound.json"


@dataclass(frozen=True)
class IntentBound:
    """Bound of the scope: a question with a score below it has no known intent."""

    bound: float

    @classmethod
    def fit(cls, logits: F32, labels: Indices, max_loss: float) -> Self:
        """Set the bound so that at most a share `max_loss` of the questions lose the right intent by it.

        logits: float32 (n, n_classes) and classes (n,) of validation questions. Questions without an intent are not
        needed: a shop has no complete set of them.
        """
        right = np.sort(scope_scores(logits)[logits.argmax(axis=1) == labels])
        return cls(float(right[int(max_loss * len(labels))]) if len(right) else np.inf)

    def save(self, folder: Path) -> None:
        """Write the bound beside the encoder whose head it is of."""
        (folder / DOCUMENT).write_text(json.dumps({"bound": self.bound}), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; without it no intent is known, as no question was there to set a bound by."""
        file = folder / DOCUMENT
        return cls(float(json.loads(file.read_text(encoding="utf-8"))["bound"]) if file.exists() else np.inf)

    def is_known(self, logits: F32) -> Flags:
        """True for questions with a known intent, (n,)."""
        known: Flags = scope_scores(logits) >= self.bound
        return known

    def intents(self, logits: F32, temperature: float, classes: Sequence[str]) -> pa.Table:
        """Intent of each question and its calibrated confidence, as INTENTS; null and 0 without a known one."""
        known, best = self.is_known(logits), logits.argmax(axis=1)
        confidences = np.where(known, softmax(logits / temperature, axis=1).max(axis=1), 0.0)
        names = [classes[place] if is_one else None for place, is_one in zip(best, known, strict=True)]
        return pa.table({"intent": names, "intent_confidence": confidences}, INTENTS)


def scope_scores(logits: F32) -> F64:
    """Scores of being in scope, (n,): the logarithm of the sum of all classes' exponentials (Liu et al. 2020, energy).

    It keeps the size of the logits, which the largest probability loses.
    """
    scores: F64 = logsumexp(logits.astype(np.float64), axis=1)
    return scores
