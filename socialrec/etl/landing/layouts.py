"""Layouts of landing files, read from footers, headers and first records before Spark reads the files."""

from __future__ import annotations

import csv
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq

from socialrec.contracts.columns import type_name
from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.landing import EXAMPLES, LISTABLE
from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.etl.landing.csv_records import is_open, split_line
from socialrec.etl.landing.files import UTF_8, LandingFile
from socialrec.etl.landing.guesses import missing_columns
from socialrec.etl.landing.lines import BLANKS, LineTooLongError, encoding_problem, open_bytes, survey, text_lines
from socialrec.etl.landing.opening import open_parquet
from socialrec.runtime.gzipped import MOST_TIMES_UNPACKED, UNPACKED_BYTES

NANOSECONDS = "nanoseconds"
"""Kind of a Parquet column of nanosecond timestamps, which Spark reads as a number."""
TEXT_LIST = "array<string>"
"""Kind of a Parquet column of lists of texts."""

_INTEGERS = ("tinyint", "smallint", "int", "bigint", "decimal")
_FITTING = {
    "string": ("string", "boolean", "float", "double", "date", "timestamp", "timestamp_ntz", NANOSECONDS, *_INTEGERS),
    "int64": ("string", "float", "double", *_INTEGERS),
    "float64": ("string", "float", "double", *_INTEGERS),
    "bool": ("string", "boolean", *_INTEGERS),
    "list of string": ("string", TEXT_LIST),
    "timestamp": ("string", "date", "timestamp", "timestamp_ntz", "float", "double", NANOSECONDS, *_INTEGERS),
}
"""Kinds of landing column that can be converted without guessing, by contract type."""

_ARROW_KINDS = {
    pa.null(): "null",
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
MOST_COLUMNS = 16_384
"""Most columns of a file, known and unknown together: as many as a spreadsheet has."""
FEW_ROWS = 1 << 20
"""Rows that a Parquet file of any size may have; larger files may have `MOST_TIMES_UNPACKED` per byte."""


@dataclass(frozen=True)
class FileLayout:
    """Files that one scan can read: same entity, format and columns.

    `columns` are names with Spark type names (or `NANOSECONDS`), in file order; None is a CSV column that the contract
    does not know. encoding: encoding of text. is_plain: True if every line of a text file is a record or blank,
    below a header in the first line where it is CSV; a file with double quotes in it is not.
    """

    entity: Entity
    format: str
    columns: tuple[tuple[str | None, str], ...]
    encoding: str = UTF_8
    is_plain: bool = True

    @property
    def kinds(self) -> dict[str, str]:
        """Known columns with their kinds."""
        return {name: kind for name, kind in self.columns if name is not None}


@dataclass(frozen=True)
class Layouts:
    """Landing files by layout, and the unknown columns that were found, by an example file.

    n_lines: by entity, the lines of all text files that are neither blank nor headers, and the rows of Parquet files.
    names: the columns of each file as it has them, of JSON Lines those of its first records; empty for an empty file.
    """

    files: dict[FileLayout, list[LandingFile]]
    unknown: dict[tuple[str, ...], str]
    n_lines: dict[Entity, int]
    names: dict[LandingFile, tuple[str, ...]]


def find_layouts(files: Iterable[LandingFile]) -> Layouts:
    """Group files by layout; empty text files have no records and are left out. Reads text files to their ends.

    Raises UserError for a file that cannot be read, text that is not in its encoding, a required column that is
    missing, a column that is there twice, and a column whose type cannot become the contract's.
    """
    grouped: dict[FileLayout, list[LandingFile]] = {}
    unknown: dict[tuple[str, ...], str] = {}
    n_lines: dict[Entity, int] = {}
    names: dict[LandingFile, tuple[str, ...]] = {}
    for file in files:
        found = _columns(file)
        names[file] = tuple(name for name, _ in found or ())
        if found is None:
            continue
        known = {column.name for column in ENTITIES[file.entity].columns}
        _check_columns(file, names[file])
        if strangers := tuple(sorted(set(names[file]) - known)):
            unknown.setdefault((file.entity.value, *strangers), file.name)
        layout, n = _layout(file, found, known)
        grouped.setdefault(layout, []).append(file)
        n_lines[file.entity] = n_lines.get(file.entity, 0) + n
    return Layouts(grouped, unknown, n_lines, names)


def _layout(file: LandingFile, found: Sequence[tuple[str, str]], known: set[str]) -> tuple[FileLayout, int]:
    """Layout of a file, and its number of lines or rows that have to be records."""
    if file.format == "parquet":
        columns = tuple(sorted((name, kind) for name, kind in found if name in known))
        with open_parquet(file.opened) as parquet:
            return FileLayout(file.entity, "parquet", columns), parquet.metadata.num_rows
    with _reading(file), open_bytes(file.opened) as content:
        facts = survey(content)
    if file.format == "jsonl":
        lines = tuple((column.name, "string") for column in ENTITIES[file.entity].columns)
        return FileLayout(file.entity, "jsonl", lines, file.encoding, file.encoding == UTF_8), facts.n_lines
    names = tuple((name if name in known else None, kind) for name, kind in found)
    is_plain = file.encoding == UTF_8 and not facts.has_quotes and facts.header_line == 1
    return FileLayout(file.entity, "csv", names, file.encoding, is_plain), facts.n_lines - 1


def _columns(file: LandingFile) -> list[tuple[str, str]] | None:
    with _reading(file):
        if file.format == "parquet":
            return _parquet_columns(file)
        with open_bytes(file.opened) as content:
            if problem := encoding_problem(content, file.encoding):
                raise UserError(f"{file.path}: {problem}")
        return _csv_columns(file) if file.format == "csv" else _json_columns(file)


@contextmanager
def _reading(file: LandingFile) -> Iterator[None]:
    """Name the file in errors of reading it."""
    try:
        yield
    except LineTooLongError as error:
        raise UserError(f"{file.path}: {error}") from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, pa.ArrowInvalid, csv.Error) as error:
        raise _not_whole(file, error) from None


def _not_whole(file: LandingFile, error: Exception) -> UserError:
    reason = str(error).partition("\n")[0]
    return UserError(f"{file.path}: not a whole {file.format} file ({reason}); deliver it again")


def _check_columns(file: LandingFile, names: Sequence[str]) -> None:
    if len(names) > MOST_COLUMNS:
        raise UserError(f"{file.path}: {len(names):,} columns, at most {MOST_COLUMNS:,} may be there; leave some out")
    if repeated := sorted(name for name, n in Counter(names).items() if n > 1):
        raise UserError(f"{file.path}: column {repeated[0]} is there twice; deliver it once")
    if missing := missing_columns(file.entity, file.format, names):
        raise UserError(f"{file.path}: {missing}")


def _parquet_columns(file: LandingFile) -> list[tuple[str, str]]:
    wanted = {column.name: type_name(column.type) for column in ENTITIES[file.entity].columns}
    with open_parquet(file.opened) as parquet:
        _check_sizes(file, parquet.metadata)
        physical = {
            column.path: column.physical_type for column in map(parquet.schema.column, range(len(parquet.schema)))
        }
        columns = [
            (field.name, _arrow_kind(field.type, physical.get(field.name, ""))) for field in parquet.schema_arrow
        ]
        types = {field.name: field.type for field in parquet.schema_arrow}
    for name, kind in columns:
        lists = (TEXT_LIST,) if name in LISTABLE else ()
        if name in wanted and kind.partition("(")[0] not in ("null", *lists, *_FITTING[wanted[name]]):
            as_text = f" or as string ({EXAMPLES[wanted[name]]})" if wanted[name] != "string" else ""
            raise UserError(
                f"{file.path}: column {name} has type {types[name]}, which cannot become {wanted[name]}; deliver it as "
                f"{wanted[name]}{as_text}"
            )
    required = {column.name for column in ENTITIES[file.entity].columns if not column.nullable}
    # A column of nothing but nulls has no type: it is as good as absent, but its records still have to be judged.
    return [
        (name, "string" if kind == "null" else kind) for name, kind in columns if kind != "null" or name in required
    ]


def _check_sizes(file: LandingFile, footer: pq.FileMetaData) -> None:
    """Raise UserError where a footer declares more rows or bytes than its file can hold, because Spark reserves
    them.
    """
    size = file.opened.stat().st_size
    n_bytes = sum(footer.row_group(number).total_byte_size for number in range(footer.num_row_groups))
    for what, said, few in (("rows", footer.num_rows, FEW_ROWS), ("bytes unpacked", n_bytes, UNPACKED_BYTES)):
        if not 0 <= said <= max(few, MOST_TIMES_UNPACKED * size):
            raise UserError(
                f"{file.path}: it declares {said:,} {what}, but has {size:,} bytes itself; deliver it again"
            )


def _arrow_kind(kind: pa.DataType, physical: str) -> str:
    if pa.types.is_dictionary(kind):
        return _arrow_kind(kind.value_type, physical)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return TEXT_LIST if _arrow_kind(kind.value_type, "") == "string" else "unknown"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        if kind.unit == "ns" and physical == "INT64":
            return NANOSECONDS
        return "timestamp" if kind.tz or physical == "INT96" else "timestamp_ntz"
    return _ARROW_KINDS.get(kind, "unknown")


def _csv_columns(file: LandingFile) -> list[tuple[str, str]] | None:
    header = next(_filled_lines(file), None)
    if header is None:
        return None
    names = split_line(header)
    if names is None or is_open(names):
        raise UserError(f"{file.path}: a double quote in its first line, the header, does not close; deliver it again")
    return [(name.strip(), "string") for name in names]


def _json_columns(file: LandingFile) -> list[tuple[str, str]] | None:
    """Column names of the first records; all of the contract's where none can be read, so that the records are
    judged.
    """
    records = list(_objects(islice(_filled_lines(file), _PEEKED_RECORDS)))
    names = {name for record in records for name in record}
    return [(name, "string") for name in sorted(names or {column.name for column in ENTITIES[file.entity].columns})]


def _filled_lines(file: LandingFile) -> Iterator[str]:
    with open_bytes(file.opened) as content:
        for line in text_lines(content, file.encoding):
            if line.strip(BLANKS):
                yield line


def _objects(lines: Iterable[str]) -> Iterator[dict[str, object]]:
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record
