"""Landing files without some people: every other record stays as it was delivered, byte for byte in text files."""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Callable, Collection, Container, Sequence
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from socialrec.contracts.landing import LANDING_USERS
from socialrec.contracts.vocabulary import Entity
from socialrec.etl.landing_csv import csv_records, split_line
from socialrec.etl.landing_files import LandingDay, LandingFile, find_days
from socialrec.etl.landing_text import BLANKS, BYTE_ORDER_MARK, open_bytes, whole_lines
from socialrec.settings import Settings

FOREVER = "9999-12-31"


class Names:
    """Raw ids of people, found in records."""

    def __init__(self, ids: Collection[str]) -> None:
        self.ids = frozenset(ids)

    @cached_property
    def words(self) -> re.Pattern[str]:
        """Any of the ids as a whole word."""
        listed = "|".join(re.escape(user) for user in sorted(self.ids, key=len, reverse=True))
        return re.compile(rf"(?<![\w-])(?:{listed})(?![\w-])")

    def are_in(self, record: str, entity: Entity) -> bool:
        """Whether a JSON record names one of them as its user; whether any other text holds an id as a word."""
        try:
            content = json.loads(record)
        except ValueError:
            return bool(self.words.search(record))
        if not isinstance(content, dict):
            return bool(self.words.search(record))
        return any(str(content.get(column)) in self.ids for column in LANDING_USERS[entity])


def all_days(settings: Settings) -> list[LandingDay]:
    """Every landing day; none where nothing has landed."""
    has_landed = any(settings.landing.glob("[!._]*/[!._]*"))
    return find_days(settings.landing, FOREVER, settings.etl.platforms) if has_landed else []


def files_to_clean(settings: Settings) -> list[LandingFile]:
    """All delivered files that may name users."""
    return [file for day in all_days(settings) for file in day.files if LANDING_USERS[file.entity]]


def holds(file: LandingFile, names: Names) -> bool:
    """Whether one of the people is in a file."""
    return without(file, names, dry_run=True) > 0


def without(file: LandingFile, names: Names, *, dry_run: bool) -> int:
    """Take the people's records out of one file; returns how many there were. A file without any is not touched."""
    clean = {"parquet": _clean_parquet, "jsonl": _clean_jsonl, "csv": _clean_csv}[file.format]
    n_gone, write = clean(file, names)
    if n_gone and not dry_run:
        partial = file.path.with_name(f".{file.path.name}.{os.getpid()}")
        write(partial)
        partial.replace(file.path)
    return n_gone


Cleaned = tuple[int, Callable[[Path], object]]


def _clean_parquet(file: LandingFile, names: Names) -> Cleaned:
    with pq.ParquetFile(file.path) as parquet:
        table = parquet.read()
    ids = pa.array(sorted(names.ids), pa.string())
    stays = pa.chunked_array([pa.array([True] * table.num_rows, pa.bool_())])
    for column in set(LANDING_USERS[file.entity]) & set(table.column_names):
        values = table[column].cast(pa.string())
        stays = pc.and_(stays, pc.invert(pc.is_in(values, value_set=ids)))
    kept = table.filter(stays)
    return table.num_rows - kept.num_rows, lambda target: pq.write_table(kept, target, compression="zstd")


def _clean_jsonl(file: LandingFile, names: Names) -> Cleaned:
    lines = _lines(file)

    def is_theirs(line: bytes) -> bool:
        return names.are_in(_text(line.removeprefix(BYTE_ORDER_MARK), file), file.entity)

    gone = {place for place, line in enumerate(lines) if is_theirs(line)}
    return len(gone), lambda target: _write_without(file, target, lines, gone)


def _clean_csv(file: LandingFile, names: Names) -> Cleaned:
    lines = _lines(file)
    text = [(number, _text(line, file)) for number, line in enumerate(lines, 1)]
    top = next((number for number, line in text if line.strip(BLANKS)), None)
    if top is None:
        return 0, lambda target: None
    header = [name.strip() for name in split_line(text[top - 1][1].lstrip("\ufeff")) or ()]
    places = [header.index(column) for column in LANDING_USERS[file.entity] if column in header]
    n_gone, gone = 0, set[int]()
    for record in csv_records(text[top:], file.entity, header):
        found = names.words.search(record.raw) if record.fields is None else None
        if found or (record.fields and any(record.fields[place] in names.ids for place in places)):
            n_gone += 1
            gone |= set(range(record.line - 1, record.line - 1 + record.raw.count("\n") + 1))
    return n_gone, lambda target: _write_without(file, target, lines, gone)


def _lines(file: LandingFile) -> list[bytes]:
    with open_bytes(file.path) as content:
        return [line for lines in whole_lines(content) for line in lines]


def _text(line: bytes, file: LandingFile) -> str:
    """A line without its end; bytes that are not of the file's encoding stand in nobody's way."""
    return line.rstrip(b"\r\n").decode(file.encoding, errors="surrogateescape")


def _write_without(file: LandingFile, target: Path, lines: Sequence[bytes], gone: Container[int]) -> None:
    """Write the lines with blank ones in these places, so that the others keep their numbers."""
    content = b"".join(b"\n" if place in gone else line for place, line in enumerate(lines))
    target.write_bytes(gzip.compress(content, mtime=0) if file.path.suffix == ".gz" else content)
