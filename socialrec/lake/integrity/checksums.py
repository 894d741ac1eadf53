"""Checksums of the lake's files: of each page, by Parquet, and of each whole file, by the commit that wrote it."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as pds
import pyarrow.parquet as pq

from socialrec.contracts.columns import Table
from socialrec.errors import UserError

WHOLE_BYTES = 64 * 1024**2
"""Largest size of a file that is checked whole when opened; of larger ones the pages that are read are checked."""
PARQUET = pds.ParquetFileFormat(
    default_fragment_scan_options=pds.ParquetFragmentScanOptions(page_checksum_verification=True)
)
"""Format with which the lake's files are read."""
WRITING = {"compression": "zstd", "write_page_checksum": True}
"""Options with which the lake's files are written."""
_CHUNK = 1 << 22


class DamagedFileError(UserError):
    """Difference between a table's file and the file that its commit wrote."""


def checksum(file: Path) -> str:
    """CRC-32 of a whole file, as eight hexadecimal digits: it finds every flipped bit and every torn block."""
    found = 0
    with file.open("rb") as content:
        while chunk := content.read(_CHUNK):
            found = zlib.crc32(chunk, found)
    return f"{found:08x}"


def damaged(table: Table, file: Path, why: str) -> DamagedFileError:
    """Make the error about a file."""
    return DamagedFileError(
        f"{table.name}: {file} {why}: restore it from a backup, or build its partition again (docs/operations.md, "
        "Damage)"
    )


def require_as_written(table: Table, file: Path, known: str | None) -> None:
    """Compare a file with its checksum. Raises DamagedFileError where it is gone or changed; passes without a
    checksum.
    """
    if not file.exists():
        raise damaged(table, file, "is gone")
    if known is not None and checksum(file) != known:
        raise damaged(table, file, "was changed since it was committed")


def require_readable(table: Table, files: Iterable[Path]) -> None:
    """Read files page by page. Raises DamagedFileError that names the first one that cannot be read."""
    for file in files:
        try:
            with pq.ParquetFile(file, page_checksum_verification=True) as content:
                for _ in content.iter_batches():
                    pass
        except FileNotFoundError:
            raise damaged(table, file, "is gone") from None
        except (OSError, pa.ArrowException) as error:
            raise damaged(table, file, f"cannot be read ({' '.join(str(error).split())[:100]})") from None
