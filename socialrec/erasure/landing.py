"""Landing files without some people: every other record stays as it was delivered, byte for byte in text files."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from socialrec.contracts.landing import LANDING_USERS
from socialrec.contracts.vocabulary import Entity
from socialrec.etl.landing_files import LandingDay, LandingFile, find_days

FOREVER = "9999-12-31"
BYTE_ORDER_MARK = "\ufeff"


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


def all_days(landing: Path) -> list[LandingDay]:
    """Every landing day; none where nothing has landed."""
    return find_days(landing, FOREVER) if any(landing.glob("[!._]*/[!._]*")) else []


def files_to_clean(landing: Path) -> list[LandingFile]:
    """All delivered files that may name users."""
    return [file for day in all_days(landing) for file in day.files if LANDING_USERS[file.entity]]


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
    """A record leaves an empty line, which is none: the others keep their numbers."""
    lines = _read(file).splitlines(keepends=True)
    kept = ["\n" if names.are_in(line.lstrip(BYTE_ORDER_MARK), file.entity) else line for line in lines]
    n_gone = sum(one is not other for one, other in zip(lines, kept, strict=True))
    return n_gone, lambda target: _write(file, target, kept)


def _clean_csv(file: LandingFile, names: Names) -> Cleaned:
    records = list(_csv_records(_read(file)))
    if not records:
        return 0, lambda target: None
    header = [name.strip() for name in records[0][1]]
    header[0] = header[0].lstrip(BYTE_ORDER_MARK)
    places = [header.index(column) for column in LANDING_USERS[file.entity] if column in header]

    def is_theirs(raw: str, fields: Sequence[str]) -> bool:
        if len(fields) != len(header):
            return bool(names.words.search(raw))
        return any(fields[place] in names.ids for place in places)

    kept = [records[0][0], *(raw for raw, fields in records[1:] if not is_theirs(raw, fields))]
    return len(records) - len(kept), lambda target: _write(file, target, kept)


def _csv_records(text: str) -> Iterator[tuple[str, list[str]]]:
    """Every record as it stands in the file, with its fields; one may be several lines long."""
    lines = text.splitlines(keepends=True)
    reader = csv.reader(iter(lines))
    begin = 0
    for fields in reader:
        yield "".join(lines[begin : reader.line_num]), fields
        begin = reader.line_num


def _read(file: LandingFile) -> str:
    """The text of a file; bytes that are no UTF-8 come back as they were when it is written."""
    content = file.path.read_bytes()
    if file.path.suffix == ".gz":
        content = gzip.decompress(content)
    return content.decode("utf-8", errors="surrogateescape")


def _write(file: LandingFile, target: Path, parts: Sequence[str]) -> None:
    content = "".join(parts).encode("utf-8", errors="surrogateescape")
    target.write_bytes(gzip.compress(content, mtime=0) if file.path.suffix == ".gz" else content)
