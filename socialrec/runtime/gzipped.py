"""Gzipped files from outside, decompressed up to a limit for files of their size."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path

from socialrec.errors import UserError

UNPACKED_BYTES = 1 << 26
MOST_TIMES_UNPACKED = 100
"""Limits on decompressed size: `UNPACKED_BYTES` (64 MiB), or this factor times the file's size where that is more."""


def unpacked(packed: io.BufferedReader, path: Path) -> io.BufferedReader:
    """Open the content of an open gzipped file; reading beyond the limit raises UserError."""
    return io.BufferedReader(_Unpacked(packed, path), 1 << 16)


class _Unpacked(io.RawIOBase):
    """Decompressed bytes of a gzipped file, up to the limit."""

    def __init__(self, packed: io.BufferedReader, path: Path) -> None:
        self._packed, self._content, self._path = packed, gzip.GzipFile(fileobj=packed), path
        self._left = max(UNPACKED_BYTES, MOST_TIMES_UNPACKED * os.fstat(packed.fileno()).st_size)

    def readable(self) -> bool:
        """Return True, as required of a readable raw stream."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Decompress as many bytes as fit; UserError beyond the limit."""
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
        """Close the underlying file too."""
        self._content.close()
        self._packed.close()
        super().close()
