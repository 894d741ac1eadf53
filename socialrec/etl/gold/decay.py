"""Decayed sums in whole millionths, equal bit by bit however many nights ran and in which order.

A sum is rounded on the landing days that add to it and on no other: the value of the last such day is decayed to the
next one, rounded, and added to. So a snapshot carries a sum as of its last day (`settled_ds`, `settled_micros`), not as
decayed by the night that happened to run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

MICROS = 1_000_000
SETTLED_DS, SETTLED_MICROS = "settled_ds", "settled_micros"
Combine = Callable[[str], Column]
"""Aggregate of several values of a column, the same over days as within one: a sum, a minimum or a maximum."""


def decay_factor(age_days: Column, half_life: float) -> Column:
    """Decay factor: 2 to the power of minus age over half-life, float64."""
    return F.pow(F.lit(2.0), -age_days / F.lit(half_life))


def faded(micros: Column, since: Column, until: Column, half_life: float) -> Column:
    """Decay millionths of day `since` to day `until`, int64, rounded half away from zero."""
    return F.round(micros * decay_factor(F.datediff(until, since), half_life)).cast("bigint")


def carried(snapshot: DataFrame, names: Sequence[str]) -> DataFrame:
    """Columns of a snapshot as parts of a later sum."""
    return snapshot.withColumn(SETTLED_DS, F.to_date(SETTLED_DS)).select(*names)


def settle(
    parts: DataFrame, keys: Sequence[str], half_life: float, by: str | None = None, **others: Combine
) -> DataFrame:
    """One row a key: its sum as settled on the last of its days, from parts that were each settled on a day.

    `parts` holds the keys, `settled_ds` (date), `settled_micros` (int64) and the columns named in `others`, which say
    how each of these is combined. A part may be `carried` over from a snapshot before all the days of the others. Rows
    of one value of the key `by` are side by side in one Spark partition.
    """
    rest = [combine(name).alias(name) for name, combine in others.items()]
    placed = parts.repartition(by) if by else parts
    whole = placed.groupBy(*keys).agg(F.max(SETTLED_DS).alias(SETTLED_DS), F.sum(SETTLED_MICROS).alias("micros"), *rest)
    settled = whole.join(_walked(parts, keys, half_life), list(keys), "left")
    return settled.select(*keys, SETTLED_DS, F.coalesce("walked_micros", "micros").alias(SETTLED_MICROS), *others)


def _walked(parts: DataFrame, keys: Sequence[str], half_life: float) -> DataFrame:
    """Keys with parts of several days, and `walked_micros`: their parts added up day by day, aged in between.

    Most sums are of one day, and collecting lists is slow: it sorts, where a plain sum does not. So keys of several
    days are found first, by a hash. One more key that shares a hash does no harm: parts of one day do not age.
    """
    hashed = parts.withColumn("key_hash", F.xxhash64(*keys))
    first, last = F.min(SETTLED_DS).alias("first_ds"), F.max(SETTLED_DS).alias("last_ds")
    several = hashed.groupBy("key_hash").agg(first, last).where(F.col("first_ds") < F.col("last_ds"))
    days = F.sort_array(F.collect_list(F.struct(SETTLED_DS, SETTLED_MICROS))).alias("days")

    def add(kept: Column, day: Column) -> Column:
        aged = faded(kept[SETTLED_MICROS], kept[SETTLED_DS], day[SETTLED_DS], half_life)
        return F.struct(day[SETTLED_DS].alias(SETTLED_DS), (aged + day[SETTLED_MICROS]).alias(SETTLED_MICROS))

    later = F.slice("days", F.lit(2), F.size("days"))
    micros = F.aggregate(later, F.element_at("days", 1), add)[SETTLED_MICROS]
    listed = hashed.join(several.select("key_hash"), "key_hash", "left_semi").groupBy(*keys).agg(days)
    return listed.select(*keys, micros.alias("walked_micros"))
