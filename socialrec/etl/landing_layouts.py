"""What landing files look like inside: read from footers, headers and first records, before Spark starts on them."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BufferedIOBase
from itertools import islice
from typing import IO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from socialrec.contracts.landing import EXAMPLES, LANDING
from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.etl.landing_files import LandingFile
from socialrec.etl.landing_guesses import foreign_encoding, missing_columns

NANOSECONDS = "nanoseconds"
"""The kind of a Parquet column of nanosecond timestamps, which Spark reads as a number."""

_INTEGERS = ("tinyint", "smallint", "int", "bigint", "decimal")
_FITTING = {
    "string": ("string", "boolean", "float", "double", "date", "timestamp", "timestamp_ntz", NANOSECONDS, *_INTEGERS),
    "int64": ("string", "float", "double", *_INTEGERS),
    "float64": ("string", "float", "double", *_INTEGERS),
    "bool": ("string", "boolean", *_INTEGERS),
    "timestamp": ("string", "date", "timestamp", "timestamp_ntz", NANOSECONDS),
}
"""By contract type: the kinds of landing column that can become it without guessing."""

_ARROW_KINDS = {
    pa.string(): "string",
    pa.large_string(): "string",
    pa.bool_(): "boolean",
    pa.int8(): "tinyint",
    pa.int16(): "smallint",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.uint8(): "smallint",
    pa.uint16(): "int",
    pa.uint32(): "bigint",
    pa.uint64(): "decimal(20,0)",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.date32(): "date",
}
_PEEKED_RECORDS = 20


@dataclass(frozen=True)
class Layout:
    """Files that one scan can read: same entity, format and columns.

    `columns` are names with Spark type names (or `NANOSECONDS`), in file order; None stands for a CSV column that the
    contract does not know.
    """

    entity: Entity
    format: str
    columns: tuple[tuple[str | None, str], ...]

    @property
    def kinds(self) -> dict[str, str]:
        """The known columns with their kinds."""
        return {name: kind for name, kind in self.columns if name is not None}


@dataclass(frozen=True)
class Layouts:
    """Landing files by layout, and the unknown columns that were found, by an example file."""

    files: dict[Layout, list[LandingFile]]
    unknown: dict[tuple[str, ...], str]


def find_layouts(files: Iterable[LandingFile]) -> Layouts:
    """Group files by layout; empty text files have no records and are left out.

    Raises UserError for a file that cannot be read, a required column that is missing, a column that stands twice, and
    a column whose type cannot become the contract's.
    """
    grouped: dict[Layout, list[LandingFile]] = {}
    unknown: dict[tuple[str, ...], str] = {}
    for file in files:
        found = _columns(file)
        if found is None:
            continue
        names = [name for name, _ in found]
        known = {column.name for column in LANDING[file.entity]}
        _check_columns(file, names)
        if strangers := tuple(sorted(set(names) - known)):
            unknown.setdefault((file.entity.value, *strangers), file.name)
        grouped.setdefault(_layout(file, found, known), []).append(file)
    return Layouts(grouped, unknown)


def column_names(file: LandingFile) -> list[str]:
    """Names of the columns as the file has them; of JSON Lines those of its first records."""
    return [name for name, _ in _columns(file) or ()]


def encoding_problem(file: LandingFile) -> str | None:
    """Say where a text file is not UTF-8, None where it is, and for Parquet. Reads the file to its end.

    Raises UserError where that cannot be reached.
    """
    if file.format == "parquet":
        return None
    try:
        with gzip.open(file.path) if file.path.suffix == ".gz" else file.path.open("rb") as content:
            return foreign_encoding(cast("BufferedIOBase", content))
    except (OSError, EOFError, zlib.error) as error:
        raise _not_whole(file, error) from None


def _layout(file: LandingFile, found: Sequence[tuple[str, str]], known: set[str]) -> Layout:
    if file.format == "csv":
        return Layout(file.entity, "csv", tuple((name if name in known else None, kind) for name, kind in found))
    if file.format == "jsonl":
        return Layout(file.entity, "jsonl", tuple((column.name, "string") for column in LANDING[file.entity]))
    return Layout(file.entity, "parquet", tuple(sorted((name, kind) for name, kind in found if name in known)))


def _columns(file: LandingFile) -> list[tuple[str, str]] | None:
    try:
        if file.format == "parquet":
            return _parquet_columns(file)
        return _csv_columns(file) if file.format == "csv" else _json_columns(file)
    except (OSError, EOFError, UnicodeDecodeError, pa.ArrowInvalid, csv.Error) as error:
        raise _not_whole(file, error) from None


def _not_whole(file: LandingFile, error: Exception) -> UserError:
    reason = str(error).partition("\n")[0]
    return UserError(f"{file.path}: not a whole {file.format} file ({reason}); deliver it again")


def _check_columns(file: LandingFile, names: Sequence[str]) -> None:
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"{file.path}: column {repeated[0]} stands there twice; deliver it once")
    if missing := missing_columns(file.entity, file.format, names):
        is_garbled = any("\0" in name for name in names)  # as UTF-16 is, where its header cannot be shown
        raise UserError(f"{file.path}: {(is_garbled and encoding_problem(file)) or missing}")


def _parquet_columns(file: LandingFile) -> list[tuple[str, str]]:
    wanted = {column.name: str(column.type) for column in LANDING[file.entity]}
    with pq.ParquetFile(file.path) as parquet:
        physical = {
            column.path: column.physical_type for column in map(parquet.schema.column, range(len(parquet.schema)))
        }
        columns = [
            (field.name, _arrow_kind(field.type, physical.get(field.name, ""))) for field in parquet.schema_arrow
        ]
        types = {field.name: field.type for field in parquet.schema_arrow}
    for name, kind in columns:
        if name in wanted and kind.partition("(")[0] not in ("null", *_FITTING[wanted[name]]):
            as_text = f" or as string ({EXAMPLES[wanted[name]]})" if wanted[name] != "string" else ""
            raise UserError(
                f"{file.path}: column {name} has type {types[name]}, which cannot become {wanted[name]}; deliver it as "
                f"{wanted[name]}{as_text}"
            )
    required = {column.name for column in LANDING[file.entity] if not column.nullable}
    # A column of nothing but nulls has no type: it is as good as absent, but its records still have to be judged.
    return [
        (name, "string" if kind == "null" else kind) for name, kind in columns if kind != "null" or name in required
    ]


def _arrow_kind(kind: pa.DataType, physical: str) -> str:
    if pa.types.is_dictionary(kind):
        return _arrow_kind(kind.value_type, physical)
    if pa.types.is_null(kind):
        return "null"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        if kind.unit == "ns" and physical == "INT64":
            return NANOSECONDS
        return "timestamp" if kind.tz or physical == "INT96" else "timestamp_ntz"
    return _ARROW_KINDS.get(kind, "unknown")


def _csv_columns(file: LandingFile) -> list[tuple[str, str]] | None:
    with _open(file) as lines:
        header = next(filter(None, csv.reader(lines)), None)  # Spark passes over blank lines too
    return [(name.strip(), "string") for name in header] if header else None


def _json_columns(file: LandingFile) -> list[tuple[str, str]] | None:
    """Names of the first records; all of the contract's where none of those can be read, so that they are judged."""
    with _open(file) as lines:
        records = list(_objects(islice((line for line in lines if line.strip()), _PEEKED_RECORDS)))
    names = {name for record in records for name in record}
    return [(name, "string") for name in sorted(names or {column.name for column in LANDING[file.entity]})]


def _objects(lines: Iterable[str]) -> Iterator[dict[str, object]]:
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record


def _open(file: LandingFile) -> IO[str]:
    if file.path.suffix == ".gz":
        return gzip.open(file.path, "rt", encoding="utf-8-sig", errors="replace")
    return file.path.open(encoding="utf-8-sig", errors="replace", newline="")
