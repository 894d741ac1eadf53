"""Threads of torch: idle ones sleep, so that several programs can share the cores of a machine."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = "from socialrec.settings.threads import wait_patiently; wait_patiently(); import torch; torch.ones(1)"


@pytest.mark.parametrize(("said", "policy"), [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "active"}, "ACTIVE")])
def test_idle_threads_sleep_unless_the_environment_says_otherwise(said: dict[str, str], policy: str) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    program = [sys.executable, "-c", PROGRAM]
    # OpenMP itself prints what it read.
    environment = {**kept, **said, "OMP_DISPLAY_ENV": "TRUE"}
    shown = subprocess.run(program, env=environment, capture_output=True, text=True, check=True).stderr
    assert f"OMP_WAIT_POLICY = '{policy}'" in shown
