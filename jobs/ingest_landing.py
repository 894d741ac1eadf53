"""Landing files of a night, and of all earlier days not yet taken in, to bronze and quarantine."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING

from socialrec.contracts.bronze import BRONZE, BRONZE_PICTURES, LANDED_DAYS, QUARANTINE, QUARANTINED_PICTURES
from socialrec.contracts.runs import LANDING_FILES
from socialrec.contracts.vocabulary import Entity
from socialrec.etl.landing.files import LandingDay, LandingFile, find_days, require_as_seen, require_day, settled_days
from socialrec.etl.progress import landing_tokens, pack_tokens
from socialrec.lake.traffic import Amount
from socialrec.runtime import job

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from socialrec.etl.quarantine_share import Intake
    from socialrec.lake import Stage

NAME = "ingest_landing"
_AT_ONCE = 2  # while one entity is planned, another one runs


def main(argv: list[str] | None = None) -> int:
    """Take in all landed days that bronze does not hold."""
    args = job.parser(__doc__).parse_args(argv)
    with job.run(NAME, args) as run:
        in_bronze = frozenset(run.lake.partitions(LANDED_DAYS))
        listed = find_days(run.settings.landing, run.ds, run.settings.etl.platforms)
        waiting: list[LandingFile] = []
        while True:
            days = settled_days(listed, waiting, in_bronze)
            try:
                if run.settings.etl.require_landing_day:
                    require_day(run.settings.landing, {day.ds for day in days} | in_bronze, run.ds, waiting)
                intakes, n_days = take_in_new(run, days)
                break
            except Exception:
                # Any error may be due to a file that is still being written.
                changed = [file for day in days for file in day.files if not file.is_as_seen]
                if not changed:
                    raise
            names = [file.name for file in changed]
            run.log.warning("files that changed while they were read wait for the next run", files=names)
            waiting += changed
        counts = {f"{entity}_in": intake.n_in for entity, intake in intakes.items()}
        counts |= {f"{entity}_quarantined": intake.n_quarantined for entity, intake in intakes.items()}
        status = ("dry_run" if args.dry_run else "written") if n_days else "up_to_date"
        waits = {"waiting": [file.name for file in waiting]} if waiting else {}
        run.done(status=status, counts=counts, n_days=n_days, **waits)
    return 0


def take_in_new(run: job.Run, days: list[LandingDay]) -> tuple[dict[Entity, Intake], int]:
    """Take in those of these days whose content bronze does not hold; returns their number."""
    tokens = landing_tokens(run.lake, BRONZE.values(), days)
    if not tokens:
        return {}, 0
    run.log.info("taking in", days=len(tokens), first=min(tokens), last=max(tokens))
    return take_in(run, [day for day in days if day.ds in tokens], tokens), len(tokens)


def take_in(run: job.Run, days: list[LandingDay], tokens: Mapping[str, str]) -> dict[Entity, Intake]:
    """Judge the records of these days and commit them: quarantine always, bronze where not too many were rejected.

    Raises UserError before anything is committed where a file changed since it was listed.
    """
    # Spark is imported only here, so that a night with nothing new does not pay for it.
    from socialrec.etl.bronze.erased import Erased
    from socialrec.etl.bronze.ingest import stage_records
    from socialrec.etl.landing.layouts import find_layouts
    from socialrec.etl.quarantine_share import check_share
    from socialrec.etl.session import spark_session
    from socialrec.etl.tables import commit_stage, staged_files

    etl = run.settings.etl
    layouts = find_layouts(file for day in days for file in day.files)
    for (entity, *columns), example in layouts.unknown.items():
        run.log.warning(
            "columns that the contract does not know are ignored", entity=entity, columns=columns, in_=example
        )
    fingerprint = pack_tokens(tokens)
    with ExitStack() as stack:
        bronze = {e: stack.enter_context(run.lake.stage(BRONZE[e], job=NAME, partitions=list(tokens))) for e in Entity}
        rejects = {
            e: stack.enter_context(run.lake.stage(QUARANTINE[e], job=NAME, partitions=list(tokens))) for e in Entity
        }
        spark = stack.enter_context(spark_session(NAME, run.settings))
        erased = Erased.of(spark, run.settings.secrets)

        def read(entity: Entity) -> Intake:
            stages = bronze[entity], rejects[entity]
            intake = stage_records(spark, entity, layouts, *stages, platforms=etl.platforms, erased=erased)
            run.log.info("read", entity=entity.value, records=intake.n_in, bad=intake.n_quarantined)
            return intake

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            intakes = dict(zip(Entity, pool.map(read, Entity), strict=True))
        take_in_pictures(run, spark, bronze[Entity.PRODUCTS], fingerprint)
        require_as_seen(days)
        landed = Amount(sum(i.n_in for i in intakes.values()), sum(day.n_bytes for day in days))
        run.lake.traffic.opened(LANDING_FILES, {str(run.settings.landing): landed})
        for entity, intake in intakes.items():
            counts = {"quarantined": intake.n_quarantined}
            commit_stage(rejects[entity], fingerprint=fingerprint, counts=counts, dry_run=run.args.dry_run)
        quarantined = {e: staged_files(stage) for e, stage in rejects.items()}
        check_share(intakes, quarantined, etl.max_quarantine_share)
        for entity, intake in intakes.items():
            counts = {"in": intake.n_in, "valid": intake.n_in - intake.n_quarantined}
            commit_stage(bronze[entity], fingerprint=fingerprint, counts=counts, dry_run=run.args.dry_run)
    return intakes


def take_in_pictures(run: job.Run, spark: SparkSession, products: Stage, fingerprint: str) -> None:
    """Keep the pictures that the staged products name, and commit which file holds which; others go to quarantine.

    They come before the products, whose commit is the one that is waited for.
    """
    from socialrec.etl.bronze.pictures import name_pictures, stage_pictures
    from socialrec.etl.tables import commit_stage

    tables, days = (BRONZE_PICTURES, QUARANTINED_PICTURES), products.partitions
    if not name_pictures(products) and not any(set(days) & set(run.lake.partitions(table)) for table in tables):
        return
    with ExitStack() as stack:
        stages = [stack.enter_context(run.lake.stage(table, job=NAME, partitions=days)) for table in tables]
        intake = stage_pictures(
            spark, products, *stages, landing=run.settings.landing, limits=run.settings.pictures.limits
        )
        run.log.info("read pictures", **asdict(intake))
        for stage in stages:
            counts = {"in": intake.n_files, "quarantined": intake.n_quarantined}
            commit_stage(stage, fingerprint=fingerprint, counts=counts, dry_run=run.args.dry_run)


if __name__ == "__main__":
    job.end(main)
