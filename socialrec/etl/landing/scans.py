"""Read landing files of one layout in one Spark scan, each record with its file and its line or row number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from socialrec.etl.landing.assembling import FIELDS, LINE, N_LINES, PATH, RECORDS, assemble_batches
from socialrec.etl.landing.files import LandingFile
from socialrec.etl.landing.layouts import NANOSECONDS, FileLayout
from socialrec.etl.landing.lines import BLANKS, BYTE_ORDER_MARK

SOURCE = ("source_file", "source_line", "platform", "ds")
BROKEN = "_broken"
_ROW = "_row"
_START = "_block"
REPLACEMENT = "\ufffd"
_HALF_PAIR = (
    r"(?<!\\)((?:\\\\)*)(?:\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)
"""JSON escape for one half of a surrogate pair, which is no character; sources that cut an emoji in two write it."""
_SMALL_FILE = 1 << 16
"""Bytes whose assembly costs as much as numbering a file's lines in a separate pass."""


def scan(spark: SparkSession, layout: FileLayout, files: Sequence[LandingFile]) -> DataFrame:
    """Records as they landed: the layout's known columns in their own types, plus

    `source_file`, `source_line` (int64, from 1: the record's first line in a text file, its row in Parquet),
    `platform`, `ds`, `_n_lines` (int: lines that it takes, blank ones apart), `_broken` (bool: not a record of this
    format) and `_line` (string: the raw line or record, null where the format has none).
    """
    paths = [str(file.path) for file in files]
    if layout.format == "parquet":
        return _scan_parquet(spark, layout, paths)
    if sum(file.path.stat().st_size for file in files) < _SMALL_FILE * len(files):
        layout = replace(layout, is_plain=False)
    lines = _plain_lines(spark, paths) if layout.is_plain else _assembled(spark, layout, files)
    return _parsed_jsonl(lines, layout) if layout.format == "jsonl" else _parsed_csv(lines, layout)


def _scan_parquet(spark: SparkSession, layout: FileLayout, paths: list[str]) -> DataFrame:
    kinds = {name: "bigint" if kind == NANOSECONDS else kind for name, kind in layout.kinds.items()}
    schema = ", ".join(f"`{name}` {kind}" for name, kind in kinds.items())
    rows = spark.read.schema(schema).option("recursiveFileLookup", "true").parquet(*paths)
    return rows.select(
        *_source(F.col("_metadata.file_path"), F.col("_metadata.row_index") + 1),
        F.lit(1).alias(N_LINES),
        F.lit(False).alias(BROKEN),
        F.lit(None).cast("string").alias(LINE),
        *kinds,
    )


def _parsed_jsonl(lines: DataFrame, layout: FileLayout) -> DataFrame:
    schema = T.StructType([T.StructField(name, T.StringType()) for name in (*layout.kinds, BROKEN)])
    options = {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": BROKEN}
    # Spark would read such a half as a question mark, which may also be in the text.
    mended = F.regexp_replace(LINE, F.lit(_HALF_PAIR), F.lit(r"$1\\ufffd"))
    read = F.when(F.col(LINE).contains(r"\u"), mended).otherwise(F.col(LINE))
    parsed = lines.withColumn("_record", F.from_json(read, schema, options))
    record = F.col("_record")
    is_broken = record.isNull() | record[BROKEN].isNotNull() | ~F.ltrim(LINE).startswith("{")
    return parsed.select(
        *SOURCE, N_LINES, is_broken.alias(BROKEN), LINE, *(record[name].alias(name) for name in layout.kinds)
    )


def has_half_pair(line: Column) -> Column:
    """Check if a line of JSON has an escape for one half of a surrogate pair; null where there is no line."""
    return line.contains(r"\u") & line.rlike(_HALF_PAIR)


def _parsed_csv(lines: DataFrame, layout: FileLayout) -> DataFrame:
    """Values by position; empty ones are null. The raw line is kept for records with too few or too many."""
    fields, n_fields = F.col(FIELDS), len(layout.columns)
    if layout.is_plain:
        lines = lines.where(F.col("source_line") > 1).withColumn(FIELDS, F.split(LINE, ",", -1))
    is_broken = F.coalesce(F.size(fields) != n_fields, F.lit(True))
    values = {name: F.get(fields, F.lit(place)) for place, (name, _) in enumerate(layout.columns) if name is not None}
    return lines.select(
        *SOURCE,
        N_LINES,
        is_broken.alias(BROKEN),
        F.when(is_broken, F.col(LINE)).alias(LINE),
        *(F.when(~is_broken & (value != ""), value).alias(name) for name, value in values.items()),
    )


def _plain_lines(spark: SparkSession, paths: list[str]) -> DataFrame:
    """Lines of text files without blank ones, whole or split into blocks: `_line`, numbered within their files.

    Ids that grow with the order within a task become numbers within a file once the first id and the size of each
    block are known, which one light pass over the files finds.
    """
    rows = spark.read.option("recursiveFileLookup", "true").text(paths)
    path, block = F.col("_metadata.file_path").alias(PATH), F.col("_metadata.file_block_start").alias(_START)
    identified = rows.select("value", path, block, F.monotonically_increasing_id().alias(_ROW))
    found = identified.groupBy(PATH, _START).agg(F.min(_ROW), F.count(F.lit(1))).orderBy(PATH, _START).collect()
    shifts: list[tuple[str, int, int]] = []
    last_path, before = "", 0
    for file, start, first, size in found:
        before = before if file == last_path else 0
        shifts.append((file, start, before + 1 - first))
        last_path, before = file, before + size
    blocks = spark.createDataFrame(shifts, f"{PATH} string, {_START} bigint, _shift bigint")
    joined = identified.join(F.broadcast(blocks), [PATH, _START])
    # A byte order mark must not spoil the first record.
    line = F.ltrim("value", F.lit(BYTE_ORDER_MARK.decode())).alias(LINE)
    numbered = joined.select(*_source(F.col(PATH), F.col(_ROW) + F.col("_shift")), F.lit(1).alias(N_LINES), line)
    return numbered.where(F.btrim(LINE, F.lit(BLANKS)) != "")


def _assembled(spark: SparkSession, layout: FileLayout, files: Sequence[LandingFile]) -> DataFrame:
    """Records of text files that are small, need decoding or need assembly, as `csv_records` makes them.

    No file is split; small ones share a task.
    """
    session = spark.newSession()
    session.conf.set("spark.sql.files.maxPartitionBytes", 1 << 50)
    session.conf.set("spark.sql.files.openCostInBytes", max(1, *(file.opened.stat().st_size for file in files)))
    lines = session.read.option("recursiveFileLookup", "true").text([str(file.path) for file in files])
    content = lines.select(F.col("_metadata.file_path").alias(PATH), F.col("value").cast("binary"))
    entity, encoding = layout.entity, layout.encoding
    header = tuple(name or "" for name, _ in layout.columns) if layout.format == "csv" else None

    def assemble(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return assemble_batches(batches, entity, encoding, header)

    records = content.mapInArrow(assemble, RECORDS)
    return records.select(*_source(F.col(PATH), F.col("source_line")), N_LINES, LINE, FIELDS)


def _source(path: Column, line: Column) -> list[Column]:
    """Source columns, cut from the end of the path: names of platforms, days and files need no escaping."""
    name = F.substring_index(path, "/", -3)
    return [
        name.alias("source_file"),
        line.cast("bigint").alias("source_line"),
        F.substring_index(name, "/", 1).alias("platform"),
        F.substring_index(F.substring_index(path, "/", -2), "/", 1).alias("ds"),
    ]
