"""Verification of a share of the lake, which finds disk damage before a file is needed."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from socialrec.contracts.columns import Table
from socialrec.lake.integrity.checksums import require_as_written, require_readable
from socialrec.lake.lake import Lake

SHARES = 4
"""Number of weeks in which every file is verified once, as far as `max_bytes` allows."""


def share_of(files: Iterable[str], ds: str) -> list[Path]:
    """Files to verify in the week of a day, in an order that changes every week."""
    week = date.fromisoformat(ds).toordinal() // 7
    mine = [file for file in files if zlib.crc32(file.encode()) % SHARES == week % SHARES]
    return [Path(file) for file in sorted(mine, key=lambda file: zlib.crc32(f"{week} {file}".encode()))]


def verify_share(lake: Lake, table: Table, ds: str, max_bytes: int) -> tuple[int, int]:
    """Verify this week's files of a table's newest version; returns their number and bytes, at most `max_bytes`.

    A file of a commit without checksums is read page by page. Raises DamagedFileError or DamagedLogError.
    """
    known = lake.checksums(table)
    n_files = n_bytes = 0
    for file in share_of(lake.files(table), ds):
        if n_bytes + (size := file.stat().st_size) > max_bytes:
            continue
        expected = known.get(str(file))
        require_as_written(table, file, expected)
        if expected is None:
            require_readable(table, [file])
        n_files, n_bytes = n_files + 1, n_bytes + size
    return n_files, n_bytes
