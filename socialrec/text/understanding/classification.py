"""Quality of heads on held-out texts, and calibration of their confidences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from sklearn.metrics import accuracy_score, f1_score

from socialrec.encoders.encoder import Encoder
from socialrec.text.tasks import MISSING, Labelled, Output, Task
from socialrec.text.understanding.calibration import expected_calibration_error, fit_temperature
from socialrec.text.understanding.heads import Heads


@dataclass(frozen=True)
class Classified:
    """One output of one task on held-out texts.

    `confusion` is sparse, int64 (n_classes, n_classes): rows are actual classes, columns predicted ones. `figures`
    holds accuracy, macro-F1 over the classes that occur, expected calibration errors before and after, and the
    temperature.
    """

    name: str
    """Name of task and output, such as `attributes_brand`."""
    output: Output
    confusion: sp.csr_matrix
    figures: dict[str, float]

    @property
    def cells(self) -> Iterator[tuple[str, str, int]]:
        """Cells above 0: actual class, predicted class, and count."""
        counts = self.confusion.tocoo()
        for row, column, n in zip(counts.row, counts.col, counts.data, strict=True):
            yield self.output.classes[row], self.output.classes[column], int(n)


def calibrate(encoder: Encoder, heads: Heads, held_out: Sequence[Task]) -> list[Classified]:
    """Fit each output's temperature on held-out texts, keep it in its head, and measure.

    An output without labelled held-out texts stays as it is and is not measured.
    """
    found = []
    for task in held_out:
        if isinstance(task, Labelled) and len(task):
            logits = heads[task.name].logits(encoder.encode(task.texts))
            found += [_calibrated(task, heads, place, values) for place, values in enumerate(logits)]
    return [one for one in found if one is not None]


def _calibrated(task: Labelled, heads: Heads, place: int, logits: np.ndarray) -> Classified | None:
    output, labels = task.outputs[place], task.labels[:, place]
    is_known = labels != MISSING
    labels, logits = labels[is_known], logits[is_known]
    if not len(labels):
        return None
    head = heads[task.name]
    before = expected_calibration_error(head.probabilities_of(place, logits), labels)
    head.temperatures[place] = fit_temperature(logits, labels)
    after = expected_calibration_error(head.probabilities_of(place, logits), labels)
    predictions = logits.argmax(axis=1)
    figures = {
        "accuracy": float(accuracy_score(labels, predictions)),
        "macro_f1": float(f1_score(labels, predictions, labels=np.unique(labels), average="macro", zero_division=0)),
        "calibration_error_before": before,
        "calibration_error": after,
        "temperature": head.temperatures[place],
    }
    counted = (np.ones(len(labels), np.int64), (labels, predictions))
    confusion = sp.csr_matrix(counted, shape=(len(output.classes), len(output.classes)))
    return Classified(f"{task.name}_{output.name}", output, confusion, figures)
