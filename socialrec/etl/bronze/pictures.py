"""Files that landed products name as pictures: read on the executors, kept once, or rejected with a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pds
from pyspark import StorageLevel
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from socialrec.etl.landing.pictures import RefusedPictureError, read_landed
from socialrec.etl.tables import count_staged, read_staged, staged_files, write_stage
from socialrec.lake import Stage
from socialrec.lake.pictures import PictureStore
from socialrec.settings.pictures import PictureLimits

_FOUND = "platform string, ds string, source_file string, frame int, picture_hash string, reason string, detail string"
_FILES_PER_TASK = 256


@dataclass(frozen=True)
class PictureIntake:
    """Counts of the files that products name: all, those rejected, and the pictures and frames that were kept."""

    n_files: int
    n_quarantined: int
    n_pictures: int


def name_pictures(products: Stage) -> bool:
    """Check if any staged product names a picture: a shop without pictures pays no more than this."""
    staged = pds.dataset(staged_files(products), format="parquet")
    return bool(staged.count_rows(filter=pc.field("images").is_valid()))


def stage_pictures(
    spark: SparkSession, products: Stage, pictures: Stage, rejected: Stage, *, landing: Path, limits: PictureLimits
) -> PictureIntake:
    """Read each file that the staged products name once, keep its pictures in the lake, and stage their hashes.

    Files that are no pictures are staged for quarantine, with a reason.
    """
    named = read_staged(spark, products).select("platform", "ds", F.explode("images").alias("name")).distinct()
    n_files = named.count()
    placed = named.repartition(max(1, min(n_files // _FILES_PER_TASK, 10_000)), "platform", "ds", "name")
    found = placed.mapInArrow(_reader(landing, products.lake, limits), _FOUND)
    found = found.persist(StorageLevel.MEMORY_AND_DISK)
    write_stage(found.where(F.col("reason").isNull()), pictures)
    write_stage(found.where(F.col("reason").isNotNull()), rejected)
    found.unpersist()
    return PictureIntake(n_files, count_staged(rejected), count_staged(pictures))


def _reader(
    landing: Path, lake: Path, limits: PictureLimits
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Make a function from batches of (platform, ds, name) to batches of `_FOUND`, for other processes."""
    schema = pa.schema(
        [(name, pa.int32() if kind == "int" else pa.string()) for name, kind in map(str.split, _FOUND.split(", "))]
    )

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        store = PictureStore(lake)
        for batch in batches:
            for row in batch.to_pylist():
                rows = list(_read_file(landing, store, limits, **row))
                yield pa.RecordBatch.from_pylist(rows, schema)

    return read


def _read_file(
    landing: Path, store: PictureStore, limits: PictureLimits, *, platform: str, ds: str, name: str
) -> Iterator[dict[str, object]]:
    about = {"platform": platform, "ds": ds, "source_file": f"{platform}/{ds}/{name}"}
    try:
        found = read_landed(landing / platform / ds, name, limits)
    except RefusedPictureError as refused:
        yield {**about, "reason": refused.reason.value, "detail": refused.detail}
        return
    for frame, content in enumerate(found.pictures):
        yield {**about, "frame": frame, "picture_hash": store.put(content)}
