"""Safe opening of landing files: real files in real folders, no links, and a limit on decompressed bytes."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq

from socialrec.errors import UserError
from socialrec.runtime.gzipped import unpacked

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def require_no_link(path: Path) -> None:
    """Raise UserError where a file or folder is a symbolic link, wherever that leads."""
    if path.is_symlink():
        raise UserError(f"{path} is a symbolic link: only real files and folders are read; put a copy in its place")


def require_file(path: Path) -> None:
    """Raise UserError where a path is a link, a folder, a pipe or a device."""
    require_no_link(path)
    if not stat.S_ISREG(path.lstat().st_mode):
        raise UserError(f"{path} is a folder, a pipe or a device: deliver a real file, or move it away")


def open_packed(path: Path) -> io.BufferedReader:
    """Open a file for its raw bytes; neither it nor the two folders above it may be a link.

    Raises UserError where one of them is, or the file is a pipe or a device; OSError where it cannot be opened.
    """
    whole = path.absolute()
    platform = day = -1
    try:
        platform = os.open(whole.parent.parent, _FOLDER)
        day = os.open(whole.parent.name or ".", _FOLDER, dir_fd=platform)
        handle = os.open(whole.name, _FILE, dir_fd=day)
    except OSError:
        for place in (whole, whole.parent, whole.parent.parent):
            require_no_link(place)
        raise
    finally:
        for folder in (platform, day):
            if folder >= 0:
                os.close(folder)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        require_file(whole)
    return os.fdopen(handle, "rb")


def open_below(folder: Path, name: str) -> io.BufferedReader:
    """Open a file below a folder for its raw bytes, by a relative name from outside, such as `images/p123-1.png`.

    Raises UserError where the name leaves the folder, or where the file or a folder on the way to it is a link, a pipe
    or a device; OSError where it cannot be opened.
    """
    parts = name.split("/")
    if "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise UserError(f"{name!r} is no path below the day's folder; write it as images/p123-1.png")
    opened = [os.open(folder, _FOLDER)]
    try:
        for place, part in enumerate(parts[:-1], 1):
            require_no_link(folder.joinpath(*parts[:place]))
            opened.append(os.open(part, _FOLDER, dir_fd=opened[-1]))
        require_no_link(folder.joinpath(*parts))
        handle = os.open(parts[-1], _FILE, dir_fd=opened[-1])
    finally:
        for one in opened:
            os.close(one)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UserError(f"{name} is a folder, a pipe or a device: deliver a real file")
    return os.fdopen(handle, "rb")


def open_unpacked(path: Path) -> io.BufferedReader:
    """Open a file as `open_packed` does, decompressed where its name says that it is gzipped.

    Reading raises UserError where it decompresses to more than a file of its size may.
    """
    packed = open_packed(path)
    if path.suffix != ".gz":
        return packed
    return unpacked(packed, path)


@contextmanager
def open_parquet(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file as `open_packed` does."""
    with open_packed(path) as content, pq.ParquetFile(content) as parquet:
        yield parquet
