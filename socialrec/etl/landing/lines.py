"""Text files as lines: line ends and encodings.

A line ends at LF, CR or CRLF, in any mixture, and nowhere else (not at U+2028 or U+0085): as Spark reads text files.
Ingest, `check` and the erasure all read lines by the functions here.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BufferedIOBase, TextIOWrapper
from pathlib import Path
from typing import TextIO

from socialrec.errors import UserError
from socialrec.etl.landing.opening import open_unpacked

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
BLANKS = " \t"
"""Characters of a blank line, which is no record."""
LONGEST_LINE = 1 << 24
"""Longest line in bytes, 16 MiB: a longer one is no record, and would have to be held in memory."""
CONVERT = "socialrec convert FOLDER --into FOLDER"
ENCODING_NAMES = {"gb18030": "GB18030 (GBK)", "cp1252": "Windows-1252 (Latin-1)"}
_SAMPLED_LINES = 200
_CHUNK = 1 << 20


@dataclass(frozen=True)
class TextFacts:
    """Facts about a text file, found in one pass over its bytes.

    n_lines: lines that are not blank. header_line: the first of them, from 1; 0 where there is none. has_quotes: a
    double quote is among them.
    """

    n_lines: int
    header_line: int
    has_quotes: bool


class LineTooLongError(UserError):
    """Line with more bytes than any record."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"line {number:,} is longer than {LONGEST_LINE >> 20} MiB: write one record on each line, and deliver the "
            "file again"
        )


def open_bytes(path: Path) -> BufferedIOBase:
    """Open a landing file for its bytes, decompressed where it is gzipped; errors as of `landing.opening`."""
    return open_unpacked(path)


def open_text(path: Path, encoding: str) -> TextIO:
    """Open a landing file as text with its own line ends, for readers that find these themselves."""
    return TextIOWrapper(open_unpacked(path), encoding=encoding, newline="")


def bounded_lines(text: TextIO) -> Iterator[str]:
    """The lines of a text with their ends; LineTooLongError where one has more characters than a line may."""
    number = 0
    while line := text.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise LineTooLongError(number)
        yield line


def whole_lines(content: BufferedIOBase) -> Iterator[list[bytes]]:
    """All lines of a file in batches, each with its line end; the last one may have none.

    Raises LineTooLongError rather than hold a line that is longer than any record.
    """
    rest, n_seen = b"", 0
    while chunk := content.read(max(_CHUNK, len(rest))):
        chunk = rest + chunk
        # A CR at the end may be the first half of a CRLF.
        end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r", 0, len(chunk) - 1)) + 1
        if end:
            lines = chunk[:end].splitlines(keepends=True)
            n_seen += len(lines)
            yield lines
        rest = chunk[end:]
        if len(rest) > LONGEST_LINE:
            raise LineTooLongError(n_seen + 1)
    if rest:
        yield rest.splitlines(keepends=True)


def survey(content: BufferedIOBase) -> TextFacts:
    """Count a file's lines that are not blank, by its bytes. Reads the file to its end."""
    n_lines = n_seen = header_line = 0
    has_quotes = False
    for lines in whole_lines(content):
        if not n_seen:
            lines[0] = lines[0].removeprefix(BYTE_ORDER_MARK)
        filled = [bool(line.strip(b" \t\r\n")) for line in lines]
        if not header_line and any(filled):
            header_line = n_seen + filled.index(True) + 1
        n_seen += len(lines)
        n_lines += sum(filled)
        has_quotes = has_quotes or any(b'"' in line for line in lines)
    return TextFacts(n_lines, header_line, has_quotes)


def text_lines(content: BufferedIOBase, encoding: str) -> Iterator[str]:
    """The lines of a file as text, without line ends and byte order mark.

    The encoding must have the line ends of ASCII, because lines are cut before they are decoded.
    """
    is_first = True
    for lines in whole_lines(content):
        if is_first:
            lines[0] = lines[0].removeprefix(BYTE_ORDER_MARK)
        is_first = False
        for line in lines:
            yield line.rstrip(b"\r\n").decode(encoding)


def encoding_problem(content: BufferedIOBase, encoding: str) -> str | None:
    """Say where a text file is not in its encoding and in which it may be; None where it is. Reads it to its end."""
    n_lines = 0
    for lines in whole_lines(content):
        batch = b"".join(lines)
        if not n_lines and batch.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return f"it is UTF-16; save it as UTF-8, or run `{CONVERT}`"
        try:
            batch.decode(encoding)
        except UnicodeDecodeError:
            place = next(place for place, line in enumerate(lines) if not _decodes(line, encoding))
            return _foreign_line(n_lines + place + 1, lines[place], lines[place:], encoding)
        if b"\0" in batch and b"\0" in lines[0]:
            return f"its text has zero bytes, as UTF-16 has; save it as UTF-8, or run `{CONVERT}`"
        n_lines += len(lines)
    return None


def likely_encoding(lines: Sequence[bytes]) -> str:
    """Most likely encoding of lines that are not UTF-8: Chinese (`gb18030`), or Western (`cp1252`)."""
    said = [byte for line in lines for byte in line if byte >= 0x80]
    try:
        text = "".join(line.decode("gb18030") for line in lines)
    except UnicodeDecodeError:
        return "cp1252"
    # Two bytes per character, mostly of common characters (0xB0 to 0xD7 in the first byte).
    n_chinese = sum("\u3000" <= mark <= "\u9fff" or "\uff00" <= mark <= "\uffef" for mark in text)
    is_frequent = sum(0xB0 <= byte <= 0xD7 for byte in said) >= n_chinese / 2
    return "gb18030" if n_chinese * 2 >= len(said) * 0.9 and is_frequent else "cp1252"


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _foreign_line(number: int, line: bytes, following: Sequence[bytes], encoding: str) -> str:
    try:
        line.decode(encoding)
    except UnicodeDecodeError as error:
        place = error.start
    likely = likely_encoding([one for one in following[:_SAMPLED_LINES] if not one.isascii()])
    before = re.split(rb"[\s,;|\"]", line[max(0, place - 40) : place])[-1]
    word = (before + re.split(rb"[\s,;|\"]", line[place : place + 40])[0]).decode(likely, errors="replace")
    return (
        f"line {number}, byte {place + 1} (0x{line[place]:02X}) is not {encoding.upper()}; it reads {word!r} as "
        f"{ENCODING_NAMES[likely]}; save the file as UTF-8, run `{CONVERT}`, or set etl.platforms.<platform>.encodings"
    )
