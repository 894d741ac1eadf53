"""One night of silver: the days to build of each entity, and every record accounted for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from socialrec.contracts.bronze import BRONZE, QUARANTINE
from socialrec.contracts.entities import ENTITIES, EVENTS, SNAPSHOTS
from socialrec.contracts.silver import SILVER
from socialrec.contracts.vocabulary import Entity, QuarantineReason, QuarantineStage
from socialrec.etl.entities.base import SilverNight, SilverOutcome
from socialrec.etl.plans import SilverPlan
from socialrec.etl.progress import IncrementalPlan, pack_tokens
from socialrec.etl.quarantine_share import Intake
from socialrec.etl.repeats import days_within
from socialrec.etl.tables import count_rows, read_table, write_stage
from socialrec.lake import Lake, Stage


def rolls_to_build(night: SilverNight, plan: SilverPlan) -> dict[Entity, IncrementalPlan]:
    """By entity that is not up to date: the landing days to take from bronze, and what they are added to."""
    found = {}
    for entity in EVENTS:
        if days := sorted(plan.tokens[entity]):
            # Days that are built already are built again where a record of these days changes what stands there.
            if not landed_nothing(night.lake, entity, IncrementalPlan(None, tuple(days), "", is_done=False)):
                days = days_to_build(night, entity, days, plan.built[entity])
            fingerprint = pack_tokens({day: plan.wanted[entity][day] for day in days})
            found[entity] = IncrementalPlan(None, tuple(days), fingerprint, is_done=False)
    return found | {entity: plan.rolls[entity] for entity in SNAPSHOTS if not plan.rolls[entity].is_done}


def days_to_build(night: SilverNight, entity: Entity, days: Sequence[str], built: Mapping[str, str]) -> list[str]:
    """These days of an event, and the days that are built already whose rows change with them."""
    found = night.repeats(entity, days).days_to_build(built)
    if ENTITIES[entity].said_once:
        found = sorted({*found, *days_within(days, built, night.window_days)})
    return found


def landed_nothing(lake: Lake, entity: Entity, roll: IncrementalPlan) -> bool:
    """Check if an entity has no record to build or to keep: a shop that never delivers it pays for no Spark job."""
    kept = roll.days if entity in EVENTS else [roll.previous] if roll.previous else []
    return not count_rows(lake, BRONZE[entity], roll.days) and not count_rows(lake, SILVER[entity], kept)


def requarantine(night: SilverNight, entity: Entity, days: Sequence[str], rejected: DataFrame, stage: Stage) -> None:
    """Stage these days of the quarantine table: what ingest rejected, as it was, and what silver rejects now."""
    table = read_table(night.spark, night.lake, QUARANTINE[entity], days)
    write_stage(table.where(F.col("stage") == QuarantineStage.INGEST.value).unionByName(rejected), stage)


def quarantined_by(lake: Lake, entity: Entity, days: Sequence[str], stage: QuarantineStage) -> list[str]:
    """Reason of each record of these days that this stage rejected, with repetitions."""
    rows = lake.read(QUARANTINE[entity], days, columns=["reason"], filter=pc.field("stage") == stage.value)
    found: list[str] = rows["reason"].to_pylist()
    return found


def balance(lake: Lake, entity: Entity, days: Sequence[str], outcome: SilverOutcome) -> tuple[dict[str, int], Intake]:
    """Count `<entity>_in`, `_published`, `_duplicate`, `_quarantined` of these days, and the rejections of both stages.

    Raises RuntimeError where the last three do not add up to the first.
    """
    rejected_before = quarantined_by(lake, entity, days, QuarantineStage.INGEST)
    n_in = count_rows(lake, BRONZE[entity], days) + len(rejected_before)
    parts = {
        "published": outcome.n_published,
        "duplicate": outcome.n_duplicate,
        "quarantined": len(rejected_before) + outcome.n_rejected,
    }
    if n_in != sum(parts.values()):
        raise RuntimeError(f"{entity}: {n_in} records in, but {parts}; nothing was published")
    n_erased = rejected_before.count(QuarantineReason.ERASED_USER.value)
    counts = {f"{entity}_{name}": number for name, number in {"in": n_in, **parts}.items()}
    return counts, Intake(n_in, parts["quarantined"], n_erased)
