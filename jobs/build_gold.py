"""Silver to gold features: affinity, ties, profiles, and new texts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from socialrec.contracts.gold import SOCIAL_TIES, TEXTS, USER_PRODUCT_AFFINITY, USER_PROFILES
from socialrec.etl.plans import GOLD_TARGETS, GoldPlan, plan_gold
from socialrec.runtime import job

NAME = "build_gold"


def main(argv: list[str] | None = None) -> int:
    """Build the night's features, incrementally from the night before where its inputs have not changed."""
    args = job.parser(__doc__).parse_args(argv)
    with job.run(NAME, args) as run:
        plan = plan_gold(run.lake, run.ds, run.settings.etl)
        if plan.is_done:
            run.done(status="up_to_date")
            return 0
        roll = plan.others
        run.log.info("building", rolled_from=roll.previous or "nothing", days=len(roll.days))
        counts = build(run, plan)
        run.done(status="dry_run" if args.dry_run else "written", counts=counts, rolled_from=roll.previous)
    return 0


def build(run: job.Run, plan: GoldPlan) -> dict[str, int]:
    """Stage all four tables, then commit; returns their rows."""
    # Spark is imported only here, so that a night with nothing new does not pay for it.
    from socialrec.etl.gold.first_texts import leave_to_first_day
    from socialrec.etl.gold.night import GoldBuilder
    from socialrec.etl.session import spark_session
    from socialrec.etl.tables import commit_stage, count_staged

    with ExitStack() as stack:
        stages = {
            table: stack.enter_context(run.lake.stage(table, job=NAME, partitions=[run.ds])) for table in GOLD_TARGETS
        }
        spark = stack.enter_context(spark_session(NAME, run.settings))
        builder = GoldBuilder(spark, run.lake, run.settings.etl, run.ds, plan)
        with ThreadPoolExecutor() as pool:  # while one is planned, the other runs
            ties = pool.submit(builder.ties, stages[SOCIAL_TIES])
            builder.affinity(stages[USER_PRODUCT_AFFINITY])
            builder.profiles(stages[USER_PRODUCT_AFFINITY], stages[USER_PROFILES])
            builder.texts(stages[TEXTS])
            ties.result()
        counts = {table.noun: count_staged(stage) for table, stage in stages.items()}
        for table, stage in stages.items():
            published = {"published": counts[table.noun]}
            commit_stage(stage, fingerprint=plan.fingerprint(table), counts=published, dry_run=run.args.dry_run)
            if table is TEXTS and not run.args.dry_run:
                leave_to_first_day(run.lake, run.ds, job=NAME)
    return counts


if __name__ == "__main__":
    job.end(main)
