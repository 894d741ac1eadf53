"""Read landing files of one layout in one Spark scan, each record with its file and its number in it."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from socialrec.etl.landing_files import LandingFile
from socialrec.etl.landing_layouts import NANOSECONDS, Layout

SOURCE = ("source_file", "source_line", "platform", "ds")
BROKEN = "_broken"
LINE = "_line"
_ROW = "_row"
_BLOCK = ("_path", "_block")


def scan(spark: SparkSession, layout: Layout, files: Sequence[LandingFile]) -> DataFrame:
    """Records as they landed: the layout's known columns in their own types, plus

    `source_file`, `source_line` (int64, from 1; a CSV header does not count), `platform`, `ds`, `_broken` (bool: not a
    record of this format) and `_line` (string: the raw line or record, null where the format has none).
    """
    paths = [str(file.path) for file in files]
    if layout.format == "parquet":
        return _scan_parquet(spark, layout, paths)
    if layout.format == "jsonl":
        return _scan_jsonl(spark, layout, paths)
    return _scan_csv(spark, layout, paths)


def _scan_parquet(spark: SparkSession, layout: Layout, paths: list[str]) -> DataFrame:
    kinds = {name: "bigint" if kind == NANOSECONDS else kind for name, kind in layout.kinds.items()}
    schema = ", ".join(f"`{name}` {kind}" for name, kind in kinds.items())
    rows = spark.read.schema(schema).option("recursiveFileLookup", "true").parquet(*paths)
    return rows.select(
        *_source(F.col("_metadata.file_path"), F.col("_metadata.row_index") + 1),
        F.lit(False).alias(BROKEN),
        F.lit(None).cast("string").alias(LINE),
        *kinds,
    )


def _scan_jsonl(spark: SparkSession, layout: Layout, paths: list[str]) -> DataFrame:
    lines = spark.read.option("recursiveFileLookup", "true").text(paths)
    numbered = _numbered(spark, lines, ["value"]).where(F.trim("value") != "")
    schema = T.StructType([T.StructField(name, T.StringType()) for name in (*layout.kinds, BROKEN)])
    options = {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": BROKEN}
    # A byte order mark or a stray byte must not spoil the record, nor reach a table.
    line = F.ltrim(F.make_valid_utf8("value"), F.lit("\ufeff"))
    parsed = numbered.withColumn(LINE, line).withColumn("_record", F.from_json(LINE, schema, options))
    record = F.col("_record")
    is_broken = record.isNull() | record[BROKEN].isNotNull() | ~F.ltrim(LINE).startswith("{")
    return parsed.select(*SOURCE, is_broken.alias(BROKEN), LINE, *(record[name].alias(name) for name in layout.kinds))


def _scan_csv(spark: SparkSession, layout: Layout, paths: list[str]) -> DataFrame:
    names = [name or f"_unknown_{place}" for place, (name, _) in enumerate(layout.columns)]
    schema = T.StructType([T.StructField(name, T.StringType()) for name in (*names, LINE)])
    reader = spark.read.schema(schema).options(
        header=True, multiLine=True, quote='"', escape='"', mode="PERMISSIVE", recursiveFileLookup=True,
        columnNameOfCorruptRecord=LINE, columnPruning=False, emptyValue="", nullValue="", maxCharsPerColumn=-1,
    )  # fmt: skip
    numbered = _numbered(spark, reader.csv(paths), [*names, LINE])
    return numbered.select(*SOURCE, F.col(LINE).isNotNull().alias(BROKEN), LINE, *layout.kinds)


def _numbered(spark: SparkSession, rows: DataFrame, names: Sequence[str]) -> DataFrame:
    """Number the records of text files, whole or split into blocks.

    Ids that grow with the order within a task become numbers within a file once the first id and the size of each
    block are known, which one light pass over the files finds.
    """
    path, block = F.col("_metadata.file_path").alias(_BLOCK[0]), F.col("_metadata.file_block_start").alias(_BLOCK[1])
    identified = rows.select(*names, path, block, F.monotonically_increasing_id().alias(_ROW))
    found = identified.groupBy(*_BLOCK).agg(F.min(_ROW), F.count(F.lit(1))).orderBy(*_BLOCK).collect()
    shifts: list[tuple[str, int, int]] = []
    last_path, before = "", 0
    for file, start, first, size in found:
        before = before if file == last_path else 0
        shifts.append((file, start, before + 1 - first))
        last_path, before = file, before + size
    blocks = spark.createDataFrame(shifts, f"{_BLOCK[0]} string, {_BLOCK[1]} bigint, _shift bigint")
    joined = identified.join(F.broadcast(blocks), list(_BLOCK))
    return joined.select(*_source(F.col(_BLOCK[0]), F.col(_ROW) + F.col("_shift")), *names)


def _source(path: Column, line: Column) -> list[Column]:
    """Source columns, cut from the end of the path: names of platforms, days and files need no escaping there."""
    name = F.substring_index(path, "/", -3)
    return [
        name.alias("source_file"),
        line.cast("bigint").alias("source_line"),
        F.substring_index(name, "/", 1).alias("platform"),
        F.substring_index(F.substring_index(path, "/", -2), "/", 1).alias("ds"),
    ]
