"""Bronze interactions to silver: pseudonyms, defaults, lateness."""

from __future__ import annotations

from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from socialrec.contracts.vocabulary import Entity
from socialrec.etl.days import Platforms
from socialrec.etl.entities.base import SilverNight, SilverOutcome, build_events, is_late
from socialrec.etl.identity import Identity
from socialrec.etl.keys import Keys
from socialrec.etl.progress import IncrementalPlan
from socialrec.lake import Stage


def build(night: SilverNight, roll: IncrementalPlan, stage: Stage) -> SilverOutcome:
    """Stage days of silver.interactions."""
    clean = partial(silver_interactions, identity=night.identity, keys=night.keys, platforms=night.platforms)
    return build_events(night, Entity.INTERACTIONS, roll, stage, clean)


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
