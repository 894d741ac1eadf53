"""Cost of a job: CPU and GPU seconds."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil


class Meter:
    """Meter of one job: all of its program or, where another program called the job, from now on."""

    def __init__(self, job: str) -> None:
        self._started = time.monotonic()
        self._root = _root()
        self._before = 0.0 if Path(sys.argv[0]).stem == job else spent(self._root)

    @property
    def cpu_seconds(self) -> float:
        """User and system time of the program, of its children and of the JVM that started it.

        Executors of a Spark cluster are other processes, and not counted.
        """
        return max(spent(self._root) - self._before, 0.0)

    @property
    def gpu_seconds(self) -> float:
        """Seconds that the job held GPUs: all of its time where it used one, because no other job could; else 0.

        Each of several training processes has a GPU of its own.
        """
        torch = sys.modules.get("torch")
        if torch is None or not torch.cuda.is_initialized():
            return 0.0
        return (time.monotonic() - self._started) * int(os.environ.get("WORLD_SIZE", "1"))


def spent(root: psutil.Process) -> float:
    """User and system time (seconds) of a process and its descendants, including ended ones."""
    seconds = 0.0
    for process in (root, *root.children(recursive=True)):
        with suppress(psutil.Error):
            times = process.cpu_times()
            seconds += times.user + times.system + times.children_user + times.children_system
    return seconds


def _root() -> psutil.Process:
    """This process, or the ancestor started for the same program: spark-submit's JVM, or torchrun."""
    root = psutil.Process()
    with suppress(psutil.Error):
        while (parent := root.parent()) is not None and sys.argv[0] in parent.cmdline():
            root = parent
    return root
