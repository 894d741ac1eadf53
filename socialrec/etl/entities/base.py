"""Steps that the entities share on their way to silver, and how an entity reports what became of its records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from socialrec.contracts.bronze import BRONZE
from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.silver import SILVER
from socialrec.contracts.vocabulary import Entity, QuarantineReason, QuarantineStage
from socialrec.etl.days import Platforms, local_day
from socialrec.etl.duplicates import RECORD_KEY, VERDICT, DuplicateReason, without
from socialrec.etl.identity import Identity
from socialrec.etl.keys import Keys
from socialrec.etl.progress import IncrementalPlan
from socialrec.etl.repeats import RepeatRule, Repeats
from socialrec.etl.tables import count_staged, read_table, write_stage
from socialrec.etl.wording.texts import with_mask
from socialrec.lake import Lake, Stage
from socialrec.settings.etl import MaskSettings

IS_NEW, IS_NEWEST = "is_new", "is_newest"
"""Flags of the rows of a snapshot: it comes from the intake; it is the newest of its key."""


@dataclass(frozen=True)
class SilverOutcome:
    """Counts of an entity's valid records by what became of them; `rejected` are rows of its quarantine table.

    masked: how many of the published texts hold the mask of a kind, as `masked_<kind>`.
    """

    n_published: int
    n_duplicate: int
    n_rejected: int = 0
    rejected: DataFrame | None = None
    masked: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SilverNight:
    """Inputs of one night of silver.

    A key counts once, whatever its age. Words repeat where the same user says them of the same product again up to
    `window_days` later. `masks` says what is masked in free text; `platforms` are the settings of the platforms.
    """

    spark: SparkSession
    lake: Lake
    identity: Identity
    keys: Keys
    window_days: int
    masks: MaskSettings
    max_product_pictures: int
    platforms: Platforms = field(default_factory=dict)

    def bronze(self, entity: Entity, days: Sequence[str]) -> DataFrame:
        """The valid records of an entity that landed on these days."""
        return read_table(self.spark, self.lake, BRONZE[entity], days)

    def silver(self, entity: Entity, partitions: Sequence[str]) -> DataFrame:
        """Partitions of the silver table as it stands."""
        return read_table(self.spark, self.lake, SILVER[entity], partitions)

    def previous(self, entity: Entity, roll: IncrementalPlan) -> DataFrame:
        """The snapshot to roll on from; no rows where the roll starts from nothing."""
        return self.silver(entity, [roll.previous] if roll.previous else [])

    def repeats(self, entity: Entity, days: Sequence[str]) -> Repeats:
        """The keys of these days that come up more than once, looked for once."""
        asked = (entity, tuple(days))
        if asked not in self._found:
            rule = RepeatRule.of(entity, self.keys)
            assert rule is not None, f"{entity} is a snapshot"
            self._found[asked] = Repeats(self.spark, self.lake, rule, asked[1])
        return self._found[asked]

    def mask_counts(self, text: Column) -> list[Column]:
        """Counts of the texts that hold the mask of each kind."""
        return [with_mask(text, kind).alias(f"masked_{kind}") for kind in self.masks.kinds]

    @cached_property
    def _found(self) -> dict[tuple[Entity, tuple[str, ...]], Repeats]:
        return {}


def build_events(
    night: SilverNight, entity: Entity, roll: IncrementalPlan, stage: Stage, clean: Callable[[DataFrame], DataFrame]
) -> SilverOutcome:
    """Stage the roll's days of an event: `clean` turns bronze rows, free of repeats, into rows of silver.

    The rows keep `source_file` and `source_line`. Records whose texts were nothing but markup are rejected.
    """
    bronze = night.bronze(entity, roll.days)
    repeated = night.repeats(entity, roll.days).rejected(roll.days)
    # Counting first: their size must be known before the join is planned, or every record is moved around.
    counts = tally(repeated)
    n_conflict = counts.pop(DuplicateReason.CONFLICT, 0)
    refused = conflicts(bronze, repeated, entity)
    rows = clean(without(bronze, repeated))
    if not ENTITIES[entity].texts:
        write_stage(rows, stage)
        return SilverOutcome(count_staged(stage), sum(counts.values()), n_conflict, refused)
    n_empty, masked = _write_texts(night, entity, rows, stage)
    if n_empty:
        empties = rows.where(_is_empty(entity)).select(*RECORD_KEY)
        emptied = bronze.join(empties, list(RECORD_KEY), "left_semi")
        first = ENTITIES[entity].texts[0]
        refused = refused.unionByName(rejected(emptied, entity, QuarantineReason.EMPTY_TEXT, first))
    return SilverOutcome(count_staged(stage), sum(counts.values()), n_conflict + n_empty, refused, masked)


def _write_texts(night: SilverNight, entity: Entity, rows: DataFrame, stage: Stage) -> tuple[int, dict[str, int]]:
    """Stage the rows with words; returns the number of the others, and how many texts hold the mask of a kind."""
    seen = Observation()
    words = F.concat_ws(" ", *ENTITIES[entity].texts)
    observed = rows.observe(seen, F.count_if(_is_empty(entity)).alias("n_empty"), *night.mask_counts(words))
    write_stage(observed.where(~_is_empty(entity)), stage)
    counts = dict(seen.get)
    return counts.pop("n_empty"), counts


def _is_empty(entity: Entity) -> Column:
    return F.concat(*(F.coalesce(name, F.lit("")) for name in ENTITIES[entity].texts)) == ""


def write_newest(rows: DataFrame, stage: Stage, *more: Column) -> dict[str, int]:
    """Stage the newest rows of a snapshot; counts its intake as `published` and `duplicate`, and what `more` counts."""
    is_new, is_newest = F.col(IS_NEW), F.col(IS_NEWEST)
    seen = Observation()
    observed = rows.observe(
        seen,
        F.count_if(is_new & is_newest).alias("published"),
        F.count_if(is_new & ~is_newest).alias("duplicate"),
        *more,
    )
    write_stage(observed.where(is_newest), stage)
    return dict(seen.get)


def tally(repeated: DataFrame) -> dict[str, int]:
    """Count records by their verdict."""
    return {row[0]: row[1] for row in repeated.groupBy(VERDICT).count().collect()}


def conflicts(bronze: DataFrame, repeated: DataFrame, entity: Entity) -> DataFrame:
    """The records that contradict an earlier one of their key, as rows of the entity's quarantine table."""
    found = repeated.where(F.col(VERDICT) == DuplicateReason.CONFLICT.value).select(*RECORD_KEY)
    records = bronze.join(found, list(RECORD_KEY), "left_semi")
    return rejected(records, entity, QuarantineReason.CONFLICTING_ID, ENTITIES[entity].key[0])


def rejected(bronze: DataFrame, entity: Entity, reason: QuarantineReason, column: str) -> DataFrame:
    """Bronze rows as rows of the entity's quarantine table."""
    held: Column = F.concat(F.lit(f"{column}: "), F.left(F.col(column), F.lit(100)))
    return bronze.select(
        F.lit(reason.value).alias("reason"),
        held.alias("detail"),
        F.lit(QuarantineStage.SILVER.value).alias("stage"),
        F.to_json(F.struct(*(landed.name for landed in ENTITIES[entity].columns))).alias("record"),
        *("platform", "source_file", "source_line", "ds"),
    )


def is_late(event: Column, platforms: Platforms) -> Column:
    """Tell whether a time lies before its row's landing day; an unknown time is not late."""
    return F.coalesce(local_day(event, platforms) < F.to_date("ds"), F.lit(False))
