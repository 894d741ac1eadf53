"""Do our tables and the peer's hold the same rows: counts, and sums of row hashes, which no order of rows changes."""

# ruff: noqa: S608 (names are the contracts' own)

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from socialrec.contracts.columns import Column, ListOf, Table
from socialrec.errors import UserError
from socialrec.lake.content import Content

_UNLIKE = {"ingested_ts", "record", "detail"}
"""Columns that say the same in other words: the clock's time, and how JSON and times are written out."""


def content(table: Table, files: Sequence[str]) -> Content:
    """The content of Parquet files of one table, but for the columns that cannot be alike."""
    if not files:
        return Content(0, 0)
    values = ", ".join(_value(column) for column in table.columns if column.name not in _UNLIKE)
    rows = "read_parquet(?, hive_partitioning = false)"
    query = f"SELECT count(*), coalesce(sum(hash({values})::HUGEINT), 0) FROM {rows}"
    with duckdb.connect() as connection:
        row = connection.execute(query, [list(files)]).fetchone()
    assert row is not None
    return Content(*row)


def agree(tables: Iterable[tuple[Table, Sequence[str], Path]]) -> dict[str, int]:
    """Rows by table; each comes with our files and the peer's folder. UserError that lists the tables that differ."""
    rows, unlike = {}, []
    for table, files, folder in tables:
        ours = content(table, files)
        theirs = content(table, sorted(str(file) for file in folder.glob("**/*.parquet")))
        rows[table.name] = ours.n_rows
        if ours != theirs:
            unlike.append(f"{table.name} ({ours.n_rows} rows, the peer's {theirs.n_rows})")
    if unlike:
        raise UserError(f"ours and the peer's tables differ: {', '.join(unlike)}; the times would say nothing")
    return rows


def _value(column: Column) -> str:
    if column.type == "timestamp":
        return f"epoch_us({column.name})"
    if column.type == "float64":
        # Logarithms may differ in their last digit.
        return f"round({column.name}, 6)"
    return f"{column.name}::VARCHAR" if isinstance(column.type, ListOf) else column.name
