"""Ask Airflow something in a process of its own: importing it takes over logging for every test after."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

FRAME = """
import json, sys
given = json.load(sys.stdin)
{}
json.dump(answer, open("answer", "w"))
"""


def ask_airflow(home: Path, program: str, given: Any = None, **variables: str) -> Any:
    """Run a program that finds `given` and leaves an `answer`, with this home and these further variables."""
    environment = {**os.environ, "AIRFLOW_HOME": str(home / "airflow"), "SOCIALREC_HOME": str(home), **variables}
    done = subprocess.run(
        [sys.executable, "-c", FRAME.format(program)],
        input=json.dumps(given),
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads((home / "answer").read_text())
