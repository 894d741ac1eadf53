"""Landing files without the erased users: all other records stay as delivered, byte for byte in text files."""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Callable, Collection, Container, Iterator
from contextlib import nullcontext
from decimal import Decimal
from functools import cached_property
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.etl.landing.csv_records import csv_records, split_line
from socialrec.etl.landing.files import LandingDay, LandingFile, find_days
from socialrec.etl.landing.lines import BLANKS, BYTE_ORDER_MARK, LineTooLongError, open_bytes, whole_lines
from socialrec.etl.landing.opening import open_parquet
from socialrec.settings import Settings

FOREVER = "9999-12-31"
_BATCH_ROWS = 65_536
_NUMBER = re.compile(r"-?\d+(\.\d+)?([Ee][+-]?\d+)?")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


class RawIds:
    """Raw ids of users, in any spelling."""

    def __init__(self, ids: Collection[str]) -> None:
        self.ids = frozenset(ids)
        self._flags = frozenset(user.lower() for user in self.ids) & {"true", "false"}
        self._numbers = frozenset(float(user) for user in self.ids if _NUMBER.fullmatch(user))

    @cached_property
    def words(self) -> re.Pattern[str]:
        """Pattern of any of the ids as a whole word."""
        listed = "|".join(re.escape(user) for user in sorted(self.ids, key=len, reverse=True))
        return re.compile(rf"(?<![\w-])(?:{listed})(?![\w-])")

    def has(self, value: object) -> bool:
        """Check if a value is one of the ids: 123.0 is 123, though ingest rejects it."""
        if isinstance(value, bool):
            return str(value).lower() in self._flags
        if isinstance(value, float | Decimal):
            return value in self._numbers
        return str(value) in self.ids

    def are_in(self, record: str, entity: Entity) -> bool:
        """Check if a JSON record names one of them as its user; any other text is searched for an id as a word."""
        try:
            content = json.loads(record, object_pairs_hook=_Pairs)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, _Pairs):
            return bool(self.words.search(record) or self.words.search(_unescaped(record)))
        return any(name in ENTITIES[entity].users and self.has(value) for name, value in content)


class _Pairs(list[tuple[str, Any]]):
    """JSON object with all of its names, including repeated ones."""


def _unescaped(record: str) -> str:
    """Decode the JSON escapes of a broken record, with surrogate halves joined."""
    text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), record)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def all_days(settings: Settings) -> list[LandingDay]:
    """Every landing day; none where nothing has landed."""
    has_landed = any(settings.landing.glob("[!._]*/[!._]*"))
    return find_days(settings.landing, FOREVER, settings.etl.platforms) if has_landed else []


def files_to_clean(settings: Settings) -> list[LandingFile]:
    """All delivered files that may name users."""
    return [file for day in all_days(settings) for file in day.files if ENTITIES[file.entity].users]


def holds(file: LandingFile, names: RawIds) -> bool:
    """Check if one of the users is in a file."""
    return without(file, names, dry_run=True) > 0


def without(file: LandingFile, names: RawIds, *, dry_run: bool) -> int:
    """Remove the users' records from one file; returns their number. A file without any is not touched.

    Raises UserError where the file changes meanwhile, or cannot be read.
    """
    clean = {"parquet": _clean_parquet, "jsonl": _clean_jsonl, "csv": _clean_csv}[file.format]
    before = file.state()
    try:
        n_gone, write = clean(file, names)
        if n_gone and not dry_run:
            partial = file.path.with_name(f".{file.path.name}.{os.getpid()}")
            # The path may be a link: it is removed, and nothing is written through it.
            partial.unlink(missing_ok=True)
            with partial.open("xb") as target:
                write(target)
            if file.state() != before:
                partial.unlink()
                raise UserError(
                    f"{file.path} changed while people were taken out of it: run this again when it is whole"
                )
            partial.replace(file.path)
    except LineTooLongError as error:
        raise UserError(f"{file.path}: {error}") from None
    return n_gone


Cleaned = tuple[int, Callable[[BinaryIO], object]]


def _clean_parquet(file: LandingFile, names: RawIds) -> Cleaned:
    def kept() -> Iterator[pa.RecordBatch]:
        with open_parquet(file.opened) as parquet:
            for batch in parquet.iter_batches(_BATCH_ROWS):
                yield batch.filter(_stays(batch, file.entity, names))

    def write(target: BinaryIO) -> None:
        with pq.ParquetWriter(target, schema, compression="zstd") as writer:
            for batch in kept():
                writer.write_batch(batch)

    with open_parquet(file.opened) as parquet:
        n_rows, schema = parquet.metadata.num_rows, parquet.schema_arrow
    return n_rows - sum(batch.num_rows for batch in kept()), write


def _stays(batch: pa.RecordBatch, entity: Entity, names: RawIds) -> pa.Array:
    """Mark rows that name none of the users, bool (n,)."""
    ids, stays = pa.array(sorted(names.ids), pa.string()), pa.array([True] * batch.num_rows, pa.bool_())
    for column in set(ENTITIES[entity].users) & set(batch.schema.names):
        values = batch.column(column)
        if pa.types.is_string(values.type) or pa.types.is_integer(values.type):
            is_theirs = pc.is_in(values.cast(pa.string()), value_set=ids)
        else:
            is_theirs = pa.array([names.has(value) for value in values.to_pylist()], pa.bool_())
        stays = pc.and_(stays, pc.invert(is_theirs))
    return stays


def _clean_jsonl(file: LandingFile, names: RawIds) -> Cleaned:
    gone = {
        number
        for number, line in _lines(file)
        if names.are_in(_text(line.removeprefix(BYTE_ORDER_MARK), file), file.entity)
    }
    return len(gone), lambda target: _write_without(file, target, gone)


def _clean_csv(file: LandingFile, names: RawIds) -> Cleaned:
    lines = ((number, _text(line, file)) for number, line in _lines(file))
    top = next((line for _, line in lines if line.strip(BLANKS)), None)
    if top is None:
        return 0, lambda target: None
    header = [name.strip() for name in split_line(top.lstrip("\ufeff")) or ()]
    places = [header.index(column) for column in ENTITIES[file.entity].users if column in header]
    n_gone, gone = 0, set[int]()
    for record in csv_records(lines, file.entity, header):
        found = names.words.search(record.raw) if record.fields is None else None
        if found or (record.fields and any(record.fields[place] in names.ids for place in places)):
            n_gone += 1
            gone |= set(range(record.line, record.line + record.raw.count("\n") + 1))
    return n_gone, lambda target: _write_without(file, target, gone)


def _lines(file: LandingFile) -> Iterator[tuple[int, bytes]]:
    """Lines of a text file with their numbers from 1, each with its line end."""
    with open_bytes(file.opened) as content:
        yield from enumerate((line for lines in whole_lines(content) for line in lines), 1)


def _text(line: bytes, file: LandingFile) -> str:
    """Line without its line end; bytes that are not in the file's encoding are replaced."""
    return line.rstrip(b"\r\n").decode(file.encoding, errors="surrogateescape")


def _write_without(file: LandingFile, target: BinaryIO, gone: Container[int]) -> None:
    """Write the lines, with blank ones for these numbers so that the others keep theirs."""
    packer = gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=0) if file.path.suffix == ".gz" else None
    with packer or nullcontext():
        (packer or target).writelines(b"\n" if number in gone else line for number, line in _lines(file))
