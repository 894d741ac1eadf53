"""Gzipped files of others, unpacked to no more bytes than a file of their size may have."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path

from socialrec.errors import UserError

UNPACKED_BYTES = 1 << 26
MOST_TIMES_UNPACKED = 100
"""A gzipped file may unpack to `UNPACKED_BYTES` (64 MiB), or to so many times its own size where that is more."""


def unpacked(packed: io.BufferedReader, path: Path) -> io.BufferedReader:
    """The content of an open gzipped file; reading raises UserError beyond the most that it may have."""
    return io.BufferedReader(_Unpacked(packed, path), 1 << 16)


class _Unpacked(io.RawIOBase):
    """The unpacked bytes of a gzipped file, up to the most that it may have."""

    def __init__(self, packed: io.BufferedReader, path: Path) -> None:
        self._packed, self._content, self._path = packed, gzip.GzipFile(fileobj=packed), path
        self._left = max(UNPACKED_BYTES, MOST_TIMES_UNPACKED * os.fstat(packed.fileno()).st_size)

    def readable(self) -> bool:
        """Say so: this is all that it does."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Unpack as much as fits; UserError beyond the limit."""
        content = self._content.read1(len(buffer))
        buffer[: len(content)] = content
        self._left -= len(content)
        if self._left < 0:
            raise UserError(
                f"{self._path} unpacks to more than {MOST_TIMES_UNPACKED} times its size: deliver it unpacked, "
                "or in smaller files"
            )
        return len(content)

    def close(self) -> None:
        """Close the file below too."""
        self._content.close()
        self._packed.close()
        super().close()
