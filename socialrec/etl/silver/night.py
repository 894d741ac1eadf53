"""One night of silver: each entity's days from bronze into a stage, every record accounted for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce

import pyarrow.compute as pc
from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from socialrec.contracts.bronze import BRONZE, QUARANTINE
from socialrec.contracts.landing import LANDING, LANDING_KEY
from socialrec.contracts.silver import SILVER
from socialrec.contracts.vocabulary import Entity, QuarantineReason, QuarantineStage
from socialrec.etl.days import Platforms
from socialrec.etl.duplicates import RECORD_KEY, VERDICT, Verdict, said_again, superseded, without
from socialrec.etl.entities import comments, follows, interactions, products
from socialrec.etl.identity import Identity
from socialrec.etl.keys import Keys
from socialrec.etl.progress import Roll, lookback
from socialrec.etl.quarantine_share import Intake
from socialrec.etl.repeats import Repeats, days_within
from socialrec.etl.tables import count_rows, count_staged, read_table, write_stage
from socialrec.etl.wording.texts import with_mask
from socialrec.lake import Lake, Stage
from socialrec.settings.etl import MaskSettings


@dataclass(frozen=True)
class Outcome:
    """Result for an entity's valid records; `rejected` are rows of its quarantine table.

    masked: number of published texts with the mask of a kind, as `masked_<kind>`.
    """

    n_published: int
    n_duplicate: int
    n_rejected: int = 0
    rejected: DataFrame | None = None
    masked: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SilverBuilder:
    """Builder of the silver tables of one night.

    A key counts once, at any age. Text is a repeat where the same user writes it about the same product again up to
    `window_days` later.
    """

    spark: SparkSession
    lake: Lake
    identity: Identity
    keys: Keys
    window_days: int
    masks: MaskSettings
    """Masks for personal data in free text."""
    platforms: Platforms = field(default_factory=dict)
    """Settings of the platforms."""

    def days_to_build(self, entity: Entity, days: Sequence[str], built: Mapping[str, str]) -> list[str]:
        """These days of a daily table, and the days built before whose rows change with them."""
        found = self._repeats(entity, days).days_to_build(built)
        if entity is Entity.COMMENTS:
            found = sorted({*found, *days_within(days, built, self.window_days)})
        return found

    def interactions(self, days: Sequence[str], stage: Stage) -> Outcome:
        """Stage these days of silver.interactions."""
        entity = Entity.INTERACTIONS
        bronze = read_table(self.spark, self.lake, BRONZE[entity], days)
        repeated = self._repeats(entity, days).rejected(days)
        # Count first: the size must be known before the join is planned, or every record is shuffled.
        counts = _tally(repeated)
        rows = interactions.silver_interactions(without(bronze, repeated), self.identity, self.keys, self.platforms)
        write_stage(rows, stage)
        n_conflict = counts.pop(Verdict.CONFLICT, 0)
        return Outcome(count_staged(stage), sum(counts.values()), n_conflict, _conflicts(bronze, repeated, entity))

    def comments(self, days: Sequence[str], stage: Stage) -> Outcome:
        """Stage these days of silver.comments."""
        entity = Entity.COMMENTS
        bronze = read_table(self.spark, self.lake, BRONZE[entity], days)
        earlier = sorted(set(lookback(days, self.window_days, self.lake.partitions(BRONZE[entity]))) - set(days))
        repeats = self._repeats(entity, sorted({*earlier, *days}))
        repeated = repeats.rejected(days)
        counts = _tally(repeated)
        old = repeated.where(F.col(VERDICT) == Verdict.SUPERSEDED.value)
        # Cleaning costs more than reading the cleaned text back. Text that was replaced since still counts as said.
        said = self._clean(without(bronze, _never_said(repeated))).persist(StorageLevel.DISK_ONLY)
        again = self._said_again(said, self._said_before(earlier, repeats))
        again = without(again, old).persist(StorageLevel.MEMORY_AND_DISK)
        n_again = again.count()
        cleaned = without(said, old)
        # Stars without text are a comment; text of nothing but markup, without stars, is none.
        is_empty = (F.col("text") == "") & F.col("rating").isNull()
        seen = Observation()
        published = without(cleaned.where(~is_empty), again)
        write_stage(
            published.observe(seen, *self._mask_counts(F.col("text"))) if self.masks.kinds else published, stage
        )
        empties = cleaned.where(is_empty).select(*RECORD_KEY)
        emptied = _rejected(
            bronze.join(empties, list(RECORD_KEY), "left_semi"), entity, QuarantineReason.EMPTY_TEXT, "text"
        )
        rejected = _conflicts(bronze, repeated, entity).unionByName(emptied)
        n_rejected = counts.pop(Verdict.CONFLICT, 0) + empties.count()
        n_duplicate = sum(counts.values()) + n_again
        return Outcome(count_staged(stage), n_duplicate, n_rejected, rejected, seen.get if self.masks.kinds else {})

    def products(self, roll: Roll, ds: str, stage: Stage) -> Outcome:
        """Stage the snapshot of silver.products as of `ds`."""
        entity = Entity.PRODUCTS
        previous, intake = self._previous(entity, roll), self._intake(entity, roll)
        merged = products.merge_products(previous, intake, self.keys, ds, self.masks)
        is_new, is_newest = F.col(products.IS_NEW), F.col(products.RANK) == 1
        seen = Observation()
        observed = merged.observe(
            seen,
            F.count_if(is_new & is_newest).alias("published"),
            F.count_if(is_new & ~is_newest).alias("duplicate"),
            *self._mask_counts(F.when(is_new & is_newest, F.col("text"))),
        )
        write_stage(observed.where(is_newest), stage)
        counts = dict(seen.get)
        return Outcome(counts.pop("published"), counts.pop("duplicate"), masked=counts)

    def follows(self, roll: Roll, ds: str, stage: Stage) -> Outcome:
        """Stage the snapshot of silver.follows as of `ds`."""
        entity = Entity.FOLLOWS
        intake = self._intake(entity, roll)
        key = self.keys.of(entity)
        older = superseded(intake.select(*key, *follows.SINCE, "ds", *RECORD_KEY), key, follows.known_since())
        older = older.persist(StorageLevel.MEMORY_AND_DISK)
        n_older = older.count()
        edges = follows.merge_follows(
            self._previous(entity, roll), without(intake, older), self.identity, ds, is_first=roll.previous is None
        )
        is_new, is_newest = F.col(follows.IS_NEW), F.col(follows.IS_NEWEST)
        seen = Observation()
        observed = edges.observe(
            seen,
            F.count_if(is_new & is_newest).alias("published"),
            F.count_if(is_new & ~is_newest).alias("duplicate"),
        )
        write_stage(observed.where(is_newest), stage)
        counts = seen.get
        return Outcome(counts["published"], n_older + counts["duplicate"])

    def requarantine(self, entity: Entity, days: Sequence[str], rejected: DataFrame, stage: Stage) -> None:
        """Stage these days of the quarantine table: the rejections of ingest unchanged, and those of silver."""
        table = read_table(self.spark, self.lake, QUARANTINE[entity], days)
        write_stage(table.where(F.col("stage") == QuarantineStage.INGEST.value).unionByName(rejected), stage)

    def _mask_counts(self, text: Column) -> list[Column]:
        return [with_mask(text, kind).alias(f"masked_{kind}") for kind in self.masks.kinds]

    def _repeats(self, entity: Entity, days: Sequence[str]) -> Repeats:
        """Keys of these days that occur more than once, computed once."""
        asked = (entity, tuple(days))
        if asked not in self._found:
            rule = {Entity.INTERACTIONS: interactions.repeat_rule, Entity.COMMENTS: comments.repeat_rule}[entity]
            self._found[asked] = Repeats(self.spark, self.lake, rule(self.keys), asked[1])
        return self._found[asked]

    @cached_property
    def _found(self) -> dict[tuple[Entity, tuple[str, ...]], Repeats]:
        return {}

    def _clean(self, bronze: DataFrame) -> DataFrame:
        return comments.clean_comments(bronze, self.identity, self.keys, self.masks, self.platforms)

    def _said_again(self, said: DataFrame, said_before: DataFrame) -> DataFrame:
        """Comments of `said` whose text the same user wrote about the product before, in another comment."""
        key, speaker = comments.SAME_WORDS_KEY, self.keys.of(Entity.COMMENTS)
        names = dict.fromkeys((*key, *speaker, "ds", *RECORD_KEY))
        earlier = said_before.withColumns({"source_file": F.lit(""), "source_line": F.lit(0).cast("bigint")})
        records = (rows.where(F.col("text") != "").select(*names) for rows in (said, earlier))
        found = said_again(reduce(DataFrame.unionByName, records), key, speaker, self.window_days)
        return found.where(F.col("source_line") > 0)

    def _said_before(self, earlier: Sequence[str], repeats: Repeats) -> DataFrame:
        """Key and day of the comments of earlier days, including unpublished ones.

        Silver alone lacks those, and its verdict would depend on the days that are built together.
        """
        key, repeated = self.keys.of(Entity.COMMENTS), repeats.rejected(earlier)
        published = read_table(self.spark, self.lake, SILVER[Entity.COMMENTS], earlier)
        bronze = without(read_table(self.spark, self.lake, BRONZE[Entity.COMMENTS], earlier), _never_said(repeated))
        replaced = repeated.where(F.col(VERDICT) == Verdict.SUPERSEDED.value)
        others = (
            without(bronze, replaced)
            .join(published.select(*key, "ds"), [*key, "ds"], "left_anti")
            .unionByName(bronze.join(replaced.select(*RECORD_KEY), list(RECORD_KEY), "left_semi"))
        )
        names = dict.fromkeys((*key, *comments.SAME_WORDS_KEY, "text", "ds"))
        said = self._clean(others)
        return published.select(*names).unionByName(said.select(*names))

    def _intake(self, entity: Entity, roll: Roll) -> DataFrame:
        return read_table(self.spark, self.lake, BRONZE[entity], roll.days)

    def _previous(self, entity: Entity, roll: Roll) -> DataFrame:
        partitions = [roll.previous] if roll.previous else []
        return read_table(self.spark, self.lake, SILVER[entity], partitions)


def quarantined_by(lake: Lake, entity: Entity, days: Sequence[str], stage: QuarantineStage) -> list[str]:
    """Reason of each record of these days that this stage rejected, with repetitions."""
    rows = lake.read(QUARANTINE[entity], days, columns=["reason"], filter=pc.field("stage") == stage.value)
    found: list[str] = rows["reason"].to_pylist()
    return found


def balance(lake: Lake, entity: Entity, days: Sequence[str], outcome: Outcome) -> tuple[dict[str, int], Intake]:
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


def _tally(repeated: DataFrame) -> dict[str, int]:
    return {row[0]: row[1] for row in repeated.groupBy(VERDICT).count().collect()}


def _never_said(repeated: DataFrame) -> DataFrame:
    """Copies and conflicts, which do not count as said; the text of a superseded comment does."""
    return repeated.where(F.col(VERDICT) != Verdict.SUPERSEDED.value)


def _conflicts(bronze: DataFrame, repeated: DataFrame, entity: Entity) -> DataFrame:
    conflicts = repeated.where(F.col(VERDICT) == Verdict.CONFLICT.value).select(*RECORD_KEY)
    found = bronze.join(conflicts, list(RECORD_KEY), "left_semi")
    return _rejected(found, entity, QuarantineReason.CONFLICTING_ID, LANDING_KEY[entity][0])


def _rejected(bronze: DataFrame, entity: Entity, reason: QuarantineReason, column: str) -> DataFrame:
    """Bronze rows as rows of the entity's quarantine table."""
    held: Column = F.concat(F.lit(f"{column}: "), F.left(F.col(column), F.lit(100)))
    return bronze.select(
        F.lit(reason.value).alias("reason"),
        held.alias("detail"),
        F.lit(QuarantineStage.SILVER.value).alias("stage"),
        F.to_json(F.struct(*(landed.name for landed in LANDING[entity]))).alias("record"),
        *("platform", "source_file", "source_line", "ds"),
    )
