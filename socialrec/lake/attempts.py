"""Folders of writing attempts, and which were left behind by dead processes."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Container, Iterator
from pathlib import Path

from socialrec.lake import owners

PREFIX = "stage-"


def begin(table_root: Path) -> Path:
    """Make a fresh attempt folder below a table's root, marked with the process that owns it."""

    def make() -> Path:
        folder = table_root / f"{PREFIX}{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        return folder

    return owners.claimed(make)


def remove(folder: Path) -> None:
    """Delete an attempt that was given up."""
    shutil.rmtree(folder, ignore_errors=True)


def abandoned(table_root: Path, committed: Container[str]) -> list[Path]:
    """The attempts of dead processes of this host, but for those named in `committed`."""
    return [folder for folder in _marked(table_root) if owners.is_abandoned(folder) and folder.name not in committed]


def under_way(table_root: Path) -> list[Path]:
    """The attempts of processes that live, or may live on another host."""
    return [folder for folder in _marked(table_root) if not owners.is_abandoned(folder)]


def sweep(table_root: Path, committed: Container[str]) -> list[Path]:
    """Remove abandoned attempts, take the mark off those that were committed; returns what it removed.

    Folders of processes that were killed before they marked them go too, unsaid: they hold nothing.
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
    """The attempts that somebody owns: committed ones are the table, and nobody's."""
    return (marker.parent for marker in table_root.glob(f"{PREFIX}*/{owners.OWNER_FILE}"))
