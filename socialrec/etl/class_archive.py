"""Archive of the Java classes that Spark loads, made once for an installation: each Spark job then starts sooner.

Run it as a program; `make setup` and the images do. It is Java's application class-data sharing: a session on a few
rows loads the classes of the plans that jobs run, and Java writes them to a file in the form in which it holds them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyspark
from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F

from socialrec.display.visible import say
from socialrec.etl.session import spark_session
from socialrec.settings import load_settings
from socialrec.settings.java import CLASS_ARCHIVE, WITHOUT_ARCHIVE_MESSAGES

_MAX_SECONDS = 300


def main() -> int:
    """Make the archive again, and say so in one line; without one Spark only starts later, so that no failure is an
    error.
    """
    CLASS_ARCHIVE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="socialrec-", dir=CLASS_ARCHIVE.parent) as folder:
        file = Path(folder) / CLASS_ARCHIVE.name
        options = f"-XX:ArchiveClassesAtExit={file} {WITHOUT_ARCHIVE_MESSAGES}"
        submit = Path(pyspark.__file__).parent / "bin" / "spark-submit"
        command = [str(submit), "--conf", f"spark.driver.extraJavaOptions={options}", __file__, folder]
        python = {"PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}
        environment = os.environ | python | load_settings(Path(folder)).spark.environment
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=_MAX_SECONDS, check=False
            )
            why = [line for line in done.stderr.splitlines() if not line.startswith("WARNING")][:1]
        except subprocess.TimeoutExpired:
            why = [f"Spark did not end within {_MAX_SECONDS} seconds"]
        if not file.exists():
            say(f"Spark's classes could not be archived, so that its jobs start some seconds later: {' '.join(why)}")
            return 0
        file.replace(CLASS_ARCHIVE)
    say(f"archived Spark's classes ({CLASS_ARCHIVE.stat().st_size // 1024**2} MiB), so that its jobs start sooner")
    return 0


def load_classes(folder: Path) -> None:
    """Run plans of the kinds that jobs run on a few rows, in a new session whose home is this folder."""
    with spark_session("class-archive", load_settings(folder)) as spark:
        lines = folder / "lines"
        spark.range(30).select(F.to_json(F.struct("id")).alias("line")).write.text(str(lines))
        rows = _parsed(spark, lines).mapInArrow(_unchanged, "id long, kind long")
        rows.write.partitionBy("kind").parquet(str(folder / "rows"))
        rows = spark.read.parquet(str(folder / "rows"))
        newest = Window.partitionBy("kind").orderBy(F.desc("id"))
        kinds = rows.groupBy("kind").agg(F.max_by("id", "id").alias("last"), F.collect_list("id").alias("ids"))
        joined = rows.withColumn("place", F.row_number().over(newest)).join(kinds, "kind").where("id < last")
        joined.join(rows.where("id > 20"), "id", "left_anti").orderBy("id").toArrow()


def _parsed(spark: SparkSession, lines: Path) -> pyspark.sql.DataFrame:
    record = F.from_json("value", "id long")
    read = spark.read.text(str(lines)).select(record.alias("record"), F.input_file_name().alias("file"))
    kind = (F.xxhash64(F.sha2(F.regexp_replace("file", "[^a-z]", ""), 256)) + F.col("record.id")) % 3
    return read.select("record.id", kind.alias("kind"))


def _unchanged(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield from batches


if __name__ == "__main__":
    if len(sys.argv) > 1:
        load_classes(Path(sys.argv[1]))
    else:
        sys.exit(main())
