"""Which process works in a folder, so that what dead ones left there is told from work under way."""

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
    """A fresh folder, made by `make`, that bears this process's mark."""
    while True:
        folder = make()
        try:
            _claim(folder)
        except FileNotFoundError:
            continue  # a sweep took it for a dead process's, as it bore no mark yet
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
    """Remove a folder that bears no mark and holds nothing, as processes leave that are killed while they claim it."""
    with suppress(OSError):
        (folder / _HALF).unlink(missing_ok=True)
        folder.rmdir()


def release(folder: Path) -> None:
    """Take the mark off."""
    (folder / OWNER_FILE).unlink(missing_ok=True)


def is_abandoned(folder: Path) -> bool:
    """Whether the process that claimed it was one of this host and has ended.

    Folders of other hosts are left alone: only their own host can tell whether their owner lives.
    """
    try:
        owner = json.loads((folder / OWNER_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # No mark: released, or not claimed yet.
        return False
    if owner["host"] != socket.gethostname():
        return False
    try:
        return bool(psutil.Process(owner["pid"]).create_time() != owner["started"])
    except psutil.NoSuchProcess:
        return True
