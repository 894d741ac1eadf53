"""Intents of questions, read off their vectors by the encoder's head where the shop's templates gave it one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from socialrec.encoders.encoding import Batches
from socialrec.settings.text import TaskName
from socialrec.text.understanding.heads import heads_beside
from socialrec.text.understanding.intent_bound import IntentBound
from socialrec.vectors.arrays import F32, vectors_of


def has_intents(encoder: Path) -> bool:
    """Check if an encoder's folder has a head for intents."""
    return TaskName.INTENT in heads_beside(encoder)


def intents_of(encoder: Path, vectors: F32) -> pa.Table:
    """Intent of each vector (n, dim) and its calibrated confidence, as INTENTS, by the head in an encoder's folder."""
    head = heads_beside(encoder)[TaskName.INTENT]
    [output], [temperature] = head.outputs, head.temperatures
    return IntentBound.load(encoder).intents(head.logits(vectors)[0], temperature, output.classes)


def intent_reader(encoder: Path) -> Callable[[Batches], Batches]:
    """Make a function for other processes from rows of (text_hash, embedding) to `text_hash`, `intent` and
    `intent_confidence`.
    """

    def read(batches: Batches) -> Batches:
        for batch in batches:
            found = intents_of(encoder, vectors_of(batch["embedding"])).combine_chunks()
            columns = [batch["text_hash"], *(found[name].combine_chunks() for name in found.column_names)]
            yield pa.RecordBatch.from_arrays(columns, names=["text_hash", *found.column_names])

    return read
