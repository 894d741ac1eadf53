"""One night of gold: affinity, ties, profiles and texts from silver into stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from socialrec.contracts.columns import Table
from socialrec.contracts.gold import SOCIAL_TIES, TEXTS, USER_PRODUCT_AFFINITY
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_FOLLOWS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.etl.entities.follows import active_follows
from socialrec.etl.gold.affinity import user_product_affinity
from socialrec.etl.gold.profiles import Edges, user_profiles
from socialrec.etl.gold.texts import new_texts
from socialrec.etl.gold.ties import replied_pairs, replies, social_ties
from socialrec.etl.keys import Keys
from socialrec.etl.plans import GoldPlan
from socialrec.etl.progress import IncrementalPlan
from socialrec.etl.tables import read_staged, read_table, write_stage
from socialrec.lake import Lake, Stage
from socialrec.settings.etl import EtlSettings


@dataclass(frozen=True)
class GoldBuilder:
    """Builder of the gold tables of night `ds`, incrementally or from the start as the plan says."""

    spark: SparkSession
    lake: Lake
    settings: EtlSettings
    ds: str
    plan: GoldPlan

    def affinity(self, stage: Stage) -> None:
        """Stage gold.user_product_affinity."""
        roll = self.plan.affinity
        events = self._read(SILVER_INTERACTIONS, roll.days)
        previous = self._previous(USER_PRODUCT_AFFINITY, roll)
        write_stage(user_product_affinity(previous, events, self.ds, self.settings), stage)

    def ties(self, stage: Stage) -> None:
        """Stage gold.social_ties."""
        comments = self._read(SILVER_COMMENTS, self._days_until(SILVER_COMMENTS))
        roll, keys, platforms = self.plan.others, Keys.sharing(self.settings.shared_ids), self.settings.platforms
        new = replies(comments, roll.previous or "", keys, platforms)
        half_life = self.settings.reply_half_life_days
        replied = replied_pairs(new, self._previous(SOCIAL_TIES, roll), self.ds, half_life)
        active = active_follows(self._read(SILVER_FOLLOWS, [self.ds]), self.ds, platforms)
        write_stage(social_ties(active, replied, self.ds), stage)

    def profiles(self, affinity: Stage, stage: Stage) -> None:
        """Stage gold.user_profiles; needs the staged affinity."""
        follows = self._read(SILVER_FOLLOWS, [self.ds])
        rows = user_profiles(
            read_staged(self.spark, affinity),
            self._read(SILVER_COMMENTS, self._days_until(SILVER_COMMENTS)),
            Edges(follows, active_follows(follows, self.ds, self.settings.platforms)),
            self._read(SILVER_PRODUCTS, [self.ds]),
            ds=self.ds,
        )
        write_stage(rows, stage)

    def texts(self, stage: Stage) -> None:
        """Stage gold.texts."""
        earlier = [day for day in self._days_until(TEXTS) if day < self.ds]
        rows = new_texts(
            self._read(SILVER_PRODUCTS, [self.ds]),
            self._read(SILVER_COMMENTS, self._new_days(SILVER_COMMENTS)),
            self._read(TEXTS, earlier).select(F.col("text_hash")),
            self.ds,
        )
        write_stage(rows, stage)

    def _days_until(self, table: Table) -> list[str]:
        return [day for day in self.lake.partitions(table) if day <= self.ds]

    def _new_days(self, table: Table) -> list[str]:
        return [day for day in self._days_until(table) if day > (self.plan.others.previous or "")]

    def _previous(self, table: Table, roll: IncrementalPlan) -> DataFrame:
        return self._read(table, [roll.previous] if roll.previous else [])

    def _read(self, table: Table, partitions: Sequence[str]) -> DataFrame:
        return read_table(self.spark, self.lake, table, partitions)
