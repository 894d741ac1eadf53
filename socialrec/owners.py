"""Which process works in a folder, so that what dead ones left there is told from work under way."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import psutil

OWNER_FILE = "_owner.json"


def claim(folder: Path) -> None:
    """Mark a folder with this process."""
    process = psutil.Process()
    owner = {"host": socket.gethostname(), "pid": process.pid, "started": process.create_time()}
    (folder / OWNER_FILE).write_text(json.dumps(owner), encoding="utf-8")


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
        # No mark: released, or being claimed this very moment.
        return False
    if owner["host"] != socket.gethostname():
        return False
    try:
        return bool(psutil.Process(owner["pid"]).create_time() != owner["started"])
    except psutil.NoSuchProcess:
        return True
