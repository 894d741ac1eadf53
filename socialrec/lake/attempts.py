"""Folders of write attempts, and cleanup of those that dead processes left."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Container, Iterator
from pathlib import Path

from socialrec.lake import owners

PREFIX = "stage-"


def begin(table_root: Path) -> Path:
    """Make a new attempt folder below a table's root, with this process as its lock owner."""

    def make() -> Path:
        folder = table_root / f"{PREFIX}{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        return folder

    return owners.claimed(make)


def remove(folder: Path) -> None:
    """Delete the folder of an attempt."""
    shutil.rmtree(folder, ignore_errors=True)


def abandoned(table_root: Path, committed: Container[str]) -> list[Path]:
    """Attempts of dead processes of this host, except for those named in `committed`."""
    return [folder for folder in _marked(table_root) if owners.is_abandoned(folder) and folder.name not in committed]


def under_way(table_root: Path) -> list[Path]:
    """Attempts of processes that live, or may live on another host."""
    return [folder for folder in _marked(table_root) if not owners.is_abandoned(folder)]


def sweep(table_root: Path, committed: Container[str]) -> list[Path]:
    """Remove abandoned attempts, unlock committed ones; returns the removed folders.

    Empty folders of processes killed before they locked them are removed too, but not returned.
    """
    removed = abandoned(table_root, committed)
    for folder in removed:
        remove(folder)
    for folder in _marked(table_root):
        if folder.name in committed and owners.is_abandoned(folder):
            owners.release(folder)
    for folder in table_root.glob(f"{PREFIX}*"):
        if folder.name not in committed:
            owners.remove_unclaimed(folder)
    return removed


def _marked(table_root: Path) -> Iterator[Path]:
    """Attempts with a lock owner; committed ones belong to the table."""
    return (marker.parent for marker in table_root.glob(f"{PREFIX}*/{owners.OWNER_FILE}"))
