"""Load that other processes make while a benchmark runs: with much of it, seconds say little."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass

import psutil

MAX_OTHERS = 0.3
"""Cores that other processes may keep busy on a machine that counts as quiet."""
_SAMPLE_SECONDS = 1.0


@dataclass(frozen=True)
class MachineLoad:
    """Cores that other processes kept busy in the mean, of those that this process may use; quiet: few of them."""

    other_load: float
    quiet: bool


class LoadMeter:
    """Meter of the load that others make, from its creation on.

    Work of child processes is our own. It is read once a second, because a process that nobody waits for leaves no sum.
    """

    def __init__(self) -> None:
        self._cores = os.sched_getaffinity(0)
        self._children: dict[tuple[int, float], float] = {}
        self._started, self._busy, self._own = time.perf_counter(), self._busy_seconds(), time.process_time()
        self._ended = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def load(self) -> MachineLoad:
        """Mean load so far; ends the measurement."""
        self._ended.set()
        self._look()
        seconds = max(time.perf_counter() - self._started, 1e-9)
        own = time.process_time() - self._own + sum(self._children.values())
        others = round(max(self._busy_seconds() - self._busy - own, 0.0) / seconds, 2)
        return MachineLoad(others, others <= MAX_OTHERS)

    def _busy_seconds(self) -> float:
        """Seconds that the cores were not idle, or that the host took from them."""
        busy = ("user", "nice", "system", "irq", "softirq", "steal")
        times = psutil.cpu_times(percpu=True)
        return sum(getattr(times[number], name, 0.0) for number in self._cores for name in busy)

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            self._look()

    def _look(self) -> None:
        """Note the processor time of every process below this one."""
        for process in psutil.Process().children(recursive=True):
            try:
                times = process.cpu_times()
                self._children[process.pid, process.create_time()] = times.user + times.system
            except psutil.NoSuchProcess:
                continue
