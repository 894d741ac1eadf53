"""CSV files as records, with recovery from quotes that do not close."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from socialrec.contracts.columns import Column
from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.vocabulary import Entity
from socialrec.etl.landing.lines import BLANKS

LONGEST_RECORD = 131_072
"""Length after which an open quote counts as stray; the csv module reads no longer value either."""
_OPEN: tuple[str, ...] = ("a quote is open",)
"""Sentinel for the values of a line in which a quote opens and does not close; compared by identity."""
_STARTS: dict[str, re.Pattern[str]] = {
    "timestamp": re.compile(r"\d{4}-?\d{2}-?\d{2}|\d{9,19}(\.\d*)?$"),
    "int64": re.compile(r"[+-]?\d+(\.\d*)?$"),
    "float64": re.compile(r"[+-]?\d*\.?\d+(e[+-]?\d+)?$", re.IGNORECASE),
    "bool": re.compile(r"(true|false|[01])$", re.IGNORECASE),
}


@dataclass(frozen=True)
class CsvRecord:
    """One record of a CSV file: number of its first line from 1, its number of lines, and its values.

    fields: None where the lines are no record of this header; `raw` is what they hold, line ends as LF.
    """

    line: int
    n_lines: int
    raw: str
    fields: tuple[str, ...] | None


def csv_records(lines: Iterable[tuple[int, str]], entity: Entity, header: Sequence[str]) -> Iterator[CsvRecord]:
    """Assemble records from the numbered lines below a header, without line ends. Blank lines are no records.

    A quote that is never closed costs the line in which it opens, not those that follow: it counts as stray where the
    lines up to the next quote make no record of this header, or one of them is a record by itself.
    """
    is_record = _record_test(entity, header)
    waiting: list[tuple[int, str]] = []
    source = iter(lines)
    while True:
        number, line = waiting.pop(0) if waiting else next(source, (0, ""))
        if not number:
            return
        if not line.strip(BLANKS):
            continue
        fields = split_line(line)
        if fields is not _OPEN:
            is_whole = fields is not None and len(fields) == len(header)
            yield CsvRecord(number, 1, line, fields if is_whole else None)
            continue
        taken, fields = _close_quote(line, waiting, source, n_fields=len(header), is_record=is_record)
        if fields is None:
            yield CsvRecord(number, 1, line, None)
            continue
        raw = "\n".join([line, *(text for _, text in waiting[:taken])])
        n_lines = 1 + sum(bool(text.strip(BLANKS)) for _, text in waiting[:taken])
        yield CsvRecord(number, n_lines, raw, fields)
        del waiting[:taken]


def split_line(line: str) -> tuple[str, ...] | None:
    """The values of a record; `_OPEN` where a quote is still open at its end, None where it is no CSV."""
    if '"' not in line:
        return tuple(line.split(","))
    try:
        (fields,) = csv.reader([line], strict=True)
    except csv.Error as error:
        return _OPEN if "unexpected end" in str(error) else None
    return tuple(fields)


def is_open(fields: tuple[str, ...] | None) -> bool:
    """Check if `split_line` found a quote that is still open."""
    return fields is _OPEN


def _close_quote(
    opening: str,
    waiting: list[tuple[int, str]],
    source: Iterator[tuple[int, str]],
    *,
    n_fields: int,
    is_record: Callable[[str], bool],
) -> tuple[int, tuple[str, ...] | None]:
    """Find how many more lines a record takes, and its values; None where its quote is a stray one.

    Lines that were read are left in `waiting`.
    """
    parts, size, taken, n_opened = [opening], len(opening), 0, 0
    # A line that closes a quote and opens another begins a value: more of them than columns make no record.
    while size <= LONGEST_RECORD and n_opened < n_fields:
        if taken == len(waiting):
            following = next(source, None)
            if following is None:
                return 0, None
            waiting.append(following)
        line = waiting[taken][1]
        parts.append(line)
        size, taken = size + len(line), taken + 1
        if '"' not in line.replace('""', ""):
            continue
        fields = _split_lines(parts)
        if fields is not _OPEN:
            is_whole = fields is not None and len(fields) == n_fields and not any(map(is_record, parts[1:]))
            return (taken, fields) if is_whole else (0, None)
        n_opened += 1
    return 0, None


def _split_lines(lines: Sequence[str]) -> tuple[str, ...] | None:
    try:
        (fields,) = csv.reader([f"{line}\n" for line in lines[:-1]] + [lines[-1]], strict=True)
    except csv.Error as error:
        return _OPEN if "unexpected end" in str(error) else None
    return tuple(fields)


def _record_test(entity: Entity, header: Sequence[str]) -> Callable[[str], bool]:
    """A test whether a line is a record of its own: as many values, ids without blanks, times and numbers that fit."""
    columns = {column.name: column for column in ENTITIES[entity].columns}
    known = [(place, columns[name]) for place, name in enumerate(header) if name in columns]

    def fits(value: str, column: Column) -> bool:
        if not value:
            return column.nullable
        if column.choices is not None:
            return value in [str(choice) for choice in column.choices]
        has_blank = value[0] in BLANKS or (column.name.endswith("_id") and any(mark in value for mark in BLANKS))
        pattern = _STARTS.get(str(column.type))
        return not has_blank and (pattern is None or bool(pattern.match(value)))

    def is_record(line: str) -> bool:
        fields = split_line(line)
        if fields is None or fields is _OPEN or len(fields) != len(header):
            return False
        return all(fits(fields[place], column) for place, column in known)

    return is_record
