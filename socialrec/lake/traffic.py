"""What one program read and wrote: rows and bytes by table, for lineage and for what a night costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Amount:
    """Rows, the bytes of the files that hold them, and the table's newest version among those met (no table: None)."""

    rows: int
    bytes: int
    version: int | None = None


class Traffic:
    """Counts what passes. A file that is opened twice is read once; what is rolled back was never written."""

    def __init__(self) -> None:
        self._opened: dict[str, dict[str, Amount]] = {}
        self._written: dict[str, list[Amount]] = {}

    def opened(self, name: str, files: Mapping[str, Amount]) -> None:
        """Note files of a table, or of what lies beside the lake, by their path."""
        if files:
            self._opened.setdefault(name, {}).update(files)

    def wrote(self, name: str, amount: Amount) -> None:
        """Note one commit to a table, or one write beside the lake."""
        self._written.setdefault(name, []).append(amount)

    @property
    def read(self) -> dict[str, Amount]:
        """By name, in order, what was opened."""
        return {name: _sum(files.values()) for name, files in sorted(self._opened.items())}

    @property
    def written(self) -> dict[str, Amount]:
        """By name, in order, what was committed."""
        return {name: _sum(parts) for name, parts in sorted(self._written.items())}


def _sum(parts: Iterable[Amount]) -> Amount:
    parts = list(parts)
    versions = [part.version for part in parts if part.version is not None]
    return Amount(sum(part.rows for part in parts), sum(part.bytes for part in parts), max(versions, default=None))
