"""A process of its own that writes three rows of one day into the lake and waits where it is told to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys, time
from pathlib import Path
import pyarrow as pa
from socialrec.contracts.gold import TEXTS
from socialrec.runtime.job import guarded
from socialrec.lake import Lake

root, day, name, pause = sys.argv[1:]
def main():
    with Lake(Path(root)).stage(TEXTS, job=name, partitions=[day]) as stage:
        for i in range(3):
            stage.write(pa.table({"text_hash": [f"{name}{i}"], "kind": ["product"], "text": ["x"], "language": ["en"],
                                  "platform": ["demo"], "ds": [day]}))
            print(f"wrote {i}", flush=True)
            sys.stdin.readline() if pause == str(i) else None
        stage.commit()
        print("committed", flush=True)
        sys.stdin.readline() if pause == "committed" else None
    return 0
sys.exit(guarded(main))
"""


def start_writer(lake: Path, day: str, name: str, pause: str) -> subprocess.Popen[str]:
    """The writer called `name`, whose texts are `<name>0` to `<name>2`; `pause` is the row's number, or `committed`."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(lake), day, name, pause],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    for printed in process.stdout:
        if printed.strip() == line:
            return
    raise AssertionError(f"the writer ended before {line!r}: {process.stderr and process.stderr.read()}")
