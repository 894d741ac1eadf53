"""Options of Spark's Java program that depend on the installation, the home and how much has landed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from socialrec.settings.tree import Settings

CLASS_ARCHIVE: Final = Path(sys.prefix) / "share" / "socialrec" / "spark.jsa"
"""Spark's classes as Java holds them, of this installation (`etl/class_archive.py`)."""
WITHOUT_ARCHIVE_MESSAGES: Final = "-Xlog:cds=off -Xlog:cds+dynamic=off"
"""An archive of another Java or Spark is left unused, in silence."""
OUT_OF_MEMORY: Final = 52
"""Exit code of Spark's Java program that ran out of memory."""
_MIB = 1024**2
_QUICK = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m"
"""Java's first compiler alone. With one compiler Java reserves a fifth of the usual code cache, which a night fills."""


def driver_options(settings: Settings, scratch: Path) -> str:
    """Options of the driver: temporary files in `scratch`, classes from the archive where there is one; where little
    has landed, quick compilation.

    Most processor time of a small night goes into compiling code thoroughly that Spark then runs a few times. Options
    in `spark.conf` take the place of these.
    """
    is_small = _holds_at_most(settings.landing, settings.spark.quick_landing_mib * _MIB)
    quick = _QUICK if settings.spark.is_local and is_small else ""
    return f"-Djava.io.tmpdir={scratch} -XX:+UseParallelGC {archived_classes()} {quick}"


def lack_of_memory(settings: Settings) -> str:
    """Say that Spark's Java program ran out of memory, and which setting gives it more."""
    spark = settings.spark
    given = f"spark.driver_memory (now {spark.driver_memory})"
    if not spark.is_local:
        given += f" or spark.executor_memory (now {spark.executor_memory})"
    return f"Spark's Java program ran out of memory: set {given} higher"


def archived_classes() -> str:
    """Options by which Java takes Spark's classes from the archive; empty where none was made."""
    return f"-XX:SharedArchiveFile={CLASS_ARCHIVE} {WITHOUT_ARCHIVE_MESSAGES}" if CLASS_ARCHIVE.exists() else ""


def _holds_at_most(folder: Path, limit: int) -> bool:
    """Check if the files below a folder have at most `limit` bytes together; it stops looking where they have more."""
    total = 0
    for where, _, files in os.walk(folder):
        for name in files:
            total += (Path(where) / name).lstat().st_size
            if total > limit:
                return False
    return limit > 0
