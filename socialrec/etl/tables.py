"""Access of Spark to the lake: read a table's files, write and commit a stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from socialrec.contracts.columns import Column, Table
from socialrec.etl.schemas import spark_schema, spark_type
from socialrec.lake import Lake, Stage

_FOLDER = "part"


def read_table(
    spark: SparkSession, lake: Lake, table: Table, partitions: Sequence[str] | None = None, version: int | None = None
) -> DataFrame:
    """Read these partitions of a table (None: all) under the contract's schema; no rows where nothing was written."""
    return _read(spark, table, lake.files(table, partitions, version))


def read_staged(spark: SparkSession, stage: Stage) -> DataFrame:
    """Read the rows of a stage that is not committed yet."""
    return _read(spark, stage.table, staged_files(stage))


def write_stage(rows: DataFrame, stage: Stage) -> None:
    """Write the contract's columns of these rows into the stage, a folder per partition, without a shuffle."""
    table = stage.table
    selected = rows.selectExpr(*(_typed(column.name, column) for column in table.columns))
    if len(stage.partitions) == 1:
        selected.write.mode("append").parquet(str(stage.path / f"{_FOLDER}={stage.partitions[0]}"))
    else:
        parts = selected.withColumn(_FOLDER, F.col(table.partition))
        parts.write.partitionBy(_FOLDER).mode("append").parquet(str(stage.path))


def count_staged(stage: Stage) -> int:
    """Count rows in the stage by the footers of its files."""
    return sum(pq.read_metadata(file).num_rows for file in staged_files(stage))


def count_rows(lake: Lake, table: Table, partitions: Sequence[str]) -> int:
    """Count rows in these partitions of a table by the footers of its files."""
    return sum(pq.read_metadata(file).num_rows for file in lake.files(table, partitions))


def commit_stage(stage: Stage, *, fingerprint: str, counts: Mapping[str, int], dry_run: bool) -> None:
    """Commit a stage; in a dry run only audit it."""
    if dry_run:
        stage.audit()
    else:
        stage.commit(fingerprint=fingerprint, counts=counts)


def staged_files(stage: Stage) -> list[str]:
    """List the paths of the Parquet files in the stage, sorted."""
    return sorted(str(file) for file in stage.path.glob(f"{_FOLDER}=*/*.parquet"))


def _read(spark: SparkSession, table: Table, files: Sequence[str]) -> DataFrame:
    if not files:
        # Spark knows that this is empty, and plans no job for it.
        nothing = (_typed("NULL", column) for column in table.columns)
        return spark.sql(f"SELECT {', '.join(nothing)} WHERE false")
    # With recursiveFileLookup Spark takes no columns from folder names.
    return spark.read.schema(spark_schema(table)).option("recursiveFileLookup", "true").parquet(*files)


def _typed(value: str, column: Column) -> str:
    """SQL for a value as this column."""
    return f"CAST({value} AS {spark_type(column.type).simpleString()}) AS {column.name}"
