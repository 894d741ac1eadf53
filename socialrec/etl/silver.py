"""One night of silver: each entity's days from bronze into a stage, every record accounted for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

import pyarrow.compute as pc
from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from socialrec.contracts.bronze import BRONZE, QUARANTINE
from socialrec.contracts.landing import LANDING
from socialrec.contracts.silver import SILVER
from socialrec.contracts.vocabulary import Entity, QuarantineReason, QuarantineStage
from socialrec.etl import catalogue, comments, interactions, social
from socialrec.etl.days import Platforms
from socialrec.etl.duplicates import IS_CONFLICT, RECORD_KEY, later_copies, superseded, without
from socialrec.etl.identity import Identity
from socialrec.etl.progress import Roll, lookback
from socialrec.etl.tables import count_rows, count_staged, read_table, write_stage
from socialrec.etl.wording import with_mask
from socialrec.lake import Lake, Stage
from socialrec.settings import MaskSettings


@dataclass(frozen=True)
class Outcome:
    """What became of an entity's valid records; `rejected` are rows of its quarantine table.

    masked: how many of the published texts hold the mask of a kind, as `masked_<kind>`.
    """

    n_published: int
    n_duplicate: int
    n_rejected: int = 0
    rejected: DataFrame | None = None
    masked: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SilverBuilder:
    """Builds the silver tables of one night. Records repeat where they come up to `window_days` after their first."""

    spark: SparkSession
    lake: Lake
    identity: Identity
    window_days: int
    masks: MaskSettings
    """What is masked in free text."""
    platforms: Platforms = field(default_factory=dict)
    """What is particular to the platforms' deliveries."""

    def interactions(self, days: Sequence[str], stage: Stage) -> Outcome:
        """Stage these days of silver.interactions."""
        entity = Entity.INTERACTIONS
        bronze = read_table(self.spark, self.lake, BRONZE[entity], days)
        copies = self._copies(entity, days, interactions.KEY, interactions.CONTENT)
        # Counting first: a copy's size must be known before the join is planned, or every record is moved around.
        n_duplicate, n_conflict = _tally(copies)
        write_stage(interactions.silver_interactions(without(bronze, copies), self.identity, self.platforms), stage)
        rejected = _conflicts(bronze, copies, entity, interactions.KEY[0])
        return Outcome(count_staged(stage), n_duplicate, n_conflict, rejected)

    def comments(self, days: Sequence[str], stage: Stage) -> Outcome:
        """Stage these days of silver.comments."""
        entity = Entity.COMMENTS
        bronze = read_table(self.spark, self.lake, BRONZE[entity], days)
        earlier = sorted(set(lookback(days, self.window_days, self.lake.partitions(BRONZE[entity]))) - set(days))
        all_copies = self._copies(entity, [*earlier, *days], comments.KEY, comments.CONTENT)
        copies = all_copies.where(F.col("ds").isin(list(days)))
        n_duplicate, n_conflict = _tally(copies)
        # Cleaning costs more than reading back what was cleaned.
        cleaned = comments.clean_comments(without(bronze, copies), self.identity, self.masks, self.platforms)
        cleaned = cleaned.persist(StorageLevel.DISK_ONLY)
        said_before = self._said_before(earlier, all_copies)
        repeats = _repeated_words(cleaned, said_before, self.window_days).persist(StorageLevel.MEMORY_AND_DISK)
        # Stars without words are a comment; words that were nothing but markup, and no stars, are none.
        is_empty = (F.col("text") == "") & F.col("rating").isNull()
        n_repeated = repeats.count()
        seen = Observation()
        published = without(cleaned.where(~is_empty), repeats)
        write_stage(
            published.observe(seen, *self._mask_counts(F.col("text"))) if self.masks.kinds else published, stage
        )
        empties = cleaned.where(is_empty).select(*RECORD_KEY)
        emptied = _rejected(
            bronze.join(empties, list(RECORD_KEY), "left_semi"), entity, QuarantineReason.EMPTY_TEXT, "text"
        )
        rejected = _conflicts(bronze, copies, entity, comments.KEY[0]).unionByName(emptied)
        n_duplicate, n_rejected = n_duplicate + n_repeated, n_conflict + empties.count()
        return Outcome(count_staged(stage), n_duplicate, n_rejected, rejected, seen.get if self.masks.kinds else {})

    def products(self, roll: Roll, ds: str, stage: Stage) -> Outcome:
        """Stage the snapshot of silver.products as of `ds`."""
        entity = Entity.PRODUCTS
        merged = catalogue.merge_products(self._previous(entity, roll), self._intake(entity, roll), ds, self.masks)
        is_new, is_newest = F.col(catalogue.IS_NEW), F.col(catalogue.RANK) == 1
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
        older = superseded(intake.select(*social.FOLLOW_KEY, "ds", *RECORD_KEY), social.FOLLOW_KEY)
        older = older.persist(StorageLevel.MEMORY_AND_DISK)
        n_older = older.count()
        edges = social.merge_follows(
            self._previous(entity, roll), without(intake, older), self.identity, ds, is_first=roll.previous is None
        )
        seen = Observation()
        write_stage(edges.observe(seen, F.count_if(social.IS_NEW).alias("published")), stage)
        return Outcome(seen.get["published"], n_older)

    def requarantine(self, entity: Entity, days: Sequence[str], rejected: DataFrame, stage: Stage) -> None:
        """Stage these days of the quarantine table: what ingest rejected, as it was, and what silver rejects now."""
        table = read_table(self.spark, self.lake, QUARANTINE[entity], days)
        write_stage(table.where(F.col("stage") == QuarantineStage.INGEST.value).unionByName(rejected), stage)

    def _mask_counts(self, text: Column) -> list[Column]:
        return [with_mask(text, kind).alias(f"masked_{kind}") for kind in self.masks.kinds]

    def _copies(self, entity: Entity, days: Sequence[str], key: Sequence[str], content: Sequence[str]) -> DataFrame:
        window = lookback(days, self.window_days, self.lake.partitions(BRONZE[entity]))
        records = read_table(self.spark, self.lake, BRONZE[entity], window)
        copies = later_copies(records.select(*key, *content, "ds", *RECORD_KEY), key, content, self.window_days)
        return copies.where(F.col("ds").isin(list(days))).persist(StorageLevel.MEMORY_AND_DISK)

    def _said_before(self, earlier: Sequence[str], copies: DataFrame) -> DataFrame:
        """Key and day of the comments of earlier days, those that were not published for saying the same again too.

        Silver alone would forget those, and its verdict would hang on which days were built together.
        """
        published = read_table(self.spark, self.lake, SILVER[Entity.COMMENTS], earlier)
        bronze = without(read_table(self.spark, self.lake, BRONZE[Entity.COMMENTS], earlier), copies)
        others = bronze.join(published.select(*comments.KEY, "ds"), [*comments.KEY, "ds"], "left_anti")
        names = (*comments.SAME_WORDS_KEY, "text", "ds")
        said = comments.clean_comments(others, self.identity, self.masks, self.platforms)
        return published.select(*names).unionByName(said.select(*names))

    def _intake(self, entity: Entity, roll: Roll) -> DataFrame:
        return read_table(self.spark, self.lake, BRONZE[entity], roll.days)

    def _previous(self, entity: Entity, roll: Roll) -> DataFrame:
        partitions = [roll.previous] if roll.previous else []
        return read_table(self.spark, self.lake, SILVER[entity], partitions)


def quarantined_by(lake: Lake, entity: Entity, days: Sequence[str], stage: QuarantineStage) -> list[str]:
    """The day of each record of these days that this stage rejected, with repetitions."""
    rows = lake.read(QUARANTINE[entity], days, columns=["ds"], filter=pc.field("stage") == stage.value)
    found: list[str] = rows["ds"].to_pylist()
    return found


def balance(lake: Lake, entity: Entity, days: Sequence[str], outcome: Outcome) -> dict[str, int]:
    """Counts `<entity>_in`, `_published`, `_duplicate`, `_quarantined` of these days.

    Raises RuntimeError where the last three do not add up to the first.
    """
    rejected_before = len(quarantined_by(lake, entity, days, QuarantineStage.INGEST))
    n_in = count_rows(lake, BRONZE[entity], days) + rejected_before
    parts = {
        "published": outcome.n_published,
        "duplicate": outcome.n_duplicate,
        "quarantined": rejected_before + outcome.n_rejected,
    }
    if n_in != sum(parts.values()):
        raise RuntimeError(f"{entity}: {n_in} records in, but {parts}; nothing was published")
    return {f"{entity}_{name}": number for name, number in {"in": n_in, **parts}.items()}


def _repeated_words(cleaned: DataFrame, said_before: DataFrame, window_days: int) -> DataFrame:
    """The records of `cleaned` whose words the same user said of the same product before."""
    key = comments.SAME_WORDS_KEY
    earlier = said_before.withColumns({"source_file": F.lit(""), "source_line": F.lit(0).cast("bigint")})
    records = (rows.where(F.col("text") != "").select(*key, "ds", *RECORD_KEY) for rows in (cleaned, earlier))
    return later_copies(reduce(DataFrame.unionByName, records), key, key, window_days).where(F.col("source_line") > 0)


def _tally(copies: DataFrame) -> tuple[int, int]:
    counts = {row[0]: row[1] for row in copies.groupBy(IS_CONFLICT).count().collect()}
    return counts.get(False, 0), counts.get(True, 0)


def _conflicts(bronze: DataFrame, copies: DataFrame, entity: Entity, key: str) -> DataFrame:
    conflicts = copies.where(F.col(IS_CONFLICT)).select(*RECORD_KEY)
    found = bronze.join(conflicts, list(RECORD_KEY), "left_semi")
    return _rejected(found, entity, QuarantineReason.CONFLICTING_ID, key)


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
