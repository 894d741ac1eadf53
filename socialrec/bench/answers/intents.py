"""Intents of CLINC150 by the encoder's own fine-tuning, and one bound for questions that have none of them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from socialrec.bench.answers.report import AnswerFigures
from socialrec.bench.progress import to_standard_error
from socialrec.encoders.shipped.choice import with_model
from socialrec.errors import UserError
from socialrec.settings import Settings
from socialrec.settings.text import TaskName, Tuning
from socialrec.text.tasks import labelled
from socialrec.text.training.finetune import fine_tune
from socialrec.text.understanding.intent_bound import IntentBound
from socialrec.vectors.arrays import F32, Indices

FOLDER, FILE = "clinc150", "data_full.json.gz"
PUBLISHED = "bert-with-threshold-published"
_PUBLISHED_FIGURES = {"clinc_accuracy": 0.962, "clinc_oos_recall": 0.523}
"""Larson et al. 2019, table 2, full: the best classifier with a threshold."""
RECIPE = {
    "tuning": Tuning.FULL,
    "train_steps": 650,
    "learning_rate": 3e-4,
    "task_tokens": {TaskName.INTENT.value: 1280},
    "probe_texts": 3_000,
    "class_balance": 0.0,
    "validate_every": 10_000,
    "checkpoint_every": 10_000,
}
"""Values found on validation. The nightly defaults are for a few minutes beside other tasks."""
_EVERY = 50


@dataclass(frozen=True)
class IntentTexts:
    """Texts of one part with their intents, and texts of the same part that have none."""

    texts: Sequence[str]
    intents: Sequence[str]
    others: Sequence[str]


def measure(data: Path, settings: Settings, report: AnswerFigures) -> None:
    """Fine-tune on the training part, set the bound on validation questions that have an intent, and score the test.

    Accuracy is of the questions with an intent, where being taken for none is wrong; recall of those without.
    """
    training, validation, test = (read_part(data / FOLDER / FILE, part) for part in ("train", "val", "test"))
    task = labelled(TaskName.INTENT, training.texts, {"intent": training.intents})
    silent = {name: value for name, value in RECIPE.items() if name not in settings.text.model_fields_set}

    def progress(step: int, loss: float) -> None:
        if step % _EVERY == 0:
            to_standard_error(f"step {step}: loss {loss:.3f}")

    with report.stage("train_intents"):
        made = fine_tune([task], with_model(settings.text.model_copy(update=silent), training.texts), progress)
    head = made.heads[TaskName.INTENT]
    number = {name: place for place, name in enumerate(head.outputs[0].classes)}

    def logits(texts: Sequence[str]) -> F32:
        return head.logits(made.encoder.encode(texts))[0]

    def labels(part: IntentTexts) -> Indices:
        return np.array([number[name] for name in part.intents], dtype=np.int64)

    with report.stage("measure_intents"):
        bound = IntentBound.fit(logits(validation.texts), labels(validation), settings.answers.max_scope_loss)
        found = logits(test.texts)
        right = found.argmax(axis=1) == labels(test)
        report.add(
            {
                "clinc_accuracy": float((right & bound.is_known(found)).mean()),
                "clinc_accuracy_without_bound": float(right.mean()),
                "clinc_oos_recall": float((~bound.is_known(logits(test.others))).mean()),
            }
        )
        report.chosen["clinc_validation_oos_recall"] = float((~bound.is_known(logits(validation.others))).mean())
    report.peers[PUBLISHED] = dict(_PUBLISHED_FIGURES)


def read_part(file: Path, part: str) -> IntentTexts:
    """Read one part: train, val or test. Raises UserError where the file cannot be read."""
    try:
        said = json.loads(gzip.decompress(file.read_bytes()))
        pairs, others = said[part], said[f"oos_{part}"]
        return IntentTexts([text for text, _ in pairs], [name for _, name in pairs], [text for text, _ in others])
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file} cannot be read as CLINC150: {error!r}") from None
