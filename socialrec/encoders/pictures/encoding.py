"""Bulk encoding of pictures: batches of hashes in, batches of vectors out, as Spark's `mapInArrow` passes them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa

from socialrec.contracts.gold import PICTURE_EMBEDDINGS
from socialrec.encoders.pictures.encoder import PictureEncoder, load_picture_encoder
from socialrec.lake.pictures import PictureStore
from socialrec.lake.schemas import arrow_schema
from socialrec.settings.pictures import PictureSettings

Batches = Iterator[pa.RecordBatch]
CHUNK = 1024
"""Pictures that are in memory at once, as JPEG."""


def encode_pictures(encoder: PictureEncoder, store: PictureStore, batches: Batches) -> Batches:
    """Encode rows of (picture_hash) into rows of gold.picture_embeddings. Raises UserError where a picture is gone."""
    n_done, started = 0, time.monotonic()
    for batch in batches:
        for start in range(0, batch.num_rows, CHUNK):
            hashes = batch["picture_hash"].slice(start, CHUNK)
            vectors = encoder.encode([store.read(name) for name in hashes.to_pylist()])
            offsets = np.arange(len(vectors) + 1, dtype=np.int32) * vectors.shape[1]
            embeddings = pa.ListArray.from_arrays(pa.array(offsets), pa.array(vectors.ravel(), pa.float32()))
            columns = [hashes, embeddings, pa.repeat(encoder.version, len(hashes))]
            yield pa.RecordBatch.from_arrays(columns, names=arrow_schema(PICTURE_EMBEDDINGS).names)
            n_done += len(hashes)
            rate = n_done / (time.monotonic() - started)
            # Standard error of a worker ends up in the task's log.
            print(f"encoded {n_done:,} pictures here, {rate:,.0f} a second", file=sys.stderr, flush=True)


def picture_encoder_of(settings: PictureSettings, base: Path, lake: Path, threads: int) -> Callable[[Batches], Batches]:
    """Make an `encode_pictures` for other processes, which load the encoder themselves."""

    def encode(batches: Batches) -> Batches:
        import torch

        torch.set_num_threads(threads)
        first = next(batches, None)
        if first is not None:
            encoder = load_picture_encoder(settings, base)
            yield from encode_pictures(encoder, PictureStore(lake), chain([first], batches))

    return encode
