"""Bronze follows to the silver snapshot of a day."""

from __future__ import annotations

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from socialrec.contracts.vocabulary import Entity
from socialrec.etl.days import Platforms, local_day
from socialrec.etl.duplicates import RECORD_KEY, superseded, without
from socialrec.etl.entities.base import IS_NEW, IS_NEWEST, SilverNight, SilverOutcome, write_newest
from socialrec.etl.identity import Identity
from socialrec.etl.progress import IncrementalPlan
from socialrec.lake import Stage

SINCE = ("since_ts", "until_ts")
_EDGE = ("follower_key", "followee_key")


def build(night: SilverNight, roll: IncrementalPlan, stage: Stage) -> SilverOutcome:
    """Stage a snapshot of silver.follows."""
    [ds] = stage.partitions
    intake, key = night.bronze(Entity.FOLLOWS, roll.days), night.keys.of(Entity.FOLLOWS)
    older = superseded(intake.select(*key, *SINCE, "ds", *RECORD_KEY), key, known_since())
    older = older.persist(StorageLevel.MEMORY_AND_DISK)
    n_older = older.count()
    previous, is_first = night.previous(Entity.FOLLOWS, roll), roll.previous is None
    edges = merge_follows(previous, without(intake, older), night.identity, ds, is_first=is_first)
    counts = write_newest(edges, stage)
    return SilverOutcome(counts["published"], n_older + counts["duplicate"])


def known_since() -> Column:
    """Time of a follow's record: of two records the later one is the newer one.

    The time of a record with only an end is that end.
    """
    return F.coalesce(*SINCE)


def merge_follows(previous: DataFrame, newest: DataFrame, identity: Identity, ds: str, *, is_first: bool) -> DataFrame:
    """Merge the edges of the previous snapshot with the intake (bronze rows, one per edge).

    Ended edges stay, with `until_ts`. Returns the columns of silver.follows plus `is_new` (bool: from the intake) and
    `is_newest` (bool: false where the snapshot already holds a newer record of the edge).
    """
    platform = F.col("platform")
    edges = newest.select(
        identity.user_key(platform, F.col("follower_id")).alias("follower_key"),
        identity.user_key(platform, F.col("followee_id")).alias("followee_key"),
        *(*SINCE, "platform"),
        F.lit(True).alias(IS_NEW),
    )
    if is_first:
        return edges.withColumns({IS_NEWEST: F.lit(True), "ds": F.lit(ds)})
    landed = edges.select(*_EDGE, known_since().alias("_landed"))
    is_newer = F.col("_landed").isNull() | (known_since() > F.col("_landed"))
    newer = previous.where(known_since().isNotNull()).join(landed, list(_EDGE)).where(is_newer)
    newer = newer.select(*_EDGE, F.lit(False).alias(IS_NEWEST))
    edges = edges.join(newer, list(_EDGE), "left").withColumn(IS_NEWEST, F.coalesce(IS_NEWEST, F.lit(True)))
    replacing = edges.where(IS_NEWEST).select(*_EDGE)
    kept = previous.drop("ds").join(replacing, list(_EDGE), "left_anti")
    kept = kept.withColumns({IS_NEW: F.lit(False), IS_NEWEST: F.lit(True)})
    return edges.unionByName(kept).withColumn("ds", F.lit(ds))


def active_follows(follows: DataFrame, ds: str, platforms: Platforms) -> DataFrame:
    """Edges that have begun by the end of their platform's day and not ended by then."""
    day = F.lit(ds).cast("date")
    has_begun = F.col("since_ts").isNull() | (local_day(F.col("since_ts"), platforms) <= day)
    has_ended = local_day(F.col("until_ts"), platforms) <= day
    return follows.where(has_begun & ~F.coalesce(has_ended, F.lit(False)))
