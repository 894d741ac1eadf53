"""Lock files that name the process that owns a folder, so that leftovers of dead processes can be removed."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

OWNER_FILE = "_owner.json"
_HALF = f"{OWNER_FILE}.partial"


def claimed(make: Callable[[], Path]) -> Path:
    """Make a new folder with `make`, and lock it for this process."""
    while True:
        folder = make()
        try:
            _claim(folder)
        except FileNotFoundError:
            continue  # a sweep removed it before it was locked
        except OSError:
            remove_unclaimed(folder)
            raise
        return folder


def _claim(folder: Path) -> None:
    process = psutil.Process()
    owner = {"host": socket.gethostname(), "pid": process.pid, "started": process.create_time()}
    (folder / _HALF).write_text(json.dumps(owner), encoding="utf-8")
    (folder / _HALF).replace(folder / OWNER_FILE)


def remove_unclaimed(folder: Path) -> None:
    """Remove a folder without lock and content, left by a process that was killed before it locked it."""
    with suppress(OSError):
        (folder / _HALF).unlink(missing_ok=True)
        folder.rmdir()


def release(folder: Path) -> None:
    """Remove the lock."""
    (folder / OWNER_FILE).unlink(missing_ok=True)


def is_abandoned(folder: Path) -> bool:
    """Check if the lock owner was a process of this host and has ended.

    Folders of other hosts count as owned, because only their own host knows if the owner lives.
    """
    try:
        owner = json.loads((folder / OWNER_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # No lock: released, or not claimed yet.
        return False
    if owner["host"] != socket.gethostname():
        return False
    try:
        return bool(psutil.Process(owner["pid"]).create_time() != owner["started"])
    except psutil.NoSuchProcess:
        return True
