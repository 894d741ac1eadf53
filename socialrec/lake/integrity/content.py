"""Content of a table as a few numbers, equal for tables with equal rows."""

# ruff: noqa: S608 (names are the contracts' own)

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import duckdb

from socialrec.contracts.columns import Column, Table
from socialrec.errors import UserError

OF_THE_RUN = {
    "": {"ingested_ts", "decided_ts", "mlflow_run"},
    # These repeat `figures` in words and checks, with measured times.
    "gold.model_decisions": {"reasons", "checks", "files"},
}
"""Columns, of all tables and of one, that differ between runs on the same inputs: times, and random names."""
TIMELESS = {"figures": "list_filter(figures, lambda figure: NOT starts_with(figure.name, 'cost/'))"}
"""Part of a column that does not depend on the clock, as SQL by column."""


@dataclass(frozen=True)
class TableContent:
    """Number of rows, and the sum of the hashes of all rows, independent of their order."""

    n_rows: int
    checksum: int


def content(table: Table, files: Sequence[str], left_out: set[str], value: Callable[[Column], str]) -> TableContent:
    """Content of a table's Parquet files without the columns `left_out`; `value` is a column in SQL."""
    if not files:
        return TableContent(0, 0)
    values = ", ".join(value(column) for column in table.columns if column.name not in left_out)
    query = (
        f"SELECT count(*), coalesce(sum(hash({values})::HUGEINT), 0) FROM read_parquet(?, hive_partitioning = false)"
    )
    with duckdb.connect() as connection:
        row = connection.execute(query, [list(files)]).fetchone()
    assert row is not None
    return TableContent(*row)


def content_of_all_runs(table: Table, files: Sequence[str]) -> TableContent:
    """Content bit by bit, without the columns of `OF_THE_RUN`."""
    left_out = OF_THE_RUN[""] | OF_THE_RUN.get(table.name, set())
    return content(table, files, left_out, lambda column: TIMELESS.get(column.name, f'"{column.name}"'))


def require_same(found: Iterable[tuple[Table, TableContent, TableContent]], ours: str, theirs: str) -> dict[str, int]:
    """Compare contents; returns rows by table. Raises UserError that lists the tables that differ between the two
    sides.
    """
    rows, unlike = {}, []
    for table, one, other in found:
        rows[table.name] = one.n_rows
        if one != other:
            unlike.append(f"{table.name} ({one.n_rows} rows, there {other.n_rows})")
    if unlike:
        raise UserError(f"{ours} and {theirs} differ in {', '.join(unlike)}")
    return rows
