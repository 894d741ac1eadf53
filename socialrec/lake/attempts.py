"""Folders of writing attempts: who owns them, and which were left behind by dead processes."""

from __future__ import annotations

import json
import shutil
import socket
import uuid
from collections.abc import Container
from pathlib import Path

import psutil

OWNER_FILE = "_owner.json"
PREFIX = "stage-"


def claim(table_root: Path) -> Path:
    """Make a fresh attempt folder below a table's root, marked with the process that owns it."""
    folder = table_root / f"{PREFIX}{uuid.uuid4().hex}"
    folder.mkdir(parents=True)
    process = psutil.Process()
    owner = {"host": socket.gethostname(), "pid": process.pid, "started": process.create_time()}
    (folder / OWNER_FILE).write_text(json.dumps(owner), encoding="utf-8")
    return folder


def release(folder: Path) -> None:
    """Take the owner's mark off a committed attempt; its data files stay, they are the table now."""
    (folder / OWNER_FILE).unlink(missing_ok=True)


def remove(folder: Path) -> None:
    """Delete an attempt that was given up."""
    shutil.rmtree(folder, ignore_errors=True)


def abandoned(table_root: Path, committed: Container[str]) -> list[Path]:
    """The attempts of dead processes of this host, but for those named in `committed`.

    Attempts of other hosts are left alone: only their own host can tell whether they live.
    """
    marked = [marker.parent for marker in table_root.glob(f"{PREFIX}*/{OWNER_FILE}") if _is_abandoned(marker)]
    return [folder for folder in marked if folder.name not in committed]


def under_way(table_root: Path) -> list[Path]:
    """The attempts of processes that live, or may live on another host."""
    return [marker.parent for marker in table_root.glob(f"{PREFIX}*/{OWNER_FILE}") if not _is_abandoned(marker)]


def sweep(table_root: Path, committed: Container[str]) -> list[Path]:
    """Remove abandoned attempts, take the mark off those that were committed; returns what it removed."""
    removed = abandoned(table_root, committed)
    for folder in removed:
        remove(folder)
    for marker in table_root.glob(f"{PREFIX}*/{OWNER_FILE}"):
        if marker.parent.name in committed and _is_abandoned(marker):
            release(marker.parent)
    return removed


def _is_abandoned(marker: Path) -> bool:
    try:
        owner = json.loads(marker.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # No mark: committed, or being claimed this very moment.
        return False
    if owner["host"] != socket.gethostname():
        return False
    try:
        return bool(psutil.Process(owner["pid"]).create_time() != owner["started"])
    except psutil.NoSuchProcess:
        return True
