"""Rewrite committed data in other files or with fewer rows, without invalidating what was derived from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.dataset as pds

from socialrec.contracts.columns import Table
from socialrec.lake.history import Commit
from socialrec.lake.integrity.checksums import PARQUET
from socialrec.lake.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.lake.stage import Stage

Fill = Callable[[Stage, str], None]
"""Writer that stages the new files of one partition."""

Affected = Callable[[str], bool]
"""Test if a file contains rows to change; called for every file, so it should read little."""

Change = Callable[[pa.Table], pa.Table]
"""Function from such a file to its new rows, under the contract's schema; empty where all rows are removed."""


def standing_commits(lake: Lake, table: Table) -> list[Commit]:
    """Commits that are the newest of at least one partition, each with those partitions."""
    standing: dict[str, tuple[Commit, list[str]]] = {}
    for partition, commit in lake.newest_commits(table).items():
        standing.setdefault(commit.attempt, (commit, []))[1].append(partition)
    return [replace(commit, partitions=tuple(sorted(mine))) for commit, mine in standing.values()]


def replace_files(lake: Lake, table: Table, fills: Mapping[str, Fill], *, job: str) -> None:
    """Replace the files of these partitions, in one commit for each original commit, under its fingerprint."""
    for commit in standing_commits(lake, table):
        if mine := [partition for partition in commit.partitions if partition in fills]:
            commit_again(lake, table, commit, mine, fills, job=job)


def commit_again(
    lake: Lake, table: Table, commit: Commit, partitions: Sequence[str], fills: Mapping[str, Fill], *, job: str
) -> None:
    """Rewrite the content of one commit, under its attempt and fingerprint."""
    with lake.stage(table, job=job, partitions=partitions) as stage:
        for partition in partitions:
            fills[partition](stage, partition)
        stage.commit(fingerprint=commit.fingerprint, stands_for=commit)


def with_changes(lake: Lake, affected: Affected, change: Change) -> Fill:
    """Stage a partition's files in their order, with affected ones changed and others linked."""

    def fill(stage: Stage, partition: str) -> None:
        for file in lake.files(stage.table, [partition]):
            if not affected(file):
                stage.link(file, partition)
            elif (rows := change(read_file(stage.table, file))).num_rows:
                stage.write(rows)

    return fill


def affected_partitions(lake: Lake, table: Table, affected: Affected) -> list[str]:
    """Partitions with a file whose rows have to change."""
    return [value for value in lake.partitions(table) if any(map(affected, lake.files(table, [value])))]


def read_file(table: Table, file: str) -> pa.Table:
    """Read one file of a table under the contract's schema."""
    return pds.dataset([file], schema=arrow_schema(table), format=PARQUET).to_table()
