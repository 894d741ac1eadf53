"""Ingest, silver and gold of some nights as one program: home, then the nights. Tells which clocks it goes by."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from landed_world import run

from socialrec.etl.session import spark_session
from socialrec.settings import load_settings


def in_a_process(home: Path, nights: Iterable[str], **variables: str) -> list[float]:
    """Run them as a program under these variables; the hours that its two clocks are ahead of UTC.

    What Spark remembers of a night's queries ends with the process: a session of many nights would run out of memory.
    """
    # Most of a small night's processor time goes into compiling what Spark runs a few times: one tier does.
    quick = {"OMP_NUM_THREADS": "1", "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m"}
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **quick, **variables}
    command = [sys.executable, __file__, str(home), *nights]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    clocks: list[float] = json.loads(done.stdout.splitlines()[-1])
    return clocks


def main(home: str, *nights: str) -> None:
    """Run them in one Spark session; the last line has the offsets from UTC that Python and the JVM go by, in hours."""
    with spark_session("nights", load_settings(Path(home))) as spark:
        zone = spark.sparkContext._jvm.java.util.TimeZone.getDefault()
        clocks = [time.localtime().tm_gmtoff / 3600, zone.getOffset(int(time.time() * 1000)) / 3_600_000]
        for ds in nights:
            run(Path(home), ds)
    print(json.dumps(clocks))


if __name__ == "__main__":
    main(*sys.argv[1:])
