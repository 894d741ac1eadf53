"""Intents of questions, read off their vectors by the encoder's head where the shop's templates gave it one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from socialrec.encoders.encoding import Batches
from socialrec.settings.text import TaskName
from socialrec.text.understanding.heads import heads_beside
from socialrec.text.understanding.prediction import predict_batches


def has_intents(encoder: Path) -> bool:
    """Check if an encoder's folder has a head for intents."""
    return TaskName.INTENT in heads_beside(encoder)


def intent_reader(encoder: Path) -> Callable[[Batches], Batches]:
    """Make a function for other processes from rows of (text_hash, embedding) to `text_hash`,
    `intent` and `intent_confidence`.
    """

    def read(batches: Batches) -> Batches:
        yield from predict_batches([heads_beside(encoder)[TaskName.INTENT]], batches)

    return read
