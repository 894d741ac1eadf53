"""Bulk encoding: batches of texts in, batches of vectors out, as Spark's `mapInArrow` passes them."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from socialrec.contracts.gold import TEXT_EMBEDDINGS
from socialrec.encoders.bulk import GPU_CHUNK_TEXTS
from socialrec.encoders.prompts import Role
from socialrec.encoders.tokens import Coverage, rows_coverage
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
    sent: deque[pa.Table] = deque()

    def texts() -> Iterator[list[str]]:
        n_texts = GPU_CHUNK_TEXTS if encoder.base.model.device.type == "cuda" else CHUNK_TEXTS
        for chunk in _chunks(batches, n_texts):
            sent.append(chunk)
            yield chunk["text"].to_pylist()

    for tokens, vectors in encoder.encode_stream(texts()):
        rows = sent.popleft()
        done, seen = done + rows.num_rows, seen + rows_coverage(encoder.base, tokens)
        rate = done / (time.monotonic() - started)
        _say(f"encoded {done:,} texts here, {rate:,.0f} a second, {seen.unknown_share:.2%} of tokens unknown")
        embeddings = pa.ListArray.from_arrays(
            pa.array(np.arange(len(vectors) + 1, dtype=np.int32) * encoder.dim), pa.array(vectors.ravel(), pa.float32())
        )
        columns = [rows["text_hash"].combine_chunks(), embeddings, pa.repeat(encoder.version, rows.num_rows)]
        yield pa.RecordBatch.from_arrays(columns, names=arrow_schema(TEXT_EMBEDDINGS).names)
    if warning := seen.warning(encoder.base.name):
        _say(f"warning: {warning}")


def without_known(batches: Batches, known: AbstractSet[str]) -> Batches:
    """Drop rows of (text_hash, text) with known hashes."""
    for batch in batches:
        is_new = pa.array((text not in known for text in batch["text_hash"].to_pylist()), pa.bool_())
        yield batch.filter(is_new)


def encoder_of(
    folder: Path, settings: TextSettings, threads: int, role: Role = Role.QUERY
) -> Callable[[Batches], Batches]:
    """Make an `encode_batches` of texts in a role for other processes, which load the encoder from this folder."""

    def encode(batches: Batches) -> Batches:
        import torch

        from socialrec.encoders.encoder import load_saved

        # One task per core, each with one thread.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        torch.set_num_threads(threads)
        first = next(batches, None)
        if first is not None:
            yield from encode_batches(load_saved(folder, settings).reading(role), chain([first], batches))

    return encode


def _say(line: str) -> None:
    # Standard error of a worker ends up in the task's log.
    print(line, file=sys.stderr, flush=True)


def _chunks(batches: Batches, n_texts: int) -> Iterator[pa.Table]:
    """Cut batches of any size into tables of `n_texts` rows; the last one has the rest."""
    waiting: list[pa.RecordBatch] = []
    n_waiting = 0
    for batch in batches:
        waiting.append(batch)
        n_waiting += batch.num_rows
        if n_waiting < n_texts:
            continue
        table = pa.Table.from_batches(waiting)
        whole = n_waiting - n_waiting % n_texts
        yield from (table.slice(start, n_texts) for start in range(0, whole, n_texts))
        waiting, n_waiting = table.slice(whole).to_batches(), n_waiting - whole
    if n_waiting:
        yield pa.Table.from_batches(waiting)
