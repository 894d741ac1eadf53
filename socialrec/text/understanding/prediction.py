"""Predictions of heads from existing vectors: batches in, batches out, as Spark's `mapInArrow` passes them."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from socialrec.encoders.encoding import Batches
from socialrec.text.understanding.heads import Head
from socialrec.vectors.arrays import vectors_of


def predict_batches(heads: Sequence[Head], batches: Batches) -> Batches:
    """Predict from rows of (text_hash, embedding): rows of text_hash and, for each output, its most likely value.

    The columns are named as the outputs, and `<output>_confidence` (float32) is the calibrated probability.
    """
    for batch in batches:
        columns: dict[str, pa.Array] = {"text_hash": batch["text_hash"]}
        vectors = vectors_of(batch["embedding"])
        for head in heads:
            for output, chances in zip(head.outputs, head.probabilities(vectors), strict=True):
                best = chances.argmax(axis=1)
                columns[output.name] = pa.array(output.classes, pa.string()).take(pa.array(best))
                columns[confidence_of(output.name)] = pa.array(chances.max(axis=1), pa.float32())
        yield pa.record_batch(columns)


def decided_by_of(output: str) -> str:
    """Column with the modality that decided about an output's value."""
    return f"{output}_decided_by"


def confidence_of(output: str) -> str:
    """Column with the confidence of an output's value."""
    return f"{output}_confidence"
