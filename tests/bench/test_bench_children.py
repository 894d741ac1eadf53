"""Memory of a process tree, sampled while something runs."""

from __future__ import annotations

import os
import sys
import time

import numpy as np
import psutil
import pytest

from socialrec.bench import children
from socialrec.bench.children import MemoryWatch, run_child, watched


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


def test_a_process_that_is_about_to_start_a_program_has_no_memory_of_its_own() -> None:
    """It has its parent's, as long as it has not begun: here a second, else a moment that a sample may fall into."""
    program = "import os, time; block = bytearray(200 << 20); os.fork(); time.sleep(1)"
    found = run_child([sys.executable, "-c", program])
    assert 200 < found.peak_mib < 400


def test_an_executor_that_shrinks_between_two_looks_is_not_counted_as_the_drivers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = ("-c", "import time; time.sleep(60)", children._EXECUTOR)
    executor = psutil.Popen([sys.executable, *program])
    looks = iter([900 << 20, 100 << 20])

    def resident(process: psutil.Process) -> int:
        return next(looks) if process.pid == executor.pid else 50 << 20

    monkeypatch.setattr(children, "_resident", resident)
    try:
        watch = MemoryWatch(os.getpid())
        watch._sample()
    finally:
        executor.kill()
        executor.wait()
    others = watch.driver >> 20
    assert watch.executor >> 20 == 900
    assert others < 900
    assert others % 50 == 0
