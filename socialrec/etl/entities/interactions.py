"""Bronze interactions to silver: pseudonyms, defaults, lateness."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from socialrec.contracts.vocabulary import Entity
from socialrec.etl.days import Platforms, local_day
from socialrec.etl.identity import Identity
from socialrec.etl.keys import Keys
from socialrec.etl.repeats import RepeatRule

CONTENT = ("platform", "user_id", "product_id", "event_type", "event_ts", "quantity")
"""Columns in which all records of one id must agree."""


def repeat_rule(keys: Keys) -> RepeatRule:
    """Rule for repeats: an interaction never changes, so all records of one key must agree."""
    return RepeatRule(Entity.INTERACTIONS, keys.of(Entity.INTERACTIONS), owner=CONTENT)


def silver_interactions(bronze: DataFrame, identity: Identity, keys: Keys, platforms: Platforms) -> DataFrame:
    """Convert the interactions of `bronze`, which must have no duplicates, into the columns of silver.interactions."""
    return bronze.select(
        "event_id",
        identity.user_key(F.col("platform"), F.col("user_id")).alias("user_key"),
        keys.product_id(),
        "event_type",
        "event_ts",
        F.coalesce("quantity", F.lit(1.0)).alias("quantity"),
        is_late(F.col("event_ts"), platforms).alias("is_late"),
        "platform",
        "ds",
    )


def is_late(event: Column, platforms: Platforms) -> Column:
    """Check if a time lies before its row's landing day; an unknown time is not late."""
    return F.coalesce(local_day(event, platforms) < F.to_date("ds"), F.lit(False))
