"""What a table holds, as a few numbers that say whether two tables hold the same."""

# ruff: noqa: S608 (names are the contracts' own)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from socialrec.contracts.columns import Table

OF_THE_RUN = frozenset({"ingested_ts", "decided_ts", "mlflow_run"})
"""Columns that tell one run from another of the same inputs: the clock's time, and a name given by chance."""


@dataclass(frozen=True)
class Content:
    """Rows, and the sum of the hashes of all rows, which no order of rows changes."""

    n_rows: int
    checksum: int


def content(table: Table, files: Sequence[str]) -> Content:
    """The content of a table's Parquet files, bit by bit, but for columns `OF_THE_RUN`."""
    if not files:
        return Content(0, 0)
    values = ", ".join(f'"{column.name}"' for column in table.columns if column.name not in OF_THE_RUN)
    query = (
        f"SELECT count(*), coalesce(sum(hash({values})::HUGEINT), 0) FROM read_parquet(?, hive_partitioning = false)"
    )
    with duckdb.connect() as connection:
        row = connection.execute(query, [list(files)]).fetchone()
    assert row is not None
    return Content(*row)
