"""Passages of the day that answers may cite: attributes, and sentences of descriptions, comments and answers."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from socialrec.contracts.columns import Table
from socialrec.contracts.gold import PASSAGES, PRODUCT_ATTRIBUTES, SUSPECTS
from socialrec.contracts.silver import (
    SILVER_ANSWERS,
    SILVER_COMMENTS,
    SILVER_FOLLOWS,
    SILVER_INTERACTIONS,
    SILVER_PRODUCTS,
    SILVER_QUESTIONS,
)
from socialrec.errors import UserError
from socialrec.features.suspicion import SUSPECT_DAYS, read_suspects
from socialrec.lake import Stage
from socialrec.lake.schemas import arrow_schema
from socialrec.runtime import job

NAME = "build_passages"
RULES = 1
"""Version of the rules by which sentences become passages."""
_STEP = SUSPECT_DAYS - 3
"""Days between two searches of older days for rings: any three days in a row are searched together."""


def main(argv: list[str] | None = None) -> int:
    """Build the day's snapshot; an empty one, without Spark, where nobody ever asked anything."""
    args = job.parser(__doc__).parse_args(argv)
    with job.run(NAME, args) as run:
        asked = run.lake.dataset(SILVER_QUESTIONS, days_until(run, SILVER_QUESTIONS)).count_rows()
        snapshots = (SILVER_PRODUCTS, SILVER_FOLLOWS, PRODUCT_ATTRIBUTES) if asked else ()
        if missing := [table.name for table in snapshots if run.ds not in run.lake.partitions(table)]:
            raise UserError(f"{' and '.join(missing)} has no rows of {run.ds}: run the night of that day first")
        events = (SILVER_COMMENTS, SILVER_ANSWERS, SILVER_INTERACTIONS) if asked else ()
        inputs: dict[Table, Sequence[str]] = {table: [run.ds] for table in snapshots}
        inputs |= {table: days_until(run, table) for table in (SILVER_QUESTIONS, *events)}
        fingerprint = run.lake.fingerprint(inputs, RULES, sorted(run.settings.etl.shared_ids))
        if run.lake.up_to_date(PASSAGES, [run.ds], fingerprint):
            run.done(status="up_to_date")
            return 0
        counts = build(run, fingerprint) if asked else build_nothing(run, fingerprint)
        run.done(status="dry_run" if args.dry_run else "written", counts=counts)
    return 0


def days_until(run: job.Run, table: Table) -> list[str]:
    """Days of a table up to the night's."""
    return [day for day in run.lake.partitions(table) if day <= run.ds]


def build_nothing(run: job.Run, fingerprint: str) -> dict[str, int]:
    """Commit an empty snapshot."""
    with run.lake.stage(PASSAGES, job=NAME, partitions=[run.ds]) as stage:
        if not run.args.dry_run:
            stage.commit(fingerprint=fingerprint, counts={"published": 0})
    return {"passages": 0}


def build(run: job.Run, fingerprint: str) -> dict[str, int]:
    """Stage tonight's suspects and the passages, then commit both; returns their rows."""
    # Spark is imported only here, so that a night with nothing new does not pay for it.
    from socialrec.etl.gold.passages import PassageBuilder
    from socialrec.etl.keys import Keys
    from socialrec.etl.session import spark_session
    from socialrec.etl.tables import commit_stage, count_staged, write_stage

    with (
        run.lake.stage(SUSPECTS, job=NAME, partitions=[run.ds]) as suspects,
        run.lake.stage(PASSAGES, job=NAME, partitions=[run.ds]) as passages,
        spark_session(NAME, run.settings) as spark,
    ):
        stage_suspects(run, suspects)
        keys = Keys.sharing(run.settings.etl.shared_ids)
        write_stage(PassageBuilder(spark, run.lake, keys, run.ds, suspects).rows(), passages)
        counts = {stage.table.noun: count_staged(stage) for stage in (suspects, passages)}
        for stage in (suspects, passages):
            published = {"published": counts[stage.table.noun]}
            commit_stage(stage, fingerprint=fingerprint, counts=published, dry_run=run.args.dry_run)
    return counts


def stage_suspects(run: job.Run, stage: Stage) -> None:
    """Stage the accounts that look like rings of fakes in the landing days since the last search.

    A ring that was seen once is not cited later either, when its days are no longer looked at.
    """
    searched = max((day for day in run.lake.partitions(SUSPECTS) if day < run.ds), default="")
    new = [day for day in days_until(run, SILVER_COMMENTS) if day > searched] or [run.ds]
    found = sorted({suspect.user_key for end in new[::-_STEP] for suspect in read_suspects(run.lake, end)})
    schema = arrow_schema(SUSPECTS)
    stage.write(pa.Table.from_pydict({"user_key": found, "ds": [run.ds] * len(found)}, schema=schema))


if __name__ == "__main__":
    job.end(main)
