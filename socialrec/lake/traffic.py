"""Rows and bytes that one program reads and writes, by table, for lineage and the cost of a night."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Amount:
    """Number of rows, bytes of their files, and the table's newest version read or written (no table: None)."""

    rows: int
    bytes: int
    version: int | None = None


class Traffic:
    """Counter of reads and writes. A file opened twice is counted once; writes rolled back are not counted."""

    def __init__(self) -> None:
        self._opened: dict[str, dict[str, Amount]] = {}
        self._written: dict[str, list[Amount]] = {}

    def opened(self, name: str, files: Mapping[str, Amount]) -> None:
        """Count files of a table, or of a source beside the lake, by their path."""
        if files:
            self._opened.setdefault(name, {}).update(files)

    def wrote(self, name: str, amount: Amount) -> None:
        """Count one commit to a table, or one write beside the lake."""
        self._written.setdefault(name, []).append(amount)

    @property
    def read(self) -> dict[str, Amount]:
        """Amounts read, by name, in order."""
        return {name: _sum(files.values()) for name, files in sorted(self._opened.items())}

    @property
    def written(self) -> dict[str, Amount]:
        """Amounts committed, by name, in order."""
        return {name: _sum(parts) for name, parts in sorted(self._written.items())}


def _sum(parts: Iterable[Amount]) -> Amount:
    parts = list(parts)
    versions = [part.version for part in parts if part.version is not None]
    return Amount(sum(part.rows for part in parts), sum(part.bytes for part in parts), max(versions, default=None))
