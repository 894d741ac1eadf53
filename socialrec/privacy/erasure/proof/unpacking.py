"""Content of a file as text, in any archive format: pieces of bounded size, in one pass."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

CHUNK = 1 << 20
OVERLAP = 1 << 14
"""Overlap of consecutive pieces in bytes, so that nothing is cut: an id of 200 characters, each escaped."""
_DEEPEST = 3
"""Depth up to which nested archives are opened."""
_ROWS = 8_192
_LOCKED_SECONDS = 30
_RUNS = re.compile(rb"(?:[\x20-\x7e]|[\xc2-\xf4][\x80-\xbf]+){6,}")
_WIDE_RUNS = re.compile(rb"(?:[\x20-\x7e]\0+){6,}")
"""Encodings with two or four bytes per character."""
_NOT_ASCII = bytes(byte if byte < 0x80 else 0x20 for byte in range(256))
BOMS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_PACKERS: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": lambda packed: gzip.GzipFile(fileobj=packed),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}
_ZIP, _PARQUET, _SQLITE = b"PK\x03\x04", b"PAR1", b"SQLite format 3\0"
BROKEN: tuple[type[Exception], ...] = (
    *(OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, sqlite3.Error, pa.ArrowException),
    # For encrypted archives, unknown methods, and false headers.
    *(RuntimeError, ValueError),
)
"""Errors of archives that cannot be opened."""


@dataclass(frozen=True)
class Piece:
    """Piece of a file as text.

    is_first, is_last: a word at its beginning or end is whole. column: of a table, the column whose values it holds, a
    line each; `values` are then these, where they are not text alone.
    """

    text: str
    is_first: bool = True
    is_last: bool = True
    column: str = ""
    values: tuple[Any, ...] = ()


def pieces(path: Path, encodings: Collection[str]) -> Iterator[Piece]:
    """Split a file into pieces: its raw bytes, and its unpacked content. Raises one of `BROKEN` for a broken
    archive.
    """
    with path.open("rb") as content:
        yield from _of_stream(content, encodings, depth=0)
        content.seek(0)
        is_database = content.read(len(_SQLITE)) == _SQLITE
    if is_database:
        yield from _of_database(path)


def _of_stream(content: BinaryIO, encodings: Collection[str], depth: int) -> Iterator[Piece]:
    start = content.read(16)
    content.seek(0)
    yield from _of_bytes(content, encodings, BOMS.get(start[:2], ""))
    if depth == _DEEPEST:
        return
    content.seek(0)
    if start.startswith(_PARQUET):
        yield from _of_parquet(content)
    elif start.startswith(_ZIP):
        yield from _of_zip(content, encodings, depth)
    for magic, unpack in _PACKERS.items():
        if start.startswith(magic):
            with unpack(content) as unpacked:
                yield from _of_stream(unpacked, encodings, depth + 1)


def _of_bytes(content: BinaryIO, encodings: Collection[str], wide: str) -> Iterator[Piece]:
    rest, is_first = b"", True
    chunk = content.read(CHUNK)
    while chunk:
        following = content.read(CHUNK)
        whole = rest + chunk
        for text in _texts(whole, encodings, wide):
            yield Piece(text, is_first, not following)
        rest, chunk, is_first = whole[-OVERLAP:], following, False


def _texts(chunk: bytes, encodings: Collection[str], wide: str) -> Iterator[str]:
    """Decode bytes in each possible encoding; of binary data, the runs of characters in it."""
    if wide:
        yield chunk.decode(wide, "replace")
    if chunk.isascii() and b"\0" not in chunk:
        yield chunk.decode("ascii")
    # A character may be cut at either end.
    elif b"\0" not in chunk or _decodes(chunk[4:-4]):
        for encoding in ("utf-8", *encodings):
            yield chunk.decode(encoding, "replace")
        # Here bytes beyond ASCII end a word, whatever they are.
        yield chunk.translate(_NOT_ASCII).decode("ascii")
    else:
        yield b"\n".join(_RUNS.findall(chunk)).decode("utf-8", "replace")
    if b"\0" in chunk:
        yield b"\n".join(_WIDE_RUNS.findall(chunk)).replace(b"\0", b"").decode("ascii")


def _decodes(chunk: bytes) -> bool:
    try:
        chunk.decode()
    except UnicodeDecodeError:
        return False
    return True


def _of_zip(content: BinaryIO, encodings: Collection[str], depth: int) -> Iterator[Piece]:
    with zipfile.ZipFile(content) as package:
        for member in package.infolist():
            yield Piece(member.filename)
            with package.open(member) as unpacked:
                yield from _of_stream(unpacked, encodings, depth + 1)  # type: ignore[arg-type]


def _of_parquet(content: BinaryIO) -> Iterator[Piece]:
    with pq.ParquetFile(content) as parquet:
        yield Piece(str(parquet.metadata.metadata), column="metadata")
        for batch in parquet.iter_batches(_ROWS):
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                for leaf in _leaves(column):
                    values = leaf.unique().to_pylist()
                    yield Piece("\n".join(_as_text(value) for value in values), column=name, values=tuple(values))


def _leaves(column: pa.Array) -> Iterator[pa.Array]:
    """Values of a column at any depth."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        yield from _leaves(column.dictionary_decode())
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        yield from _leaves(column.flatten())
    elif pa.types.is_map(kind):
        yield from _leaves(column.keys)
        yield from _leaves(column.items)
    elif pa.types.is_struct(kind):
        for part in column.flatten():
            yield from _leaves(part)
    elif not pa.types.is_floating(kind) or column.offset + len(column) <= _ROWS:
        yield column


def _of_database(path: Path) -> Iterator[Piece]:
    """Cells of an SQLite database, because in the file they are adjacent without separators."""
    address = f"file:{quote(str(path))}?mode=ro"
    connection = sqlite3.connect(address, uri=True, timeout=_LOCKED_SECONDS)
    try:
        connection.text_factory = lambda content: content.decode("utf-8", "replace")
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            quoted = table.replace('"', '""')
            rows = connection.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 (a table's name cannot be bound)
            while found := rows.fetchmany(_ROWS):
                yield Piece("\n".join(_as_text(cell) for row in found for cell in row if isinstance(cell, str | bytes)))
    finally:
        connection.close()


def _as_text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
