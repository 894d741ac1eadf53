"""Maintenance of the home: verify some files, merge small ones, delete old versions, remove leftovers."""

from __future__ import annotations

from collections import Counter

import pyarrow.compute as pc

from socialrec import tracking
from socialrec.contracts import TABLES
from socialrec.contracts.bronze import BRONZE_PICTURES
from socialrec.contracts.gold import ANSWERS, PASSAGES
from socialrec.contracts.silver import SILVER_PRODUCTS
from socialrec.lake.integrity.verify import verify_share
from socialrec.lake.pictures import PictureStore
from socialrec.lake.upkeep import compact, forget_days, sweep, vacuum
from socialrec.local_stack.home.kept import RetainedModels, kept_models
from socialrec.local_stack.home.leftovers import find_leftovers, remove
from socialrec.runtime import job

NAME = "maintain_lake"


def main(argv: list[str] | None = None) -> int:
    """Clean tables and folders; a dry run reports what it would remove. Sampling does not apply."""
    args = job.parser(__doc__).parse_args(argv)
    with job.run(NAME, args) as run:
        # First, because nothing may be removed without knowing the champions' data.
        kept = kept_models(tracking.connect(run.settings), run.lake)
        # Before any merge, because a rewrite of a damaged file would look whole.
        counts = {
            **verify_tables(run),
            **tidy_days(run),
            **tidy_tables(run, kept),
            **tidy_pictures(run),
            **tidy_folders(run, kept),
        }
        run.done(status="dry_run" if args.dry_run else "tidied", counts=counts)
    return 0


def verify_tables(run: job.Run) -> Counter[str]:
    """Verify this week's share of the lake's files; returns their number. Raises UserError that names a damaged one."""
    counts: Counter[str] = Counter(files_verified=0)
    left = round(run.settings.maintenance.verified_gib * 1024**3)
    for table in TABLES.values():
        n_files, n_bytes = verify_share(run.lake, table, run.ds, left)
        left -= n_bytes
        counts.update(files_verified=n_files)
    return counts


def tidy_days(run: job.Run) -> Counter[str]:
    """Empty old days of passages and answers, which no later night reads; returns their number."""
    rules = run.settings.maintenance
    counts: Counter[str] = Counter(old_days=0)
    for table, days in ((PASSAGES, rules.passage_days), (ANSWERS, rules.answer_days)):
        gone = forget_days(run.lake, table, days, job=NAME, dry_run=run.args.dry_run)
        if gone:
            run.log.info("emptied", table=table.name, days=len(gone), until=gone[-1])
        counts.update(old_days=len(gone))
    return counts


def tidy_tables(run: job.Run, kept: RetainedModels) -> Counter[str]:
    """Compact, vacuum and sweep table by table; returns counts of merged and removed files."""
    rules, dry_run = run.settings.maintenance, run.args.dry_run
    counts: Counter[str] = Counter(files_merged_away=0, old_files=0, attempts=0)
    for table in TABLES.values():
        swept = sweep(run.lake, table, dry_run=dry_run)
        n_fewer = compact(run.lake, table, rules.max_files, job=NAME, dry_run=dry_run)
        gone = vacuum(run.lake, table, rules.version_days, kept.table_versions.get(table.name, ()), dry_run=dry_run)
        if swept or n_fewer or gone:
            run.log.info("tidied", table=table.name, merged_away=n_fewer, old_files=len(gone), attempts=len(swept))
        counts.update(files_merged_away=n_fewer, old_files=len(gone), attempts=len(swept))
    return counts


def tidy_pictures(run: job.Run) -> Counter[str]:
    """Remove kept pictures that no landed file holds, and no product of the newest night; returns their number."""
    newest = run.lake.last_partition(SILVER_PRODUCTS)
    used = set(run.lake.read(BRONZE_PICTURES, columns=["picture_hash"])["picture_hash"].to_pylist())
    shown = run.lake.read(SILVER_PRODUCTS, [newest] if newest else [], ["pictures"])["pictures"]
    used.update(pc.list_flatten(shown).to_pylist())
    counts: Counter[str] = Counter(unused_pictures=0)
    for path in PictureStore(run.lake.root).unused(used, run.settings.maintenance.version_days):
        counts["unused_pictures"] += 1
        if not run.args.dry_run:
            path.unlink(missing_ok=True)
    return counts


def tidy_folders(run: job.Run, kept: RetainedModels) -> Counter[str]:
    """Remove leftovers outside the tables; returns their numbers by kind."""
    counts: Counter[str] = Counter()
    for kind, path in find_leftovers(run.settings, kept.copies):
        run.log.info("left over", kind=kind, path=str(path.relative_to(run.settings.home)))
        counts[kind] += 1
        if not run.args.dry_run:
            remove(path)
    return counts


if __name__ == "__main__":
    job.end(main)
