"""Quality of heads on held-out texts, and calibration of their confidences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.special import softmax
from sklearn.metrics import accuracy_score, f1_score

from socialrec.encoders.encoder import Encoder
from socialrec.text.tasks import MISSING, Ints, Labelled, Output, Task
from socialrec.text.understanding.calibration import (
    Bin,
    Logits,
    calibration_bins,
    expected_calibration_error,
    fit_share,
    fit_temperature,
    log_loss,
)
from socialrec.text.understanding.count_table import LogChances
from socialrec.text.understanding.heads import Head, Heads

MAX_NAMED_CLASSES = 10
"""Most classes of an output of which each has a figure of its own."""


@dataclass(frozen=True)
class Classified:
    """One output of one task on held-out texts.

    `confusion` is sparse, int64 (n_classes, n_classes): rows are actual classes, columns predicted ones. `figures`
    holds accuracy, macro-F1 over the classes that occur, the recall of each of few classes, expected calibration errors
    before and after (each half of the texts at the temperature of the other), and the temperature; beside counts the
    share of the correction, and the log-loss with it and of the counts alone.
    """

    name: str
    """Name of task and output, such as `attributes_brand`."""
    output: Output
    confusion: sp.csr_matrix
    figures: dict[str, float]
    bins: list[Bin]
    """Confidence and accuracy by ranges of confidence."""

    @property
    def cells(self) -> Iterator[tuple[str, str, int]]:
        """Cells above 0: actual class, predicted class, and count."""
        counts = self.confusion.tocoo()
        for row, column, n in zip(counts.row, counts.col, counts.data, strict=True):
            yield self.output.classes[row], self.output.classes[column], int(n)


def calibrate(encoder: Encoder, heads: Heads, held_out: Sequence[Task]) -> list[Classified]:
    """Fit each output's temperature, or its share beside counts, on held-out texts, keep it in its head, and measure.

    An output without labelled held-out texts stays as it is and is not measured.
    """
    found = []
    for task in held_out:
        if isinstance(task, Labelled) and len(task):
            logits = heads[task.name].logits(encoder.encode(task.texts))
            found += [_calibrated(task, heads, place, values) for place, values in enumerate(logits)]
    return [one for one in found if one is not None]


def _calibrated(task: Labelled, heads: Heads, place: int, logits: Logits) -> Classified | None:
    output, labels, head = task.outputs[place], task.labels[:, place], heads[task.name]
    is_known = labels != MISSING
    if not is_known.any():
        return None
    start = None if head.table is None else head.table.rows(task.texts)[is_known]
    labels, logits = labels[is_known], logits[is_known]
    if start is None:
        before, chances = head.probabilities_of(place, logits), _cooled_by_others(logits, labels)
        fitted = _fit_temperature(head, place, logits, labels)
    else:
        before, fitted = softmax(start + logits, axis=1), _fit_share(head, start, logits, labels)
        chances = head.probabilities_of(place, logits, start)
    predictions = chances.argmax(axis=1)
    figures = {
        "accuracy": float(accuracy_score(labels, predictions)),
        "macro_f1": float(f1_score(labels, predictions, labels=np.unique(labels), average="macro", zero_division=0)),
        "calibration_error_before": expected_calibration_error(before, labels),
        "calibration_error": expected_calibration_error(chances, labels),
        **_recalls(output, predictions, labels),
        **fitted,
    }
    counted = (np.ones(len(labels), np.int64), (labels, predictions))
    confusion = sp.csr_matrix(counted, shape=(len(output.classes), len(output.classes)))
    return Classified(f"{task.name}_{output.name}", output, confusion, figures, calibration_bins(chances, labels))


def _cooled_by_others(logits: Logits, labels: Ints) -> Logits:
    """Probabilities of each half of the texts at the temperature of the other, so that none is measured by itself."""
    chances = np.empty_like(logits)
    for own, other in ((slice(0, None, 2), slice(1, None, 2)), (slice(1, None, 2), slice(0, None, 2))):
        chances[own] = softmax(logits[own] / np.float32(fit_temperature(logits[other], labels[other])), axis=1)
    return chances


def _recalls(output: Output, predictions: Ints, labels: Ints) -> dict[str, float]:
    """Share of each class's texts that are predicted as such, of an output with few classes."""
    if len(output.classes) > MAX_NAMED_CLASSES:
        return {}
    return {
        f"recall_{output.classes[label]}": float((predictions[labels == label] == label).mean())
        for label in np.unique(labels)
    }


def _fit_temperature(head: Head, place: int, logits: Logits, labels: Ints) -> dict[str, float]:
    head.temperatures[place] = fit_temperature(logits, labels)
    return {"temperature": head.temperatures[place]}


def _fit_share(head: Head, start: LogChances, logits: Logits, labels: Ints) -> dict[str, float]:
    """Fit the share of the correction on every other text, and drop the correction where the rest loses by it.

    Returns the share, and the log-loss of the rest with it and with the counts alone.
    """
    fitting, rest = slice(0, None, 2), slice(1, None, 2)
    head.share = 0.0
    if not len(labels[rest]):
        return {"correction_share": head.share}
    alone = log_loss(head.probabilities_of(0, logits[rest], start[rest]), labels[rest])
    head.share = fit_share(start[fitting], logits[fitting], labels[fitting])
    found = log_loss(head.probabilities_of(0, logits[rest], start[rest]), labels[rest])
    if found >= alone:
        head.share, found = 0.0, alone
    return {"correction_share": head.share, "log_loss": found, "log_loss_of_counts": alone}
