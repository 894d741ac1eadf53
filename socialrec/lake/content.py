"""What a table holds, as a few numbers that say whether two tables hold the same."""

# ruff: noqa: S608 (names are the contracts' own)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from socialrec.contracts.columns import Table

OF_THE_RUN = {
    "": {"ingested_ts", "decided_ts", "mlflow_run"},
    # These say in words and checks what `figures` says in numbers, the measured times among them.
    "gold.model_decisions": {"reasons", "checks"},
}
"""Columns, of all tables and of one, that tell one run from another of the same inputs: the clock, and random names."""
TIMELESS = {"figures": "list_filter(figures, lambda figure: NOT starts_with(figure.name, 'cost/'))"}
"""What of a column no clock changes."""


@dataclass(frozen=True)
class Content:
    """Rows, and the sum of the hashes of all rows, which no order of rows changes."""

    n_rows: int
    checksum: int


def content(table: Table, files: Sequence[str]) -> Content:
    """The content of a table's Parquet files, bit by bit, but for what is `OF_THE_RUN`."""
    if not files:
        return Content(0, 0)
    left_out = OF_THE_RUN[""] | OF_THE_RUN.get(table.name, set())
    names = [column.name for column in table.columns if column.name not in left_out]
    values = ", ".join(TIMELESS.get(name, f'"{name}"') for name in names)
    query = (
        f"SELECT count(*), coalesce(sum(hash({values})::HUGEINT), 0) FROM read_parquet(?, hive_partitioning = false)"
    )
    with duckdb.connect() as connection:
        row = connection.execute(query, [list(files)]).fetchone()
    assert row is not None
    return Content(*row)
