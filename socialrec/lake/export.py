"""Plain files for other systems: rows sorted and written atomically, without holding them in memory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as pds
import pyarrow.parquet as pq

EXPORTED_AT_ONCE = 100_000
"""Rows of an export that are in memory at a time."""
Rows = Any
"""Arrow table or dataset; pyarrow ships no types."""
Convert = Callable[[pa.Table], pa.Table]


@dataclass(frozen=True)
class Beside:
    """Columns of other rows, one row for each value of the first column of a key."""

    rows: Rows
    columns: Sequence[str]


def export_rows(
    rows: Rows, file: Path, key: Sequence[str], convert: Convert | None = None, beside: Beside | None = None
) -> int:
    """Write rows, sorted by their key and converted some at a time, to a Parquet file.

    beside: columns that each row gets before it is converted; null where the other rows do not have its value.

    The file is written aside and renamed, so readers see the old or the new. Returns the number of new rows; with none
    (and none gone) the file is not touched.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    _write_sorted(rows, partial, key, convert or (lambda rows: rows), beside)
    n_changed = _n_changed(file, partial, key) if file.exists() else pq.read_metadata(partial).num_rows
    if n_changed or not file.exists():
        partial.replace(file)
    partial.unlink(missing_ok=True)
    return n_changed


@contextmanager
def database(tables: Mapping[str, Rows]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database over these rows, which spills to disk what does not fit into its memory."""
    with tempfile.TemporaryDirectory() as folder:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": "1GB",
            "threads": 2,
            "temp_directory": folder,
        }
        with duckdb.connect(config=config) as connection:
            for name, rows in tables.items():
                connection.register(name, rows)
            yield connection


def number(connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, int]) -> int:
    """Return the one number that a query finds, 0 for none."""
    (found,) = connection.execute(sql, dict(values)).fetchone() or (0,)
    return int(found)


def _write_sorted(rows: Rows, file: Path, key: Sequence[str], convert: Convert, beside: Beside | None) -> None:
    schema, tables, query = rows.schema, {"exported": rows}, "FROM exported"
    if beside:
        schema = pa.schema([*schema, *(beside.rows.schema.field(name) for name in beside.columns)])
        tables |= {"beside": beside.rows}
        more = ", ".join(f"beside.{name}" for name in beside.columns)
        query = f"SELECT exported.*, {more} FROM exported LEFT JOIN beside USING ({key[0]})"  # noqa: S608 (our names)
    with database(tables) as connection:
        reader = connection.sql(f"{query} ORDER BY {', '.join(key)}").to_arrow_reader(EXPORTED_AT_ONCE)
        writer = None
        try:
            for batch in reader:
                converted = convert(pa.Table.from_batches([batch]).cast(schema))
                writer = writer or pq.ParquetWriter(file, converted.schema, compression="zstd")
                writer.write_table(converted)
            if writer is None:
                pq.write_table(convert(schema.empty_table()), file, compression="zstd")
        finally:
            if writer is not None:
                writer.close()


def _n_changed(old: Path, new: Path, key: Sequence[str]) -> int:
    """Count rows of one that differ from the other of the same key, or are missing there."""
    tables = {name: pds.dataset(file) for name, file in (("old", old), ("new", new))}
    if tables["old"].schema != tables["new"].schema:
        return int(tables["new"].count_rows())
    nested = [field.name for field in tables["new"].schema if pa.types.is_nested(field.type)]
    places = f"* EXCLUDE ({', '.join(nested)})" if nested else "*"
    with database(tables) as connection:

        def missing(columns: str, of: str, there: str) -> int:
            rows = f"(SELECT {columns} FROM {of} EXCEPT ALL SELECT {columns} FROM {there})"  # noqa: S608 (our names)
            return number(connection, f"SELECT count(*) FROM {rows}", {})  # noqa: S608

        moved, gone = missing(places, "new", "old"), missing(", ".join(key), "old", "new")
        # Only nested values differ where nothing else did.
        return moved + gone or (tables["new"].count_rows() if missing("*", "new", "old") else 0)
