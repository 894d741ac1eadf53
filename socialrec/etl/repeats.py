"""Records of one key over all landing days: a key counts once, at any age."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from socialrec.contracts.bronze import BRONZE
from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.entities.spec import Revisions
from socialrec.contracts.silver import SILVER
from socialrec.contracts.vocabulary import Entity
from socialrec.etl.duplicates import (
    HASH,
    RECORD_KEY,
    VERDICT,
    hashes_of,
    judge_repeats,
    met_hashes,
    repeated_hashes,
    with_hashes,
)
from socialrec.etl.keys import Keys
from socialrec.etl.tables import count_rows, read_table
from socialrec.lake import Lake


@dataclass(frozen=True)
class RepeatRule:
    """An event entity, the columns of its key, and how its records under one key relate to each other."""

    entity: Entity
    key: tuple[str, ...]
    revisions: Revisions

    @classmethod
    def of(cls, entity: Entity, keys: Keys) -> RepeatRule | None:
        """The rule of an entity; None where it is a snapshot, whose newest record stands."""
        revisions = ENTITIES[entity].revisions
        return cls(entity, keys.of(entity), revisions) if revisions else None

    def judge(self, records: DataFrame) -> DataFrame:
        """The records with their `verdict`, from all records of their keys (see `judge_repeats`)."""
        rule = self.revisions
        return judge_repeats(records, self.key, rule.owner, rule.content, rule.time)


@dataclass(frozen=True)
class Repeats:
    """Keys of some landing days that occur more than once, on these days or on any other.

    A search of the history costs one scan of its key columns; its records are not shuffled.
    """

    spark: SparkSession
    lake: Lake
    rule: RepeatRule
    days: tuple[str, ...]

    @cached_property
    def judged(self) -> DataFrame:
        """All records of those keys, of all days, with key, `ds`, `source_file`, `source_line` and `verdict`."""
        rule, revisions = self.rule, self.rule.revisions
        wanted = repeated_hashes(self._hashes)
        if self.met_days:
            wanted = wanted.unionByName(self._met.select(HASH)).distinct()
        names = dict.fromkeys((*rule.key, *revisions.owner, *revisions.content, "ds", *RECORD_KEY))
        records = self._bronze([*self.days, *self.met_days]).select(*names)
        suspects = with_hashes(records, rule.key, wanted)
        return rule.judge(suspects).select(*rule.key, "ds", *RECORD_KEY, VERDICT).persist(StorageLevel.MEMORY_AND_DISK)

    def rejected(self, days: Sequence[str]) -> DataFrame:
        """Records of these days that lose to another record of their key."""
        return self.judged.where(F.col(VERDICT).isNotNull() & F.col("ds").isin(list(days)))

    @cached_property
    def met_days(self) -> tuple[str, ...]:
        """Other days that contain one of the keys."""
        return tuple(sorted(row["ds"] for row in self._met.select("ds").distinct().collect())) if self._others else ()

    def days_to_build(self, built: Collection[str]) -> list[str]:
        """These days, and the days built before whose rows change with them.

        On a later day that holds one of the keys a record may now be a repeat, or no longer be one. On an earlier day a
        record may now be replaced, or be published again.
        """
        met = [day for day in self.met_days if day in built]
        later = {day for day in met if day > min(self.days)}
        earlier = [day for day in met if day not in later] if self.rule.revisions.time else []
        return sorted({*self.days, *later, *self._other_than_built(earlier)})

    def _other_than_built(self, days: Sequence[str]) -> set[str]:
        """Days among these whose published keys differ from those at the time silver was built."""
        if not days:
            return set()
        keys = [*self.rule.key, "ds"]
        of_days = self.judged.where(F.col("ds").isin(list(days)))
        wanted = of_days.where(F.col(VERDICT).isNull()).select(*keys)
        silver = read_table(self.spark, self.lake, SILVER[self.rule.entity], days).select(*keys)
        stands = silver.join(of_days.select(*keys).distinct(), keys, "left_semi")
        changed = wanted.join(stands, keys, "left_anti").unionByName(stands.join(wanted, keys, "left_anti"))
        return {row["ds"] for row in changed.select("ds").distinct().collect()}

    @property
    def _hashes(self) -> DataFrame:
        return hashes_of(self._bronze(self.days), self.rule.key)

    @cached_property
    def _others(self) -> list[str]:
        return sorted(set(self.lake.partitions(BRONZE[self.rule.entity])) - set(self.days))

    @cached_property
    def _met(self) -> DataFrame:
        # Keys that the days published at their last build count too: a record that was delivered again may be
        # gone from them now.
        before = read_table(self.spark, self.lake, SILVER[self.rule.entity], self.days)
        hashes = self._hashes.unionByName(hashes_of(before, self.rule.key))
        history = hashes_of(self._bronze(self._others), self.rule.key)
        n_rows = count_rows(self.lake, BRONZE[self.rule.entity], self.days)
        return met_hashes(history, hashes, n_rows).persist(StorageLevel.MEMORY_AND_DISK)

    def _bronze(self, days: Sequence[str]) -> DataFrame:
        return read_table(self.spark, self.lake, BRONZE[self.rule.entity], days)


def days_within(days: Iterable[str], known: Iterable[str], window_days: int) -> list[str]:
    """Known days that are at most `window_days` after one of these."""
    starts = [date.fromisoformat(day) for day in days]
    return sorted(day for day in known if any(0 < (date.fromisoformat(day) - s).days <= window_days for s in starts))
