"""User-product affinity: weighted events under exponential decay, rolled on from night to night in whole millionths.

Rolling rounds each product's sum once a night, so a rolled value differs from one made in one go by at most half a
millionth a night passed and half a millionth an event.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from socialrec.contracts.vocabulary import EventType
from socialrec.settings import EtlSettings

MICROS = 1_000_000
_KEY = ("platform", "user_key", "product_id")


def decay_factor(age_days: Column, half_life: float) -> Column:
    """2 to the power of minus age over half-life, float64."""
    return F.pow(F.lit(2.0), -age_days / F.lit(half_life))


def decayed(micros: Column, age_days: int, half_life: float) -> Column:
    """An int64 of millionths after so many days, rounded half away from zero."""
    return F.round(micros * F.lit(2.0 ** (-age_days / half_life))).cast("bigint")


def event_micros(ds: str, settings: EtlSettings) -> Column:
    """What one silver interaction is worth on day `ds`, in millionths (int64).

    Its type's weight, times 1 + ln(quantity) for quantities above 1, decayed by the whole days since it happened; an
    event without a time counts as of its landing day.
    """
    quantity = F.col("quantity")
    amount = F.when(quantity > 1, 1 + F.ln(quantity)).otherwise(1.0)
    day = F.coalesce(F.to_date("event_ts"), F.to_date("ds"))
    age = F.datediff(F.lit(ds).cast("date"), day)
    worth = _weight(settings.event_weights) * amount * decay_factor(age, settings.affinity_half_life_days)
    return F.round(worth * MICROS).cast("bigint")


def user_product_affinity(
    previous: DataFrame, previous_ds: str | None, events: DataFrame, ds: str, settings: EtlSettings
) -> DataFrame:
    """The snapshot of day `ds` from the previous one (ignored where `previous_ds` is None) and the new silver events.

    Returns the columns of gold.user_product_affinity, a user's rows side by side in one Spark partition.
    """
    new = events.select(
        *_KEY,
        event_micros(ds, settings).alias("affinity_micros"),
        F.lit(1).cast("bigint").alias("n_events"),
        F.col("event_ts").alias("first_event_ts"),
        F.col("event_ts").alias("last_event_ts"),
    )
    if previous_ds is not None:
        age = (date.fromisoformat(ds) - date.fromisoformat(previous_ds)).days
        aged = decayed(F.col("affinity_micros"), age, settings.affinity_half_life_days)
        new = new.unionByName(previous.drop("ds").withColumn("affinity_micros", aged))
    return (
        new.repartition("user_key")
        .groupBy(*_KEY)
        .agg(
            F.sum("affinity_micros").alias("affinity_micros"),
            F.sum("n_events").alias("n_events"),
            F.min("first_event_ts").alias("first_event_ts"),
            F.max("last_event_ts").alias("last_event_ts"),
        )
        .withColumn("ds", F.lit(ds))
    )


def _weight(weights: Mapping[EventType, float]) -> Column:
    weight = F.lit(0.0)
    for event_type, value in weights.items():
        weight = F.when(F.col("event_type") == event_type.value, F.lit(value)).otherwise(weight)
    return weight
