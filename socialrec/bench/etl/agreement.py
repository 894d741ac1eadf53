"""Check that our tables and the peer's hold the same rows, by counts and by sums of row hashes in any row order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from socialrec.contracts.columns import Column, ListOf, Table
from socialrec.lake.integrity.content import TableContent, content, require_same

_UNLIKE = {"ingested_ts", "record", "detail"}
"""Columns left out of the comparison: clock times, and the encoding of JSON and times."""


def agree(tables: Iterable[tuple[Table, Sequence[str], Path]]) -> dict[str, int]:
    """Compare the tables; returns rows by table, our files and the peer's folder. Raises UserError with the tables that
    differ.
    """
    found = (
        (table, _content(table, files), _content(table, sorted(str(file) for file in folder.glob("**/*.parquet"))))
        for table, files, folder in tables
    )
    return require_same(found, "our tables", "the peer's, so that times would say nothing,")


def _content(table: Table, files: Sequence[str]) -> TableContent:
    return content(table, files, _UNLIKE, _value)


def _value(column: Column) -> str:
    if column.type == "timestamp":
        return f"epoch_us({column.name})"
    if column.type == "float64":
        # Logarithms may differ in their last digit.
        return f"round({column.name}, 6)"
    return f"{column.name}::VARCHAR" if isinstance(column.type, ListOf) else column.name
