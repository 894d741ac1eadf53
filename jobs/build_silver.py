"""Bronze to silver: cleaned, deduplicated, under pseudonyms; every record accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from socialrec.contracts.bronze import QUARANTINE
from socialrec.contracts.entities import EVENTS
from socialrec.contracts.silver import SILVER
from socialrec.contracts.vocabulary import Entity, QuarantineStage
from socialrec.etl.plans import SilverPlan, plan_silver
from socialrec.etl.silver.unmet import Unmet
from socialrec.lake import Stage
from socialrec.privacy.pseudonyms import identity_key
from socialrec.runtime import job

if TYPE_CHECKING:
    from socialrec.etl.entities.base import SilverNight, SilverOutcome
    from socialrec.etl.quarantine_share import Intake

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
    """Stage all tables, check that the counts add up, then commit; returns the counts and the ids met by nothing.

    Raises UserError above `etl.max_quarantine_share`, after the quarantine is committed and before silver is.
    """
    # Spark is imported only now: a night with nothing new must not pay for it.
    from socialrec.etl.entities import builder
    from socialrec.etl.entities.base import SilverNight, SilverOutcome
    from socialrec.etl.identity import Identity
    from socialrec.etl.keys import Keys
    from socialrec.etl.quarantine_share import check_share
    from socialrec.etl.session import spark_session
    from socialrec.etl.silver.meeting import find_unmet
    from socialrec.etl.silver.night import balance, landed_nothing, rolls_to_build
    from socialrec.etl.tables import commit_stage, staged_files

    etl = run.settings.etl
    with ExitStack() as stack:
        spark = stack.enter_context(spark_session(NAME, run.settings))
        identity = Identity.of(spark, identity_key(run.settings.secrets))
        keys = Keys.sharing(etl.shared_ids)
        night = SilverNight(
            spark,
            run.lake,
            identity,
            keys,
            etl.duplicate_window_days,
            etl.mask,
            etl.max_product_pictures,
            etl.platforms,
        )
        todo = rolls_to_build(night, plan)
        stages = {
            entity: stack.enter_context(
                run.lake.stage(SILVER[entity], job=NAME, partitions=roll.days if entity in EVENTS else [run.ds])
            )
            for entity, roll in todo.items()
        }

        def make(entity: Entity) -> Made:
            roll = todo[entity]
            is_bare = landed_nothing(run.lake, entity, roll)
            outcome = SilverOutcome(0, 0) if is_bare else builder(entity)(night, roll, stages[entity])
            masked = {f"{entity}_{name}": number for name, number in outcome.masked.items()}
            balanced, intake = balance(run.lake, entity, roll.days, outcome)
            balanced |= masked
            run.log.info("built", **balanced)
            published = {name.removeprefix(f"{entity}_"): number for name, number in balanced.items()}
            rejects = _requarantine(run, stack, night, entity=entity, days=roll.days, outcome=outcome)
            return Made(balanced, intake, rejects, (stages[entity], roll.fingerprint, published))

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            made = dict(zip(todo, pool.map(make, todo), strict=True))
        unmet = find_unmet(spark, run.lake, keys, run.ds, stages)
        for one in made.values():
            for stage, fingerprint, published in one.rejects:
                commit_stage(stage, fingerprint=fingerprint, counts=published, dry_run=run.args.dry_run)
        quarantined = {
            entity: [file for stage, *_ in one.rejects for file in staged_files(stage)]
            or run.lake.files(QUARANTINE[entity], todo[entity].days)
            for entity, one in made.items()
        }
        check_share({entity: one.intake for entity, one in made.items()}, quarantined, etl.max_quarantine_share)
        for one in made.values():
            stage, fingerprint, published = one.silver
            commit_stage(stage, fingerprint=fingerprint, counts=published, dry_run=run.args.dry_run)
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


def _requarantine(
    run: job.Run, stack: ExitStack, night: SilverNight, *, entity: Entity, days: Sequence[str], outcome: SilverOutcome
) -> list[Staged]:
    """Stage the quarantine of these days again where silver rejects something now, or did before."""
    from socialrec.etl.silver.night import quarantined_by, requarantine

    if outcome.rejected is None or not (
        outcome.n_rejected or quarantined_by(run.lake, entity, days, QuarantineStage.SILVER)
    ):
        return []
    stage = stack.enter_context(run.lake.stage(QUARANTINE[entity], job=NAME, partitions=days))
    requarantine(night, entity, days, outcome.rejected, stage)
    return [(stage, "", {"rejected_by_silver": outcome.n_rejected})]


if __name__ == "__main__":
    job.end(main)
