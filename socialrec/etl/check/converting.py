"""Exports of spreadsheets and databases to landing files: guess their format, and convert them."""

from __future__ import annotations

import csv
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol

from socialrec.contracts.columns import Column
from socialrec.contracts.entities import ENTITIES
from socialrec.errors import UserError
from socialrec.etl.landing.files import LandingFile
from socialrec.etl.landing.guesses import SEPARATORS, similar_columns
from socialrec.etl.landing.lines import (
    BLANKS,
    LineTooLongError,
    bounded_lines,
    encoding_problem,
    likely_encoding,
    open_bytes,
    open_text,
    whole_lines,
)

SAMPLED_RECORDS = 1_000
_LONGEST_HEADER = 1 << 16
_BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_CLOCK = r"(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?$"
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})[./](?P<month>\d{1,2})[./](?P<day>\d{1,2})" + _CLOCK)
_DOTTED = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})" + _CLOCK)
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})[/-](?P<month>\d{1,2})[/-](?P<year>\d{4})" + _CLOCK)
_MONTH_FIRST = re.compile(r"(?P<month>\d{1,2})[/-](?P<day>\d{1,2})[/-](?P<year>\d{4})" + _CLOCK)
_DAYS_FIRST = "times with slashes and the day first"
_UNTOLD = "left as it is: day or month may be first; write times as 2026-01-31T09:00:00Z"
_TAKEN_TIME = re.compile(r"\d{4}-?\d{2}-?\d{2}|\d{9,19}(\.\d*)?$")
_POINT = re.compile(r"[^\d,.\s-]*\s*(-?\d{1,3}(?:,\d{3})+|-?\d+)(\.\d+)?\s*[^\d,.\s]*$")
_COMMA = re.compile(r"[^\d,.\s-]*\s*(-?\d{1,3}(?:\.\d{3})+|-?\d+)(,\d+)?\s*[^\d,.\s]*$")
_YES = dict.fromkeys(("true", "yes", "y", "1", "ja", "oui", "是"), "true")
_NO = dict.fromkeys(("false", "no", "n", "0", "nein", "non", "否"), "false")
Rule = Callable[[str], str | None]
"""Conversion of a value to the contract's form; None where the rule does not fit it."""


class _Reader(Protocol):
    """CSV reader: rows, and the number of lines read so far."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...


@dataclass(frozen=True)
class ColumnGuess:
    """Rule that makes a column of the contract from one column: `said` is the rule in words, empty for unchanged
    values.
    """

    name: str
    target: str
    said: str
    convert: Callable[[str], str]


@dataclass(frozen=True)
class FileGuess:
    """Guessed format of a file. columns: columns to take, by position; ignored: names of the others."""

    file: LandingFile
    encoding: str
    separator: str
    columns: dict[int, ColumnGuess]
    ignored: tuple[str, ...]

    def changes(self) -> Iterator[str]:
        """Changes that a conversion makes, for people: one line each."""
        if self.encoding != "utf-8":
            yield f"encoding {self.encoding}, to UTF-8"
        if self.separator != ",":
            yield f"{SEPARATORS[self.separator]} between the columns, to commas"
        for guess in self.columns.values():
            renamed = guess.name if guess.name == guess.target else f"{guess.name} as {guess.target}"
            if guess.said or guess.name != guess.target:
                yield ": ".join(filter(None, (renamed, guess.said)))

    def lines(self) -> Iterator[str]:
        """Lines about the whole guess, with the columns that are left out."""
        yield from self.changes()
        if self.ignored:
            yield f"left out: {', '.join(self.ignored)}"


def guess_file(file: LandingFile) -> FileGuess:
    """Guess a CSV file's format from its first records.

    Raises UserError where it is no CSV file, is empty, or lacks a required column under any name.
    """
    if file.format != "csv":
        raise UserError(f"{file.path}: only CSV files are converted; deliver other formats as the contract says")
    encoding = _encoding(file)
    separator = _separator(file, encoding)
    with _rows(file, encoding, separator) as rows:
        header = [name.strip().lstrip("\ufeff") for name in next(rows, [])]
        sample = list(islice(rows, SAMPLED_RECORDS))
    meant = similar_columns(file.entity, header)
    contract = {column.name: column for column in ENTITIES[file.entity].columns}
    columns = {
        place: _guess(name, contract[target], [row[place] for row in sample if place < len(row)])
        for place, name in enumerate(header)
        if (target := meant.get(name, name)) in contract
    }
    there = {guess.target for guess in columns.values()}
    if missing := [name for name, column in contract.items() if not column.nullable and name not in there]:
        raise UserError(f"{file.path}: no column looks like {', '.join(missing)}; its header is: {', '.join(header)}")
    ignored = tuple(name for place, name in enumerate(header) if place not in columns)
    return FileGuess(file, encoding, separator, columns, ignored)


def target_of(guess: FileGuess, given: Path, into: Path) -> Path:
    """Path to write a file to: relative to `into` as the file is to the given path, as plain CSV.

    Raises UserError where that path exists: nothing is converted in place.
    """
    source, top = guess.file.path.resolve(), given.resolve()
    target = into / (source.relative_to(top) if top.is_dir() else source.name)
    target = target.with_name(target.name.removesuffix(".gz"))
    if target.exists():
        raise UserError(f"{target} is there already: name another folder with --into, or move it away")
    return target


def convert_file(guess: FileGuess, target: Path) -> int:
    """Convert a file to the landing format by a guess, whole or not at all; returns its number of records.

    Values that the guess does not fit stay as they are: ingest judges them. Records with too few or too many values
    keep their values, and are invalid in the new file too. Raises UserError where one cannot be read.
    """
    unfinished = target.with_name(f".{target.name}.partial")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        n = _write(guess, unfinished)
    except UserError:
        unfinished.unlink(missing_ok=True)
        raise
    unfinished.replace(target)
    return n


def _write(guess: FileGuess, target: Path) -> int:
    with (
        _rows(guess.file, guess.encoding, guess.separator) as rows,
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        n, n_fields = 0, len(next(rows))
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([column.target for column in guess.columns.values()])
        for row in rows:
            n += 1
            if len(row) == n_fields:
                writer.writerow([column.convert(row[place]) for place, column in guess.columns.items()])
            else:
                # Where columns are left out, its values could shift into the others.
                writer.writerow(row if len(row) != len(guess.columns) else [*row, ""])
    return n


@contextmanager
def _rows(file: LandingFile, encoding: str, separator: str) -> Iterator[Iterator[list[str]]]:
    """Rows of a file without blank lines, the header first.

    Raises UserError, also while they are read, where a quote does not close or bytes are not of the encoding.
    """
    with open_text(file.opened, encoding) as text:
        yield _filled(file, csv.reader(bounded_lines(text), delimiter=separator, strict=True))


def _filled(file: LandingFile, reader: _Reader) -> Iterator[list[str]]:
    begin = 1
    try:
        for row in reader:
            if len(row) > 1 or (row and row[0].strip(BLANKS)):
                yield row
            begin = reader.line_num + 1
    except LineTooLongError as error:
        raise UserError(f"{file.path}: {error}") from None
    except (csv.Error, UnicodeError, OSError, EOFError, zlib.error) as error:
        raise UserError(f"{file.path}: the record at line {begin} cannot be read ({error}); correct it") from None


def _encoding(file: LandingFile) -> str:
    with open_bytes(file.opened) as content:
        start = content.read(4096)
    if start[:2] in _BOMS:
        return _BOMS[start[:2]]
    if start.count(b"\0") > len(start) / 4:
        return "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
    with open_bytes(file.opened) as content:
        if encoding_problem(content, "utf-8") is None:
            return "utf-8"
    with open_bytes(file.opened) as content:
        foreign = (line for lines in whole_lines(content) for line in lines if not line.isascii())
        return likely_encoding(list(islice(foreign, SAMPLED_RECORDS)))


def _separator(file: LandingFile, encoding: str) -> str:
    with open_bytes(file.opened) as content:
        start = content.read(_LONGEST_HEADER).decode(encoding, errors="replace")
    header = next((line for line in start.splitlines() if line.strip(BLANKS)), "")
    return max((",", *SEPARATORS), key=header.count)


def _guess(name: str, column: Column, values: Sequence[str]) -> ColumnGuess:
    said = [value.strip() for value in values if value.strip()]
    for words, convert in _rules(name, column):
        if said and all(convert(value) is not None for value in said):
            if words.startswith(_DAYS_FIRST) and all(_time(_MONTH_FIRST, value) for value in said):
                return ColumnGuess(name, column.name, _UNTOLD, str)
            return ColumnGuess(name, column.name, words, _or_as_it_is(convert))
    return ColumnGuess(name, column.name, "", str)


def _rules(name: str, column: Column) -> Iterator[tuple[str, Rule]]:
    """Rules for a column; the first rule that fits all values of the sample is taken."""
    if column.choices is not None:
        choices = {str(choice) for choice in column.choices}
        yield "", lambda value: value if value in choices else None
        yield "to small letters", lambda value: value.lower() if value.lower() in choices else None
    elif column.type == "timestamp":
        yield "", lambda value: value if _TAKEN_TIME.match(value) else None
        yield "times with the year first, as UTC", partial(_time, _YEAR_FIRST)
        yield "times with the day first, as UTC", partial(_time, _DOTTED)
        yield f"{_DAYS_FIRST}, as UTC", partial(_time, _DAY_FIRST)
        yield "times with the month first, as UTC", partial(_time, _MONTH_FIRST)
    elif column.type == "int64":
        # A price whose name does not say cents is an amount.
        if not column.name.endswith("_cents") or "cent" in name.lower():
            yield "", lambda value: value if re.fullmatch(r"-?\d+(\.0+)?", value) else None
        yield "amounts with a decimal point, times 100", partial(_cents, _POINT)
        yield "amounts with a decimal comma, times 100", partial(_cents, _COMMA)
    elif column.type == "float64":
        yield "", lambda value: value if re.fullmatch(r"[+-]?\d*\.?\d+", value) else None
        yield "with a decimal comma", partial(_number, _COMMA)
    elif column.type == "bool":
        yield "", lambda value: value if value in ("true", "false", "1", "0") else None
        yield "yes and no", lambda value: {**_YES, **_NO}.get(value.lower())


def _or_as_it_is(convert: Rule) -> Callable[[str], str]:
    def apply(value: str) -> str:
        converted = convert(value.strip())
        return value if converted is None else converted

    return apply


def _time(pattern: re.Pattern[str], value: str) -> str | None:
    match = pattern.match(value)
    if match is None:
        return None
    hour, minute, second = (int(part or 0) for part in match.groups()[-3:])
    try:
        return datetime(int(match["year"]), int(match["month"]), int(match["day"]), hour, minute, second).isoformat()
    except ValueError:
        return None


def _number(pattern: re.Pattern[str], value: str) -> str | None:
    match = pattern.match(value)
    return match and re.sub("[.,]", "", match[1]) + (match[2] or "").replace(",", ".")


def _cents(pattern: re.Pattern[str], value: str) -> str | None:
    number = _number(pattern, value)
    return number and format((Decimal(number) * 100).normalize(), "f")
