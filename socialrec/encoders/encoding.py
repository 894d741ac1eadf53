"""Bulk encoding: batches of texts in, batches of vectors out, as Spark's `mapInArrow` passes them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from socialrec.contracts.gold import TEXT_EMBEDDINGS
from socialrec.encoders.tokens import Coverage, coverage
from socialrec.lake.schemas import arrow_schema
from socialrec.settings.text import TextSettings

if TYPE_CHECKING:
    from socialrec.encoders.encoder import Encoder

Batches = Iterator[pa.RecordBatch]
CHUNK_TEXTS = 4096
"""Texts that are sorted by length together; more of them save padding, and need memory."""


def encode_batches(encoder: Encoder, batches: Batches) -> Batches:
    """Encode rows of (text_hash, text) into rows of gold.text_embeddings."""
    done, seen, started = 0, Coverage(), time.monotonic()
    for rows in _chunks(batches):
        tokens = encoder.tokenize(rows["text"].to_pylist())
        vectors = encoder.encode_tokens(tokens)
        done, seen = done + rows.num_rows, seen + coverage(encoder.base, tokens)
        rate = done / (time.monotonic() - started)
        _say(f"encoded {done:,} texts here, {rate:,.0f} a second, {seen.unknown_share:.2%} of tokens unknown")
        embeddings = pa.ListArray.from_arrays(
            pa.array(range(0, vectors.size + 1, encoder.dim), pa.int32()), pa.array(vectors.ravel(), pa.float32())
        )
        columns = [rows["text_hash"].combine_chunks(), embeddings, pa.array([encoder.version] * rows.num_rows)]
        yield pa.RecordBatch.from_arrays(columns, names=arrow_schema(TEXT_EMBEDDINGS).names)
    if warning := seen.warning(encoder.base.name):
        _say(f"warning: {warning}")


def without_known(batches: Batches, known: AbstractSet[str]) -> Batches:
    """Drop rows of (text_hash, text) with known hashes, and merge small batches."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        is_new = pa.array((text not in known for text in batch["text_hash"].to_pylist()), pa.bool_())
        waiting.append(batch.filter(is_new))
        if sum(rows.num_rows for rows in waiting) >= CHUNK_TEXTS:
            yield pa.concat_batches(waiting)
            waiting = []
    if waiting:
        yield pa.concat_batches(waiting)


def encoder_of(folder: Path, settings: TextSettings, threads: int) -> Callable[[Batches], Batches]:
    """Make an `encode_batches` for other processes, which load the encoder from this folder."""

    def encode(batches: Batches) -> Batches:
        import torch

        from socialrec.encoders.encoder import load_saved

        # One task per core, each with one thread.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        torch.set_num_threads(threads)
        first = next(batches, None)
        if first is not None:
            yield from encode_batches(load_saved(folder, settings), chain([first], batches))

    return encode


def _say(line: str) -> None:
    # Standard error of a worker ends up in the task's log.
    print(line, file=sys.stderr, flush=True)


def _chunks(batches: Batches) -> Iterator[pa.Table]:
    for batch in batches:
        table = pa.Table.from_batches([batch])
        for start in range(0, table.num_rows, CHUNK_TEXTS):
            yield table.slice(start, CHUNK_TEXTS)
