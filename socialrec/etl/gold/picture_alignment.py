"""Directions of pictures among texts, by the map beside a text encoder; see `encoders/pictures/alignment.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from socialrec.contracts.gold import ALIGNED_PICTURES, PICTURE_EMBEDDINGS
from socialrec.encoders.pictures.alignment import PictureAlignment, alignment_beside, digest_beside
from socialrec.encoders.prompts import Role, vectors_version
from socialrec.etl.gold.embedding import require_encoder
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.runtime import job
from socialrec.vectors.arrays import vectors_of


def align(run: job.Run, folder: Path) -> None:
    """Write the directions of all pictures under the version of the encoder in this folder, where they or the map have
    changed; nothing where there is no map.

    They are written whole: another training of an equal encoder may have another map. Raises UserError where the folder
    holds no encoder.
    """
    require_encoder(folder)
    lake, version, found = run.lake, vectors_version(folder, Role.QUERY), alignment_beside(folder)
    if found is None and version not in lake.partitions(ALIGNED_PICTURES):
        return
    encoders = [found.picture_version] if found else []
    fingerprint = lake.fingerprint({PICTURE_EMBEDDINGS: encoders}, version, digest_beside(folder))
    if lake.up_to_date(ALIGNED_PICTURES, [version], fingerprint):
        return
    with lake.stage(ALIGNED_PICTURES, job=run.name, partitions=[version]) as stage:
        n_aligned = 0
        for rows in _aligned(lake, found, version) if found else ():
            stage.write([rows])
            n_aligned += rows.num_rows
        stage.commit(fingerprint=fingerprint, counts={"published": n_aligned})
    run.log.info("pictures have directions among texts", pictures=n_aligned, encoder_version=version)


def _aligned(lake: Lake, found: PictureAlignment, version: str) -> Iterator[pa.RecordBatch]:
    """Rows of gold.aligned_pictures from all pictures of the encoder that the map reads."""
    for batch in lake.dataset(PICTURE_EMBEDDINGS, [found.picture_version]).to_batches():
        if batch.num_rows:
            directions = found.directions(vectors_of(batch["embedding"]))
            embeddings = pa.FixedSizeListArray.from_arrays(pa.array(directions.ravel()), directions.shape[1])
            schema = arrow_schema(ALIGNED_PICTURES)
            columns = [batch["picture_hash"], embeddings.cast(schema.field("embedding").type)]
            yield pa.RecordBatch.from_arrays([*columns, pa.repeat(version, batch.num_rows)], schema=schema)
