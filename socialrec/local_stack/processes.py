"""Identity of processes, safe against reused process ids, and termination of process trees."""

from __future__ import annotations

import contextlib
import ctypes
import sys
import time
from collections.abc import Iterable

import psutil

PR_SET_CHILD_SUBREAPER = 36
Identity = dict[str, float]
"""Identity of a process: `pid` and `created` (seconds since the epoch) together are unique."""


def identity(pid: int) -> Identity:
    """Get the identity of a running process."""
    return {"pid": pid, "created": psutil.Process(pid).create_time()}


def find(known: Identity | None) -> psutil.Process | None:
    """Find the process of this identity, None once it has ended."""
    if known is None:
        return None
    try:
        process = psutil.Process(int(known["pid"]))
        same = abs(process.create_time() - known["created"]) < 1
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def adopt_orphans() -> None:
    """Adopt orphans: on Linux, descendants whose parent ends become our children, so that none is lost."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap() -> None:
    """Reap adopted children that have ended."""
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if child.status() == psutil.STATUS_ZOMBIE:
                child.wait(timeout=0)


def tree(roots: Iterable[psutil.Process]) -> list[psutil.Process]:
    """List these processes and all their descendants."""
    found: dict[int, psutil.Process] = {}
    for root in roots:
        with contextlib.suppress(psutil.NoSuchProcess):
            found |= {process.pid: process for process in (root, *root.children(recursive=True))}
    return list(found.values())


def end(roots: list[psutil.Process], patience: float) -> None:
    """Terminate the roots, then the rest of their trees, then kill it: at most three times `patience` seconds."""
    left = tree(roots)
    for targets, ask in ((roots, "terminate"), (left, "terminate"), (left, "kill")):
        for process in targets:
            with contextlib.suppress(psutil.NoSuchProcess):
                getattr(process, ask)()
        left = _wait(left, patience)
        if not left:
            return


def _wait(processes: list[psutil.Process], patience: float) -> list[psutil.Process]:
    until = time.monotonic() + patience
    left = processes
    while left and time.monotonic() < until:
        left = [process for process in left if _runs(process)]
        time.sleep(0.1)
    return left


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
