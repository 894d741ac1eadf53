"""One write of one table: stage in the attempt's own folder, audit, commit once."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pds
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Transaction
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction

from socialrec.contracts.columns import Table
from socialrec.errors import UserError
from socialrec.lake import attempts, owners
from socialrec.lake.audit import audit
from socialrec.lake.history import Commit
from socialrec.lake.integrity.checksums import PARQUET, WRITING, checksum
from socialrec.lake.integrity.committed import remember
from socialrec.lake.schemas import arrow_schema
from socialrec.lake.traffic import Amount, Traffic

PARTITION_FOLDER = "part"
"""Folder prefix of staged files, `part=<value>/`. The contract's partition column is in the files as well, so that a
single file has whole rows.
"""

KEEP_HISTORY = PostCommitHookProperties(cleanup_expired_logs=False)
"""Properties of the tables. The log of commits records the inputs of each day; Delta would drop it after 30 days."""


class CommitConflict(UserError):
    """Conflict: another writer committed one of these partitions after this stage began."""


class Stage:
    """Attempt to replace (or, with `append`, to extend) some partitions of a table. A context manager.

    Exit without a commit removes the staged files. A killed process leaves its files behind, unseen by readers;
    the table's next stage sweeps them.
    """

    def __init__(  # noqa: PLR0917 (`Lake.stage` alone makes these)
        self,
        table: Table,
        lake: Path,
        root: Path,
        delta: DeltaTable,
        job: str,
        partitions: Sequence[str],
        append: bool,
        traffic: Traffic,
    ) -> None:
        self.table = table
        self.job = job
        self.partitions = tuple(sorted(set(partitions)))
        self.lake, self._root = lake, root
        self._delta = delta
        self._append = append
        self._traffic = traffic
        self._n_written = 0
        self.path = attempts.begin(root)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if (self.path / owners.OWNER_FILE).exists():
            attempts.remove(self.path)

    def write(self, rows: pa.Table | Iterable[pa.RecordBatch]) -> None:
        """Stage Arrow rows in the partitions of their partition column."""
        schema = arrow_schema(self.table)
        tables = [rows] if isinstance(rows, pa.Table) else (pa.Table.from_batches([batch]) for batch in rows)
        for table in tables:
            values = table.column(self.table.partition)
            for value in sorted(pc.unique(values).to_pylist()):
                part = table.filter(pc.equal(values, value)).select(schema.names).cast(schema)
                pq.write_table(part, self._next_file(value), **WRITING)

    def link(self, file: str, partition: str) -> None:
        """Stage a file of the table unchanged."""
        target = self._next_file(partition)
        try:
            os.link(file, target)
        except OSError:  # a file system without hard links
            shutil.copy2(file, target)

    def merge(self, files: Sequence[str], partition: str) -> None:
        """Stage the rows of several files of the table, in that order, as one file."""
        schema = arrow_schema(self.table)
        with pq.ParquetWriter(self._next_file(partition), schema, **WRITING) as writer:
            for batch in pds.dataset(list(files), schema=schema, format=PARQUET).to_batches():
                writer.write_batch(batch)

    def _next_file(self, partition: str) -> Path:
        folder = self.path / f"{PARTITION_FOLDER}={partition}"
        folder.mkdir(exist_ok=True)
        self._n_written += 1
        return folder / f"{self._n_written - 1:05d}.parquet"

    def audit(self) -> None:
        """Check the staged files, as a commit would. Raises AuditError where rows break the contract."""
        audit(self.table, [str(file) for file in self._staged_files()])

    def commit(
        self, *, fingerprint: str = "", counts: Mapping[str, int] | None = None, stands_for: Commit | None = None
    ) -> Commit:
        """Audit the staged files and make them the partitions' content in one Delta commit.

        With `stands_for` they are a rewrite of that commit, and the new one takes over its metadata.
        Raises AuditError where rows break the contract and CommitConflict where another writer came first.
        """
        staged = self._staged_files()
        audit(self.table, [str(file) for file in staged])
        metadata = {
            "job": self.job,
            "attempt": self.path.name,
            "fingerprint": fingerprint,
            "partitions": json.dumps(self.partitions),
            "counts": json.dumps(dict(counts or {}), sort_keys=True),
            "folder": self.path.name,
            "checksums": json.dumps({self._path_of(file): checksum(file) for file in staged}),
        }
        if stands_for is not None:
            kept = {"partitions": list(stands_for.partitions), "counts": stands_for.counts}
            metadata |= {"attempt": stands_for.attempt, **{name: json.dumps(value) for name, value in kept.items()}}
        # One application transaction per partition: of two writers of one partition the second is refused, even where
        # the partition was empty and Delta alone would let both in.
        transactions = [
            Transaction(f"{self.table.name}/{value}", self._delta.version() + 1) for value in self.partitions
        ]
        try:
            self._delta.create_write_transaction(
                [self._add_action(file) for file in staged],
                mode="append" if self._append else "overwrite",
                schema=self._delta.schema(),
                partition_by=[self.table.partition],
                partition_filters=None if self._append else [(self.table.partition, "in", list(self.partitions))],
                commit_properties=CommitProperties(custom_metadata=metadata, app_transactions=transactions),
                post_commithook_properties=KEEP_HISTORY,
            )
        except CommitFailedError:
            names = ", ".join(self.partitions[:3]) + (", …" if len(self.partitions) > 3 else "")
            raise CommitConflict(
                f"{self.table.name} {self.table.partition}={names}: another run wrote it first, this one changed "
                "nothing; run this job again"
            ) from None
        # Its data files now belong to the table.
        owners.release(self.path)
        remember(self.lake, self.table, self._root)
        version = DeltaTable(str(self._root)).version()
        n_rows, n_bytes = sum(map(_n_rows, staged)), sum(file.stat().st_size for file in staged)
        self._traffic.wrote(self.table.name, Amount(n_rows, n_bytes, version))
        return Commit.from_metadata(version, datetime.now(UTC), metadata)

    def _staged_files(self) -> list[Path]:
        files = sorted(self.path.glob(f"{PARTITION_FOLDER}=*/*.parquet"))
        strangers = {self._partition_of(file) for file in files} - set(self.partitions)
        if strangers:
            raise UserError(
                f"{self.table.name}: rows of {self.table.partition}={sorted(strangers)} in a write of {self.partitions}"
            )
        return files

    def _add_action(self, file: Path) -> AddAction:
        status = file.stat()
        return AddAction(
            path=self._path_of(file),
            size=status.st_size,
            partition_values={self.table.partition: self._partition_of(file)},
            modification_time=int(status.st_mtime * 1000),
            data_change=True,
            stats=json.dumps({"numRecords": _n_rows(file)}),
        )

    def _path_of(self, file: Path) -> str:
        return file.relative_to(self._root).as_posix()

    @staticmethod
    def _partition_of(file: Path) -> str:
        return unquote(file.parent.name.removeprefix(f"{PARTITION_FOLDER}="))


def _n_rows(file: Path) -> int:
    return int(pq.read_metadata(file).num_rows)
