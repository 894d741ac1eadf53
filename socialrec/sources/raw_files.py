"""Reader of a source's raw files as published: text or gzip, line by line, with faults as one message with file and
line.
"""

from __future__ import annotations

import gzip
import io
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.errors import UserError
from socialrec.runtime.gzipped import unpacked

_BYTE_ORDER_MARK = "\ufeff"
_GZIP = b"\x1f\x8b"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_MILLISECONDS_FROM = 100_000_000_000
"""Number from which seconds count as milliseconds: as seconds it is the year 5138, as milliseconds 1973."""
_LAST_SECOND = 253_402_300_799
"""End of the year 9999."""
CHUNK_ROWS = 65_536
LONGEST_LINE = 1 << 24
"""Longest line in characters: a longer one is no record, and would have to be held in memory."""
MOST_BYTES = 4
"""Bytes of a character."""


def files_in(folder: Path, remedy: str) -> list[Path]:
    """List the visible files of a folder, sorted. Raises UserError with the remedy where it is no readable folder."""
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder: {remedy}")
    try:
        return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        raise UserError(f"{folder} cannot be read ({error.strerror}): {remedy}") from None


def read_lines(file: Path, encoding: str = "utf-8") -> Iterator[tuple[int, str]]:
    """Read lines of a text file with their numbers from 1, including blank ones, without their ends (CRLF, LF or CR).

    No other character ends a line, as in landing files (not U+2028 or U+0085). A file with gzip's magic number is
    decompressed, up to the limit of `gzipped`, and a byte order mark is dropped. Raises UserError naming file and line
    where it cannot be read.
    """
    number = 0
    with _one_line_faults(file, lambda: number + 1), _open(file, encoding) as lines:
        for number, line in enumerate(_bounded(file, lines), 1):
            yield number, (line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line).removesuffix("\n")


def is_utf8(file: Path) -> bool:
    """Check if every line of a file is UTF-8; its other faults are left to its reader."""
    try:
        with _open(file, "utf-8") as lines:
            while lines.read(LONGEST_LINE):
                pass
    except UnicodeDecodeError:
        return False
    except (OSError, EOFError, zlib.error):
        return True
    return True


@dataclass(frozen=True)
class TabTable:
    """Tab-separated file: its columns as text, and the line of each record, int64."""

    columns: pa.Table
    lines: pa.ChunkedArray


def read_tabs(
    file: Path, wanted: Callable[[Sequence[str]], Sequence[str]], remedy: str, encoding: str = "utf-8"
) -> TabTable:
    """Read columns of a tab-separated file that `wanted` names, given those of its header; quotes have no meaning.

    Blank lines are no records. Raises UserError naming file and line where a line has more or fewer columns than the
    header, or there is no record.
    """
    lines = ((number, line) for number, line in read_lines(file, encoding) if line.strip())
    _, header = next(lines, (0, ""))
    if not header:
        raise UserError(f"{file} is empty: {remedy}")
    names = [name.strip() for name in header.split("\t")]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"{file}: line 1 has the column {twice[0]} twice: {remedy}")
    chosen = list(wanted(names))
    places = [names.index(name) for name in chosen]

    def records() -> Iterator[tuple[int | str, ...]]:
        for number, line in lines:
            values = line.split("\t")
            if len(values) != len(names):
                raise UserError(f"{file}: line {number} has {len(values)} columns, the header {len(names)}: {remedy}")
            yield number, *(values[place] for place in places)

    schema = pa.schema([("", pa.int64()), *((name, pa.string()) for name in chosen)])
    table = to_table(records(), schema)
    if not table.num_rows:
        raise UserError(f"{file} has a header and no records: {remedy}")
    return TabTable(table.select(range(1, table.num_columns)), table.column(0))


def to_table(rows: Iterable[Sequence[object]], schema: pa.Schema) -> pa.Table:
    """Make a table from rows in batches: the rows themselves are never all in memory."""
    batches, held = [], list[Sequence[object]]()

    def pack() -> None:
        arrays = [pa.array(values, field.type) for values, field in zip(zip(*held, strict=True), schema, strict=True)]
        batches.append(pa.record_batch(arrays, schema=schema))
        held.clear()

    for row in rows:
        held.append(row)
        if len(held) == CHUNK_ROWS:
            pack()
    if held:
        pack()
    return pa.Table.from_batches(batches, schema)


def whole_characters(text: str) -> str:
    """Join the surrogate halves of characters outside the basic plane; a half alone becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def epoch_micros(value: object) -> int | None:
    """Microseconds since 1970 of a number of seconds or milliseconds; none where the value is absent or NaN.

    Raises ValueError where it is no number, or beyond the year 9999.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    number = float("nan" if isinstance(value, bool) else str(value))
    if math.isnan(number):
        return None
    seconds = number / 1000 if abs(number) >= _MILLISECONDS_FROM else number
    if not abs(seconds) <= _LAST_SECOND:
        raise ValueError(value)
    return round(seconds * 1_000_000)


def number_repeats(ids: pa.ChunkedArray) -> pa.ChunkedArray:
    """Make ids unique: the second of one id becomes `id#2`, the third `id#3`, in order."""
    while (counted := _ranks(ids)).any():
        suffixes = pc.binary_join_element_wise("#", pa.array(counted + 1).cast(pa.string()), "")
        ids = pc.if_else(pa.array(counted > 0), pc.binary_join_element_wise(ids, suffixes, ""), ids)
    return ids


def _ranks(ids: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Number of equal ids before each, int64 (n,)."""
    codes = pc.fill_null(ids, "").combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    ranks = np.empty(len(codes), dtype=np.int64)
    ranks[order] = np.arange(len(codes)) - np.repeat(starts, np.diff(starts, append=len(codes)))
    return ranks


def require(file: Path, names: Sequence[str], held: Sequence[str], remedy: str) -> None:
    """Raise UserError where a file lacks one of the named columns."""
    if missing := [name for name in names if name not in held]:
        raise UserError(f"{file} lacks the columns {', '.join(missing)} (it has {', '.join(held)}): {remedy}")


def _open(file: Path, encoding: str) -> IO[str]:
    with file.open("rb") as raw:
        start = raw.read(2)
    if start in _UTF16:
        encoding = "utf-16"
    if start == _GZIP:
        return io.TextIOWrapper(unpacked(file.open("rb"), file), encoding=encoding)
    return file.open(encoding=encoding)


def _bounded(file: Path, lines: IO[str]) -> Iterator[str]:
    """Lines of a file; UserError where one is too long to be a record."""
    number = 0
    while line := lines.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise UserError(f"{file}: line {number} is longer than {LONGEST_LINE:,} characters: fetch the file again")
        yield line


@contextmanager
def _one_line_faults(file: Path, lines_read: Callable[[], int]) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise UserError(_bad_byte(file, error)) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(
            f"{file}: the gzip data are cut or damaged after line {lines_read()} ({error}): fetch the file again"
        ) from None
    except OSError as error:
        raise UserError(f"{file} cannot be read ({error.strerror or error}): check the file and its rights") from None


def _bad_byte(file: Path, error: UnicodeDecodeError) -> str:
    """Find the place of the byte: text is decoded in buffers, so its line has to be searched again."""
    encoding = error.encoding.upper()
    with file.open("rb") as raw:
        is_packed = raw.read(2) == _GZIP
    opened = unpacked(file.open("rb"), file) if is_packed else file.open("rb")
    with suppress(OSError, EOFError, zlib.error), opened as lines:
        for number, line in enumerate(iter(partial(lines.readline, MOST_BYTES * LONGEST_LINE), b""), 1):
            try:
                line.decode(error.encoding)
            except UnicodeDecodeError as found:
                return (
                    f"{file}: line {number}, byte {found.start + 1} is 0x{line[found.start]:02X}, which is no "
                    f"{encoding} (it may be Latin-1 or Windows-1252): save the file as UTF-8"
                )
    return f"{file} is no {encoding} ({error.reason}): save the file as UTF-8"
