"""Options of Spark's Java program that depend on the machine's folder and on how much has landed."""

from __future__ import annotations

import os
from pathlib import Path

from socialrec.settings.tree import Settings

_MIB = 1024**2
_QUICK = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m"
"""Java's first compiler alone. With one compiler Java reserves a fifth of the usual code cache, which a night fills."""


def driver_options(settings: Settings, scratch: Path) -> str:
    """Options of the driver: temporary files in `scratch`; where little has landed, quick compilation.

    Most processor time of a small night goes into compiling code thoroughly that Spark then runs a few times. Options
    in `spark.conf` take the place of these.
    """
    options = f"-Djava.io.tmpdir={scratch} -XX:+UseParallelGC"
    is_small = _holds_at_most(settings.landing, settings.spark.quick_landing_mib * _MIB)
    return f"{options} {_QUICK}" if settings.spark.is_local and is_small else options


def _holds_at_most(folder: Path, limit: int) -> bool:
    """Check if the files below a folder have at most `limit` bytes together; it stops looking where they have more."""
    total = 0
    for where, _, files in os.walk(folder):
        for name in files:
            total += (Path(where) / name).lstat().st_size
            if total > limit:
                return False
    return limit > 0
