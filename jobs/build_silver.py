"""Bronze to silver: cleaned, de-duplicated, under pseudonyms; every record accounted for."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

from socialrec import job
from socialrec.contracts.bronze import QUARANTINE
from socialrec.contracts.silver import SILVER
from socialrec.contracts.vocabulary import Entity, QuarantineStage
from socialrec.etl.plans import DAILY, SNAPSHOTS, SilverPlan, plan_silver
from socialrec.etl.progress import pack_tokens
from socialrec.lake import Stage
from socialrec.pseudonyms import identity_key

if TYPE_CHECKING:
    from socialrec.etl.silver import Outcome, SilverBuilder

NAME = "build_silver"
_AT_ONCE = 2  # while one entity is planned, another one runs
Staged = tuple[Stage, str, dict[str, int]]


def main(argv: list[str] | None = None) -> int:
    """Build the days that bronze has and silver lacks, and the night's snapshots."""
    args = job.parser(__doc__).parse_args(argv)
    with job.run(NAME, args) as run:
        plan = plan_silver(run.lake, run.ds, run.settings.etl)
        if plan.is_done:
            run.done(status="up_to_date")
            return 0
        counts = build(run, plan)
        run.done(status="dry_run" if args.dry_run else "written", counts=counts)
    return 0


def build(run: job.Run, plan: SilverPlan) -> dict[str, int]:
    """Stage all four tables, check that the counts add up, then commit; returns the counts."""
    # Spark is imported only now: a night with nothing new must not pay for it.
    from socialrec.etl.identity import Identity
    from socialrec.etl.session import spark_session
    from socialrec.etl.silver import SilverBuilder, balance
    from socialrec.etl.tables import publish

    with ExitStack() as stack:
        spark = stack.enter_context(spark_session(NAME, run.settings))
        identity = Identity.of(spark, identity_key(run.settings.secrets))
        etl = run.settings.etl
        builder = SilverBuilder(spark, run.lake, identity, etl.duplicate_window_days, etl.mask, etl.platforms)
        todo = work(run.ds, plan)
        stages = {
            entity: stack.enter_context(
                run.lake.stage(SILVER[entity], job=NAME, partitions=days if entity in DAILY else [run.ds])
            )
            for entity, (days, _) in todo.items()
        }

        def make(entity: Entity) -> tuple[dict[str, int], list[Staged]]:
            days, fingerprint = todo[entity]
            outcome = _stage(builder, entity, run.ds, plan, stages[entity])
            masked = {f"{entity}_{name}": number for name, number in outcome.masked.items()}
            balanced = balance(run.lake, entity, days, outcome) | masked
            run.log.info("built", **balanced)
            published = {name.removeprefix(f"{entity}_"): number for name, number in balanced.items()}
            rejects = _requarantine(run, stack, builder, entity=entity, days=days, outcome=outcome)
            return balanced, [*rejects, (stages[entity], fingerprint, published)]

        counts: dict[str, int] = {}
        staged: list[Staged] = []
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for balanced, made in pool.map(make, todo):
                counts |= balanced
                staged += made
        for stage, fingerprint, published in staged:
            publish(stage, fingerprint=fingerprint, counts=published, dry_run=run.args.dry_run)
    return counts


def work(ds: str, plan: SilverPlan) -> dict[Entity, tuple[list[str], str]]:
    """By entity that is not up to date: the landing days to take from bronze, and the fingerprint to commit."""
    daily = {e: (sorted(plan.tokens[e]), pack_tokens(plan.tokens[e])) for e in DAILY if plan.tokens[e]}
    rolled = {e: (list(plan.rolls[e].days), plan.rolls[e].fingerprint) for e in SNAPSHOTS if not plan.rolls[e].is_done}
    return daily | rolled


def _stage(builder: SilverBuilder, entity: Entity, ds: str, plan: SilverPlan, stage: Stage) -> Outcome:
    match entity:
        case Entity.INTERACTIONS:
            return builder.interactions(stage.partitions, stage)
        case Entity.COMMENTS:
            return builder.comments(stage.partitions, stage)
        case Entity.PRODUCTS:
            return builder.products(plan.rolls[entity], ds, stage)
        case Entity.FOLLOWS:
            return builder.follows(plan.rolls[entity], ds, stage)


def _requarantine(
    run: job.Run, stack: ExitStack, builder: SilverBuilder, *, entity: Entity, days: list[str], outcome: Outcome
) -> list[Staged]:
    """Stage the quarantine of these days anew where silver rejects something now, or did before."""
    from socialrec.etl.silver import quarantined_by

    if outcome.rejected is None or not (
        outcome.n_rejected or quarantined_by(run.lake, entity, days, QuarantineStage.SILVER)
    ):
        return []
    stage = stack.enter_context(run.lake.stage(QUARANTINE[entity], job=NAME, partitions=days))
    builder.requarantine(entity, days, outcome.rejected, stage)
    return [(stage, "", {"rejected_by_silver": outcome.n_rejected})]


if __name__ == "__main__":
    sys.exit(job.guarded(main))
