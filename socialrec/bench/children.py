"""Measure the memory of a process tree, and run a program in a process of its own."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

_SAMPLE_SECONDS = 0.1
_MIB = 1024**2
_EXECUTOR = "org.apache.spark.executor.CoarseGrainedExecutorBackend"


@dataclass(frozen=True)
class Finished:
    """One run: wall clock seconds, the tree's largest resident memory (a sum over processes), and standard output.

    executor_mib: the same of one Spark executor on a cluster, with its Python processes; driver_mib: of all others.
    """

    seconds: float
    peak_mib: int
    output: str
    driver_mib: int
    executor_mib: int


def run_child(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Finished:
    """Run a command to its end; RuntimeError with the end of its standard error where it fails."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err, env=environment)
        with watched(process.pid) as watch:
            try:
                code = process.wait()
            finally:
                process.kill()
                seconds = time.perf_counter() - started
        out.seek(0)
        err.seek(0)
        if code:
            raise RuntimeError(f"{' '.join(command)} ended with code {code}: {err.read()[-2000:].strip()}")
        return Finished(seconds, watch.peak_mib, out.read(), watch.driver // _MIB, watch.executor // _MIB)


@contextmanager
def watched(pid: int) -> Iterator[MemoryWatch]:
    """Sample the memory of a process and all below it while the block runs."""
    watch = MemoryWatch(pid)
    watch.start()
    try:
        yield watch
    finally:
        watch.ended.set()
        watch.join()


class MemoryWatch(threading.Thread):
    """Sampler of the memory of a process tree, ten times a second and at its end."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak = self.driver = self.executor = 0
        self.ended = threading.Event()

    @property
    def peak_mib(self) -> int:
        """Largest sample so far, in MiB."""
        return self.peak // _MIB

    def run(self) -> None:
        """Sample until the end."""
        is_over = False
        while not is_over:
            is_over = self.ended.wait(_SAMPLE_SECONDS)
            self._sample()

    def _sample(self) -> None:
        try:
            root = psutil.Process(self.pid)
            processes = [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        # Each process once: an executor that shrinks between two looks would count as the driver's.
        resident = {each.pid: 0 if _is_starting(each) else _resident(each) for each in processes}
        total = sum(resident.values())
        executors = [
            sum(resident.get(each.pid, 0) for each in _family(process))
            for process in processes
            if _is_executor(process)
        ]
        self.peak, self.executor = max(self.peak, total), max(self.executor, *executors, 0)
        self.driver = max(self.driver, total - sum(executors))


def _is_executor(process: psutil.Process) -> bool:
    try:
        return _EXECUTOR in process.cmdline()
    except psutil.Error:
        return False


def _is_starting(process: psutil.Process) -> bool:
    """Check if a process was started and has done nothing yet: it has its parent's memory and none of its own.

    It is about to start another program or, as Python's workers, to allocate.
    """
    try:
        parent = process.parent()
        return parent is not None and _program(parent) == _program(process)
    except psutil.Error:
        return False


def _program(process: psutil.Process) -> tuple[Sequence[str], int]:
    """Command line of a process, and the size of its address space."""
    return process.cmdline(), process.memory_info().vms


def _family(process: psutil.Process) -> list[psutil.Process]:
    """A process and all below it."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
