"""The lake: Delta tables below one root, read at any version, written through stages."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pds
from deltalake import DeltaTable, Schema
from deltalake.exceptions import TableNotFoundError

from socialrec import __version__
from socialrec.contracts.columns import Table
from socialrec.errors import UserError
from socialrec.lake import attempts
from socialrec.lake.history import Commit, read_history
from socialrec.lake.integrity.checksums import PARQUET, WHOLE_BYTES, require_as_written, require_readable
from socialrec.lake.integrity.committed import DamagedLogError, forget, read_committed, remember, require_whole
from socialrec.lake.schemas import arrow_schema
from socialrec.lake.stage import Stage
from socialrec.lake.traffic import Amount, Traffic


class Lake:
    """Tables of the contracts below `root`, each at `<root>/<layer>/<noun>`, read at any version.

    `traffic` counts reads and writes through this object.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.traffic = Traffic()
        self._histories: dict[tuple[str, int], list[Commit]] = {}
        self._checksums: dict[tuple[str, int], dict[str, str]] = {}
        self._verified: set[str] = set()
        self._whole_logs: set[tuple[str, int]] = set()

    def path(self, table: Table) -> Path:
        """Folder of a table."""
        return self.root / table.layer / table.noun

    def version(self, table: Table) -> int | None:
        """Newest version of the table, or None where nothing was ever written."""
        delta = self._open(table)
        return delta.version() if delta else None

    def history(self, table: Table) -> list[Commit]:
        """Commits, newest first."""
        delta = self._open(table)
        return self._commits(table, delta) if delta else []

    def checksums(self, table: Table) -> dict[str, str]:
        """Checksums of the files of all versions by their absolute paths, for commits that have checksums."""
        delta = self._open(table)
        if delta is None:
            return {}
        at = (table.name, delta.version())
        if at not in self._checksums:
            root = self.path(table)
            known = (commit.checksums.items() for commit in self._commits(table, delta))
            self._checksums[at] = {str(root / path): value for found in known for path, value in found}
        return self._checksums[at]

    def log_problem(self, table: Table) -> str | None:
        """Fault of a table's log, None where there is none."""
        try:
            self._open(table)
        except DamagedLogError as error:
            return str(error)
        return None

    def newest_commits(self, table: Table) -> dict[str, Commit]:
        """Newest commit of every partition."""
        newest: dict[str, Commit] = {}
        for commit in self.history(table):
            for partition in commit.partitions:
                newest.setdefault(partition, commit)
        return newest

    def last_commit(self, table: Table, partition: str) -> Commit | None:
        """Newest commit that wrote this partition."""
        return self.newest_commits(table).get(partition)

    def partitions(self, table: Table, version: int | None = None) -> list[str]:
        """Sorted values of the committed partitions, including empty ones."""
        commits = [c for c in self.history(table) if version is None or c.version <= version]
        return sorted({value for commit in commits for value in commit.partitions})

    def last_partition(self, table: Table, until: str | None = None) -> str | None:
        """Newest committed partition, not after `until`."""
        return max((value for value in self.partitions(table) if until is None or value <= until), default=None)

    def files(self, table: Table, partitions: Sequence[str] | None = None, version: int | None = None) -> list[str]:
        """Absolute paths of the Parquet files of these partitions (None: all), sorted.

        Raises UserError where that version does not exist, or is too old to be read, and DamagedFileError where a file
        is gone or, if it is not large, is not what its commit wrote.
        """
        delta = self._open(table, version)
        if delta is None:
            return []
        actions = pa.table(delta.get_add_actions(flatten=True))
        wanted = None if partitions is None else set(partitions)
        names = (f"partition.{table.partition}", "path", "num_records", "size_bytes")
        rows = zip(*(actions.column(name).to_pylist() for name in names), strict=True)
        root, newest = self.path(table), delta.version()
        found = {
            str(root / path): Amount(n_rows, size, newest)
            for value, path, n_rows, size in rows
            if wanted is None or value in wanted
        }
        if version is not None and not all(map(os.path.exists, found)):
            raise UserError(f"{table.name} version {version} is past its retention: its files were deleted")
        self._verify(table, found)
        self.traffic.opened(table.name, found)
        return sorted(found)

    def dataset(self, table: Table, partitions: Sequence[str] | None = None, version: int | None = None) -> pds.Dataset:
        """Open these partitions as an Arrow dataset under the contract's schema."""
        # Reading the files themselves: delta-rs's own Arrow reader aborts the interpreter at exit (trap of 1.6).
        return pds.dataset(self.files(table, partitions, version), schema=arrow_schema(table), format=PARQUET)

    def read(
        self,
        table: Table,
        partitions: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        filter: pc.Expression | None = None,
        version: int | None = None,
    ) -> pa.Table:
        """Read these partitions as an Arrow table. Raises DamagedFileError where a file cannot be read."""
        names = list(columns) if columns is not None else None
        dataset = self.dataset(table, partitions, version)
        try:
            return dataset.to_table(columns=names, filter=filter)
        except (OSError, pa.ArrowInvalid):
            require_readable(table, map(Path, dataset.files))
            raise

    def fingerprint(self, inputs: Mapping[Table, Sequence[str] | None], *extra: object) -> str:
        """SHA-256 over the newest attempts at the inputs' partitions, further facts, and the code's version."""
        facts = []
        for table, partitions in sorted(inputs.items(), key=lambda item: item[0].name):
            newest = self.newest_commits(table)
            wanted = newest if partitions is None else newest.keys() & set(partitions)
            facts.append((table.name, [(value, newest[value].attempt) for value in sorted(wanted)]))
        return hashlib.sha256(repr((__version__, extra, facts)).encode()).hexdigest()

    def up_to_date(self, table: Table, partitions: Sequence[str], fingerprint: str) -> bool:
        """Check if each of these partitions was last committed under this fingerprint."""
        newest = self.newest_commits(table)
        commits = [newest.get(value) for value in partitions]
        return all(commit is not None and commit.fingerprint == fingerprint for commit in commits)

    def stage(self, table: Table, *, job: str, partitions: Sequence[str], append: bool = False) -> Stage:
        """Begin a write of these partitions, after removing the files of killed writers of this table."""
        root = self.path(table)
        delta = self._open(table) or self._create(table)
        attempts.sweep(root, self.folders(table))
        return Stage(table, self.root, root, delta, job, partitions, append, self.traffic)

    def folders(self, table: Table) -> set[str]:
        """Names of all attempt folders that were ever committed."""
        return {commit.folder for commit in self.history(table)}

    def drop(self, table: Table) -> None:
        """Remove a table with all its versions."""
        forget(self.root, table)
        shutil.rmtree(self.path(table), ignore_errors=True)

    def _commits(self, table: Table, delta: DeltaTable) -> list[Commit]:
        at = (table.name, delta.version())
        if at not in self._histories:
            self._histories[at] = read_history(delta)
        return self._histories[at]

    def _verify(self, table: Table, files: Mapping[str, Amount]) -> None:
        """Compare files with their checksums when they are first opened here."""
        new = [(file, amount) for file, amount in files.items() if file not in self._verified]
        known = self.checksums(table) if new else {}
        for file, amount in new:
            require_as_written(table, Path(file), known.get(file) if amount.bytes <= WHOLE_BYTES else None)
            self._verified.add(file)

    def _require_whole_log(self, table: Table) -> None:
        known = read_committed(self.root, table)
        at = (table.name, max(known, default=-1))
        if known and at not in self._whole_logs:
            require_whole(table, self.path(table), known)
            self._whole_logs.add(at)

    def _open(self, table: Table, version: int | None = None) -> DeltaTable | None:
        # Read before the log: a concurrent commit makes the log longer than the record, never shorter.
        self._require_whole_log(table)
        try:
            return DeltaTable(str(self.path(table)), version=version)
        except TableNotFoundError:
            return None
        except Exception as error:
            if version is None:
                why = " ".join(str(error).split())[:200]
                raise DamagedLogError(f"{table.name}: the log in {self.path(table)} cannot be read: {why}") from None
            raise UserError(f"{table.name} has no version {version}: {error}") from None

    def _create(self, table: Table) -> DeltaTable:
        root = self.path(table)
        root.mkdir(parents=True, exist_ok=True)
        schema = Schema.from_arrow(arrow_schema(table))
        created = DeltaTable.create(str(root), schema, mode="ignore", partition_by=[table.partition])
        remember(self.root, table, root)
        return created
