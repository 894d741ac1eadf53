"""User-product affinity: weighted events under exponential decay, updated night by night."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from socialrec.contracts.opinions import FAVOURABLE_EVENTS
from socialrec.contracts.vocabulary import EventType
from socialrec.etl.days import age_in_days
from socialrec.etl.gold.decay import MICROS, SETTLED_DS, SETTLED_MICROS, carried, decay_factor, faded, settle
from socialrec.settings.etl import EtlSettings

_KEY = ("platform", "user_key", "product_id")


def event_micros(settings: EtlSettings) -> Column:
    """Weight of one silver interaction on its landing day, in millionths (int64).

    Its type's weight, times the quantity up to 1 and 1 + ln(quantity) above, decayed by the whole days of its platform
    since it happened; an event without a time counts as of its landing day.
    """
    quantity = F.col("quantity")
    amount = F.when(quantity > 1, 1 + F.ln(quantity)).otherwise(quantity)
    age = age_in_days(F.col("event_ts"), F.to_date("ds"), settings.platforms)
    worth = _weight(settings.event_weights) * amount * decay_factor(age, settings.affinity_half_life_days)
    return F.round(worth * MICROS).cast("bigint")


def user_product_affinity(previous: DataFrame, events: DataFrame, ds: str, settings: EtlSettings) -> DataFrame:
    """Compute the snapshot of day `ds` from an earlier one (no rows where there is none) and the silver events since.

    An event of quantity 0 does not count. Returns the columns of gold.user_product_affinity, a user's rows side by side
    in one Spark partition.
    """
    fresh = events.where(F.col("quantity") > 0).select(
        *_KEY,
        F.to_date("ds").alias(SETTLED_DS),
        event_micros(settings).alias(SETTLED_MICROS),
        F.lit(1).cast("bigint").alias("n_events"),
        F.col("event_type").isin([kind.value for kind in FAVOURABLE_EVENTS]).cast("bigint").alias("n_favourable"),
        (F.col("event_type") == EventType.RETURN.value).cast("bigint").alias("n_returns"),
        F.col("event_ts").alias("last_event_ts"),
    )
    parts = fresh.unionByName(carried(previous, fresh.columns))
    half_life = settings.affinity_half_life_days
    sums = dict.fromkeys(("n_events", "n_favourable", "n_returns"), F.sum)
    settled = settle(parts, _KEY, half_life, "user_key", **sums, last_event_ts=F.max)
    now = faded(F.col(SETTLED_MICROS), F.col(SETTLED_DS), F.lit(ds).cast("date"), half_life)
    return settled.withColumns({"affinity_micros": now, "ds": F.lit(ds)})


def _weight(weights: Mapping[EventType, float]) -> Column:
    weight = F.lit(0.0)
    for event_type, value in weights.items():
        weight = F.when(F.col("event_type") == event_type.value, F.lit(value)).otherwise(weight)
    return weight
