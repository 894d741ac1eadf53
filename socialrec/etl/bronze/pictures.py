"""Files that landed products name as pictures: read on the executors, kept once, or rejected with a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pds
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from socialrec.etl.landing.pictures import RefusedPictureError, read_landed
from socialrec.etl.tables import count_staged, read_staged, staged_files, write_stage
from socialrec.lake import Stage
from socialrec.lake.pictures import PictureStore
from socialrec.lake.schemas import arrow_schema
from socialrec.settings.pictures import PictureLimits

_FOUND = (
    "platform string, ds string, source_file string, frame int, picture_hash string, kind string, is_misnamed boolean, "
    "reason string, detail string"
)
_ARROW = {"string": pa.string(), "int": pa.int32(), "boolean": pa.bool_()}
_FILES_PER_TASK = 256
FolderOf = Callable[[str, str], Path]
"""Function from a platform and a day to the folder of its landing files."""


@dataclass(frozen=True)
class PictureIntake:
    """Counts of the files that products name: all, those rejected, and those whose names end like another type's.

    n_pictures: pictures and frames that were kept.
    """

    n_files: int
    n_quarantined: int
    n_misnamed: int
    n_pictures: int


def name_pictures(products: Stage) -> bool:
    """Check if any staged product names a picture: a shop without pictures pays no more than this."""
    staged = pds.dataset(staged_files(products), schema=arrow_schema(products.table), format="parquet")
    return bool(staged.count_rows(filter=pc.field("images").is_valid()))


def stage_pictures(
    spark: SparkSession, products: Stage, pictures: Stage, rejected: Stage, *, landing: Path, limits: PictureLimits
) -> PictureIntake:
    """Read each file that the staged products name once, keep its pictures in the lake, and stage their hashes.

    Files that are no pictures are staged for quarantine, with a reason.
    """
    store = PictureStore(products.lake)
    found = read_pictures(
        read_staged(spark, products), lambda platform, ds: landing / platform / ds, limits, store.put
    ).persist(StorageLevel.MEMORY_AND_DISK)
    write_stage(found.where(F.col("reason").isNull()), pictures)
    write_stage(found.where(F.col("reason").isNotNull()), rejected)
    files = F.countDistinct("source_file")
    [(n_files, n_misnamed)] = found.agg(files, F.count_if(F.col("is_misnamed") & (F.col("frame") == 0))).collect()
    found.unpersist()
    return PictureIntake(n_files, count_staged(rejected), n_misnamed, count_staged(pictures))


def read_pictures(
    products: DataFrame, folder_of: FolderOf, limits: PictureLimits, keep: Callable[[bytes], str | None]
) -> DataFrame:
    """Read each file that products name once: a row for each picture or frame, or one with the reason for rejection.

    `keep` takes a picture and gives its hash. `kind` is a file's type by its content; `is_misnamed` says that its name
    ends like another type's.
    """
    named = products.select("platform", "ds", F.explode("images").alias("name")).distinct()
    n_tasks = max(1, min(named.count() // _FILES_PER_TASK, 10_000))
    placed = named.repartition(n_tasks, "platform", "ds", "name")
    schema = pa.schema([(name, _ARROW[kind]) for name, kind in map(str.split, _FOUND.split(", "))])

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for row in batch.to_pylist():
                folder = folder_of(row["platform"], row["ds"])
                yield pa.RecordBatch.from_pylist(list(_read_file(folder, limits, keep, **row)), schema)

    return placed.mapInArrow(read, _FOUND)


def _read_file(
    folder: Path, limits: PictureLimits, keep: Callable[[bytes], str | None], *, platform: str, ds: str, name: str
) -> Iterator[dict[str, object]]:
    about = {"platform": platform, "ds": ds, "source_file": f"{platform}/{ds}/{name}"}
    try:
        found = read_landed(folder, name, limits)
    except RefusedPictureError as refused:
        yield {**about, "reason": refused.reason.value, "detail": refused.detail}
        return
    read = {**about, "kind": found.kind, "is_misnamed": not found.is_named(name)}
    for frame, content in enumerate(found.pictures):
        yield {**read, "frame": frame, "picture_hash": keep(content)}
