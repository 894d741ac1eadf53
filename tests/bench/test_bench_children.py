"""Memory of a process tree, sampled while something runs."""

from __future__ import annotations

import os
import sys
import time

import numpy as np

from socialrec.bench.children import run_child, watched


def held(mib: int) -> None:
    block = np.ones(mib * 1024**2, dtype=np.uint8)
    time.sleep(0.3)
    del block


def test_the_memory_of_one_part_is_not_that_of_an_earlier_part() -> None:
    with watched(os.getpid()) as large:
        held(256)
    with watched(os.getpid()) as small:
        held(16)
    # Freed memory may go back to the system late, but a peak that has passed does not count again.
    assert large.peak_mib - small.peak_mib > 150


def test_the_memory_of_a_programs_children_is_its_own() -> None:
    inner = "import time; block = bytearray(200 << 20); time.sleep(1)"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}]); print('over')"
    found = run_child([sys.executable, "-c", program])
    assert found.output == "over\n"
    assert 200 < found.peak_mib < 400
    assert found.executor_mib == 0
