"""Threads of torch: idle ones soon sleep, so that several programs can share the cores of a machine."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = "from socialrec.settings.threads import wait_patiently; wait_patiently(); import torch; torch.ones(1)"


@pytest.mark.parametrize(("said", "count"), [({}, "1000"), ({"GOMP_SPINCOUNT": "7"}, "7")])
def test_idle_threads_soon_sleep_unless_the_environment_says_otherwise(said: dict[str, str], count: str) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))}
    program = [sys.executable, "-c", PROGRAM]
    # OpenMP itself prints what it read.
    environment = {**kept, **said, "OMP_DISPLAY_ENV": "VERBOSE"}
    shown = subprocess.run(program, env=environment, capture_output=True, text=True, check=True).stderr
    assert f"GOMP_SPINCOUNT = '{count}'" in shown
