"""Bronze to silver: cleaned, deduplicated, under pseudonyms; every record accounted for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from socialrec.contracts.bronze import QUARANTINE
from socialrec.contracts.silver import SILVER
from socialrec.contracts.vocabulary import Entity, QuarantineStage
from socialrec.etl.plans import DAILY, SNAPSHOTS, SilverPlan, plan_silver
from socialrec.etl.progress import pack_tokens
from socialrec.etl.silver.unmet import Unmet
from socialrec.lake import Stage
from socialrec.privacy.pseudonyms import identity_key
from socialrec.runtime import job

if TYPE_CHECKING:
    from socialrec.etl.quarantine_share import Intake
    from socialrec.etl.silver.night import Outcome, SilverBuilder

NAME = "build_silver"
_AT_ONCE = 2  # while one entity is planned, another one runs
Staged = tuple[Stage, str, dict[str, int]]


@dataclass(frozen=True)
class Made:
    """Result for one entity of a night: its counts, and the stages of its quarantine and of silver."""

    counts: dict[str, int]
    intake: Intake
    rejects: list[Staged]
    silver: Staged


def main(argv: list[str] | None = None) -> int:
    """Build the days that bronze has and silver lacks, and the night's snapshots."""
    args = job.parser(__doc__).parse_args(argv)
    with job.run(NAME, args) as run:
        plan = plan_silver(run.lake, run.ds, run.settings.etl)
        if plan.is_done:
            run.done(status="up_to_date")
            return 0
        counts, unmet = build(run, plan)
        warnings = warn(run, unmet)
        run.done(
            status="dry_run" if args.dry_run else "written",
            counts=counts,
            unmet=[asdict(one) for one in unmet],
            warnings=warnings,
        )
    return 0


def build(run: job.Run, plan: SilverPlan) -> tuple[dict[str, int], list[Unmet]]:
    """Stage all four tables, check that the counts add up, then commit; returns the counts and the unmatched ids.

    Raises UserError above `etl.max_quarantine_share`, after the quarantine is committed and before silver is.
    """
    # Spark is imported only here, so that a night with nothing new does not pay for it.
    from socialrec.etl.identity import Identity
    from socialrec.etl.keys import Keys
    from socialrec.etl.quarantine_share import check_share
    from socialrec.etl.session import spark_session
    from socialrec.etl.silver.meeting import find_unmet
    from socialrec.etl.silver.night import SilverBuilder, balance
    from socialrec.etl.tables import publish, staged_files

    etl = run.settings.etl
    with ExitStack() as stack:
        spark = stack.enter_context(spark_session(NAME, run.settings))
        identity = Identity.of(spark, identity_key(run.settings.secrets))
        keys = Keys.sharing(etl.shared_ids)
        builder = SilverBuilder(spark, run.lake, identity, keys, etl.duplicate_window_days, etl.mask, etl.platforms)
        todo = work(run.ds, plan, builder)
        stages = {
            entity: stack.enter_context(
                run.lake.stage(SILVER[entity], job=NAME, partitions=days if entity in DAILY else [run.ds])
            )
            for entity, (days, _) in todo.items()
        }

        def make(entity: Entity) -> Made:
            days, fingerprint = todo[entity]
            outcome = _stage(builder, entity, run.ds, plan, stages[entity])
            masked = {f"{entity}_{name}": number for name, number in outcome.masked.items()}
            balanced, intake = balance(run.lake, entity, days, outcome)
            balanced |= masked
            run.log.info("built", **balanced)
            published = {name.removeprefix(f"{entity}_"): number for name, number in balanced.items()}
            rejects = _requarantine(run, stack, builder, entity=entity, days=days, outcome=outcome)
            return Made(balanced, intake, rejects, (stages[entity], fingerprint, published))

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            made = dict(zip(todo, pool.map(make, todo), strict=True))
        unmet = find_unmet(spark, run.lake, keys, run.ds, stages)
        for one in made.values():
            for stage, fingerprint, published in one.rejects:
                publish(stage, fingerprint=fingerprint, counts=published, dry_run=run.args.dry_run)
        quarantined = {
            entity: [file for stage, *_ in one.rejects for file in staged_files(stage)]
            or run.lake.files(QUARANTINE[entity], todo[entity][0])
            for entity, one in made.items()
        }
        check_share({entity: one.intake for entity, one in made.items()}, quarantined, etl.max_quarantine_share)
        for one in made.values():
            stage, fingerprint, published = one.silver
            publish(stage, fingerprint=fingerprint, counts=published, dry_run=run.args.dry_run)
    return {name: number for one in made.values() for name, number in one.counts.items()}, unmet


def warn(run: job.Run, unmet: Sequence[Unmet]) -> list[str]:
    """Log unmatched ids, and warn where they are more than `etl.max_unmet_share`; returns the warnings."""
    warnings = []
    for one in unmet:
        if one.share > run.settings.etl.max_unmet_share:
            warnings.append(one.line())
            run.log.warning(one.line())
        else:
            run.log.info(one.line())
    return warnings


def work(ds: str, plan: SilverPlan, builder: SilverBuilder) -> dict[Entity, tuple[list[str], str]]:
    """Work of each entity that is not up to date: the landing days to take from bronze, and the fingerprint to
    commit.
    """
    daily = {}
    for entity in DAILY:
        if days := sorted(plan.tokens[entity]):
            # Days built before are rebuilt where a record of these days changes their rows.
            days = builder.days_to_build(entity, days, plan.built[entity])
            daily[entity] = (days, pack_tokens({day: plan.wanted[entity][day] for day in days}))
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
    """Stage the quarantine of these days again where silver rejects records now, or did before."""
    from socialrec.etl.silver.night import quarantined_by

    if outcome.rejected is None or not (
        outcome.n_rejected or quarantined_by(run.lake, entity, days, QuarantineStage.SILVER)
    ):
        return []
    stage = stack.enter_context(run.lake.stage(QUARANTINE[entity], job=NAME, partitions=days))
    builder.requarantine(entity, days, outcome.rejected, stage)
    return [(stage, "", {"rejected_by_silver": outcome.n_rejected})]


if __name__ == "__main__":
    sys.exit(job.guarded(main))
