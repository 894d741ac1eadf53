"""What a table holds, as a few numbers that say whether two tables hold the same."""

# ruff: noqa: S608 (names are the contracts' own)

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import duckdb

from socialrec.contracts.columns import Column, Table
from socialrec.errors import UserError

OF_THE_RUN = {
    "": {"ingested_ts", "decided_ts", "mlflow_run"},
    # These say in words and checks what `figures` says in numbers, the measured times among them.
    "gold.model_decisions": {"reasons", "checks", "files"},
}
"""Columns, of all tables and of one, that tell one run from another of the same inputs: the clock, and random names."""
TIMELESS = {"figures": "list_filter(figures, lambda figure: NOT starts_with(figure.name, 'cost/'))"}
"""What of a column no clock changes."""


@dataclass(frozen=True)
class Content:
    """Rows, and the sum of the hashes of all rows, which no order of rows changes."""

    n_rows: int
    checksum: int


def content(table: Table, files: Sequence[str], left_out: set[str], value: Callable[[Column], str]) -> Content:
    """The content of a table's Parquet files, but for columns `left_out`; `value` is a column in SQL."""
    if not files:
        return Content(0, 0)
    values = ", ".join(value(column) for column in table.columns if column.name not in left_out)
    query = (
        f"SELECT count(*), coalesce(sum(hash({values})::HUGEINT), 0) FROM read_parquet(?, hive_partitioning = false)"
    )
    with duckdb.connect() as connection:
        row = connection.execute(query, [list(files)]).fetchone()
    assert row is not None
    return Content(*row)


def content_of_all_runs(table: Table, files: Sequence[str]) -> Content:
    """The content bit by bit, but for what is `OF_THE_RUN`."""
    left_out = OF_THE_RUN[""] | OF_THE_RUN.get(table.name, set())
    return content(table, files, left_out, lambda column: TIMELESS.get(column.name, f'"{column.name}"'))


def require_same(found: Iterable[tuple[Table, Content, Content]], ours: str, theirs: str) -> dict[str, int]:
    """Rows by table. Raises UserError that lists the tables that differ between the two sides, named by a word each."""
    rows, unlike = {}, []
    for table, one, other in found:
        rows[table.name] = one.n_rows
        if one != other:
            unlike.append(f"{table.name} ({one.n_rows} rows, there {other.n_rows})")
    if unlike:
        raise UserError(f"{ours} and {theirs} differ in {', '.join(unlike)}")
    return rows
