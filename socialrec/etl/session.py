"""One Spark session per job: shared settings, and temporary files that never outlive their process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from py4j.protocol import Py4JNetworkError  # type: ignore[import-untyped]
from pyspark import SparkContext
from pyspark.sql import SparkSession

from socialrec.errors import UserError
from socialrec.runtime.scratch import scratch_folder
from socialrec.settings import HOME_VARIABLE, Settings
from socialrec.settings.java import OUT_OF_MEMORY, driver_options, lack_of_memory
from socialrec.settings.services import LOOPBACK

_SCRATCH = "spark"
_MOST_SECONDS_TO_END = 20
_COMMON = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.compression.codec": "zstd",
    # Landing files written by pandas have nanoseconds, which Spark otherwise refuses.
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # Checksums of pages are written by default.
    "spark.hadoop.parquet.page.verify-checksum.enabled": "true",
    # Many days in one write: keep their files open instead of sorting all rows by day.
    "spark.sql.maxConcurrentOutputFileWriters": "64",
    # Listing a few hundred local files is quicker than starting a Spark job for it.
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
    "spark.sql.autoBroadcastJoinThreshold": "64m",
    # Rows that lie by user already are joined by user and product without moving them again.
    "spark.sql.requireAllClusterKeysForCoPartition": "false",
    # Sorting is slow: keep the groups of collecting aggregates in memory until there are many.
    "spark.sql.objectHashAggregate.sortBased.fallbackThreshold": "20000",
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
    "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


@contextmanager
def spark_session(app_name: str, settings: Settings, *, is_quiet: bool = False) -> Iterator[SparkSession]:
    """Start a Spark session, the same under spark-submit and under plain Python.

    A quiet session keeps Spark's output off the terminal, unless it does not start; its errors are raised as
    exceptions. Inside a process that already has an active session, that one is yielded and left running. Otherwise the
    session is stopped at the end and its temporary files are removed. Raises UserError where Java ran out of memory.
    """
    active = SparkSession.getActiveSession()
    if active is not None:
        yield active
        return
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    for name, value in settings.spark.environment.items():
        os.environ.setdefault(name, value)
    if settings.spark_secret:
        # Read by the Java program that this process starts; spark-submit was given it already.
        os.environ.setdefault("PYSPARK_SUBMIT_ARGS", f"--properties-file {settings.spark_secret} pyspark-shell")
    builder = SparkSession.builder.appName(app_name)
    with scratch_folder(settings.scratch, _SCRATCH) as folder, _told_of_memory(settings):
        for name, value in session_conf(settings, folder).items():
            builder = builder.config(name, value)
        with _diverted_errors(folder / "spark.log") if is_quiet else nullcontext():
            session = builder.getOrCreate()
        try:
            yield session
        finally:
            session.stop()


@contextmanager
def _told_of_memory(settings: Settings) -> Iterator[None]:
    """Tell in one line that Java ran out of memory: if it ended, what fails next is the connection to it."""
    try:
        yield
    except Exception as error:
        is_cut_off = isinstance(error, Py4JNetworkError | ConnectionError)
        if "OutOfMemoryError" in str(error) or (is_cut_off and _java_exit_code() == OUT_OF_MEMORY):
            raise UserError(lack_of_memory(settings)) from error
        raise


def _java_exit_code() -> int | None:
    """Exit code of the Java program that this process started, which may be ending still; None if it does not end.

    Under spark-submit Java is the parent, and its exit code is known to those who submitted.
    """
    process: subprocess.Popen[bytes] | None = getattr(SparkContext._gateway, "proc", None)
    try:
        return process.wait(_MOST_SECONDS_TO_END) if process else None
    except subprocess.TimeoutExpired:
        return None


@contextmanager
def _diverted_errors(log: Path) -> Iterator[None]:
    """Redirect standard error to a file for the Java program that starts meanwhile, which keeps it for its lifetime."""
    sys.stderr.flush()
    ours = os.dup(2)
    try:
        with log.open("wb") as file:
            os.dup2(file.fileno(), 2)
        yield
    except BaseException:
        os.write(ours, log.read_bytes())
        raise
    finally:
        os.dup2(ours, 2)
        os.close(ours)


def session_conf(settings: Settings, folder: Path) -> dict[str, str]:
    """Spark properties by name: ours, then those that the settings name.

    Driver memory and JVM options count only where this process starts the JVM; spark-submit is given its own.
    """
    spark = settings.spark
    conf = {
        **_COMMON,
        "spark.master": spark.master,
        # Where Python workers, also those of other machines that share the home, find unpacked base models.
        f"spark.executorEnv.{HOME_VARIABLE}": str(settings.home),
        "spark.driver.memory": spark.driver_memory,
        "spark.executor.memory": spark.executor_memory,
        "spark.sql.shuffle.partitions": str(spark.shuffle_partitions),
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
        "spark.driver.extraJavaOptions": driver_options(settings, folder),
    }
    if spark.is_local:
        # With a secret that Spark generates, because other accounts can reach loopback ports too.
        conf["spark.authenticate"] = "true"
    if spark.is_on_loopback:
        conf |= {"spark.driver.host": LOOPBACK, "spark.driver.bindAddress": LOOPBACK}
    return conf | spark.conf
