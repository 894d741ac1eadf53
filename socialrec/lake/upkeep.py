"""Maintenance of tables: empty old days, merge small files, remove expired versions and files of dead writers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from deltalake import DeltaTable

from socialrec.contracts.columns import Table
from socialrec.lake import attempts
from socialrec.lake.integrity.committed import remember
from socialrec.lake.lake import Lake
from socialrec.lake.rewriting import Fill, replace_files
from socialrec.lake.stage import KEEP_HISTORY, Stage

MERGED_BYTES = 128 * 1024**2
"""Maximum size of a merged file."""


def compact(lake: Lake, table: Table, max_files: int, *, job: str, dry_run: bool = False) -> int:
    """Merge the small files of partitions that have more than `max_files`; returns the reduction in files.

    Rows stay in their order, so readers read the same.
    """
    fills: dict[str, Fill] = {}
    n_fewer = 0
    for partition in lake.partitions(table):
        files = lake.files(table, [partition])
        groups = list(_groups(files))
        if len(files) > max_files and len(groups) < len(files):
            fills[partition] = _merging(groups)
            n_fewer += len(files) - len(groups)
    if not dry_run:
        replace_files(lake, table, fills, job=job)
    return n_fewer


def vacuum(lake: Lake, table: Table, days: float, keep: Collection[int], *, dry_run: bool = False) -> list[Path]:
    """Delete files that belong to no version of the last `days` nor to a version in `keep`; returns them.

    Files that no version ever named are deleted too, once they are that old.
    """
    root = lake.path(table)
    if lake.version(table) is None:
        return []
    delete = partial(
        DeltaTable(str(root)).vacuum,
        retention_hours=round(days * 24),
        enforce_retention_duration=False,
        full=True,
        keep_versions=sorted(keep) or None,
        post_commithook_properties=KEEP_HISTORY,
    )
    # It also lists files that are long gone, and Spark's checksums, which it deletes beside files that stay.
    found = [root / path for path in delete(dry_run=True) if path.endswith(".parquet") and (root / path).exists()]
    if found and not dry_run:
        delete(dry_run=False)
        remember(lake.root, table, root)
        _remove_empty_folders(root)
    return found


def forget_days(lake: Lake, table: Table, days: float, *, job: str, dry_run: bool = False) -> list[str]:
    """Empty the partitions of landing days that lie more than `days` before the newest one; returns those days.

    No fingerprint stays, so a run of such a day makes its rows again.
    """
    newest = lake.last_partition(table)
    if newest is None:
        return []
    oldest = (date.fromisoformat(newest) - timedelta(days=int(days))).isoformat()
    gone = [day for day in lake.partitions(table) if day < oldest and lake.files(table, [day])]
    if gone and not dry_run:
        with lake.stage(table, job=job, partitions=gone) as stage:
            stage.commit(counts={"published": 0})
    return gone


def sweep(lake: Lake, table: Table, *, dry_run: bool = False) -> list[Path]:
    """Remove the files of killed writers; returns their folders."""
    find = attempts.abandoned if dry_run else attempts.sweep
    return find(lake.path(table), lake.folders(table))


def _groups(files: Sequence[str]) -> Iterator[list[str]]:
    """Group neighbouring files that together stay below the size of a merged one."""
    group: list[str] = []
    weight = 0
    for file in files:
        size = Path(file).stat().st_size
        if group and weight + size > MERGED_BYTES:
            yield group
            group, weight = [], 0
        group.append(file)
        weight += size
    if group:
        yield group


def _merging(groups: Sequence[Sequence[str]]) -> Fill:
    def fill(stage: Stage, partition: str) -> None:
        for group in groups:
            stage.merge(group, partition)

    return fill


def _remove_empty_folders(root: Path) -> None:
    """Remove empty folders that vacuum leaves; attempts in progress hold their owner's lock file."""
    for folder in sorted(root.glob(f"{attempts.PREFIX}*/part=*")):
        if not any(folder.iterdir()):
            folder.rmdir()
    for folder in root.glob(f"{attempts.PREFIX}*"):
        if not any(folder.iterdir()):
            folder.rmdir()
