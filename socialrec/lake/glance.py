"""Summaries of tables: their names, their versions, and some rows of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from socialrec.contracts import TABLES
from socialrec.contracts.columns import Table
from socialrec.errors import UserError
from socialrec.lake.history import Commit
from socialrec.lake.lake import Lake

MOST_LISTED = 5
"""Partitions that an error lists one by one."""


@dataclass(frozen=True)
class Glance:
    """Summary of a table: `rows` of all partitions; version, partition and time (UTC) of the newest commit, if any."""

    name: str
    rows: int
    partitions: int
    newest_partition: str | None
    version: int | None
    written: str | None


@dataclass(frozen=True)
class Look:
    """Some rows of one partition of a table, its number of rows, and the newest commits."""

    table: Table
    partition: str
    n_rows: int
    rows: list[dict[str, Any]]
    commits: list[Commit]


def glance_at_all(lake: Lake) -> list[Glance]:
    """Summarise every table of the contracts in the order of the data flow, including those never written."""
    return [_glance(lake, table) for table in TABLES.values()]


def look_at(lake: Lake, name: str, partition: str | None, version: int | None, n_rows: int) -> Look:
    """Read the first rows of a partition (None: the newest) as of a version (None: the newest).

    Raises UserError where there is no such table, version or partition.
    """
    table = TABLES.get(name)
    if table is None:
        raise UserError(f"no table {name!r}; there are {', '.join(TABLES)}")
    versions = [commit.version for commit in lake.history(table)]
    if not versions:
        raise UserError(f"{name} was never written")
    if version is not None and version not in versions:
        raise UserError(f"{name} has no version {version}; it has {_ranges(versions)}")
    known = lake.partitions(table, version)
    if partition is not None and partition not in known:
        raise UserError(f"{name} has nothing for {table.partition}={partition}; it has {_listed(known)}")
    chosen = partition or known[-1]
    dataset = lake.dataset(table, [chosen], version)
    rows = dataset.head(n_rows).to_pylist()
    return Look(table, chosen, dataset.count_rows(), rows, lake.history(table)[:5])


def _ranges(numbers: Iterable[int]) -> str:
    """Format numbers in ascending order, with consecutive ones as a range: `1 to 4, 6`."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1][1:] = [number]
        else:
            ranges.append([number])
    return ", ".join(" to ".join(map(str, ends)) for ends in ranges)


def _listed(values: Sequence[str]) -> str:
    """List all values where they are few, else their number, the first and the last."""
    few = ", ".join(values)
    return few if len(values) <= MOST_LISTED else f"{len(values)}, from {values[0]} to {values[-1]}"


def _glance(lake: Lake, table: Table) -> Glance:
    commits, partitions = lake.history(table), lake.partitions(table)
    newest = commits[0] if commits else None
    return Glance(
        name=table.name,
        rows=lake.dataset(table).count_rows() if commits else 0,
        partitions=len(partitions),
        newest_partition=partitions[-1] if partitions else None,
        version=newest.version if newest else None,
        written=newest.ts.strftime("%Y-%m-%d %H:%M") if newest else None,
    )
