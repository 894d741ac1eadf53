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


def settle(parts: DataFrame, keys: Sequence[str], half_life: float, **others: Combine) -> DataFrame:
    """Sum parts by key, each settled on a day: one row per key, settled on its last day.

    `parts` holds the keys, `settled_ds` (date), `settled_micros` (int64) and the columns named in `others`, which say
    how each of these is combined. A part may be `carried` over from a snapshot before all the days of the others.
    """
    rest = [combine(name).alias(name) for name, combine in others.items()]
    daily = parts.groupBy(*keys, SETTLED_DS).agg(F.sum(SETTLED_MICROS).alias(SETTLED_MICROS), *rest)
    days = F.sort_array(F.collect_list(F.struct(SETTLED_DS, SETTLED_MICROS))).alias("days")
    whole = daily.groupBy(*keys).agg(days, *rest)

    def add(kept: Column, day: Column) -> Column:
        aged = faded(kept[SETTLED_MICROS], kept[SETTLED_DS], day[SETTLED_DS], half_life)
        return F.struct(day[SETTLED_DS].alias(SETTLED_DS), (aged + day[SETTLED_MICROS]).alias(SETTLED_MICROS))

    first, later = F.element_at("days", 1), F.slice("days", F.lit(2), F.size("days"))
    # Most sums are of one day, and folding a list is slow.
    settled = whole.withColumn("settled", F.when(F.size("days") == 1, first).otherwise(F.aggregate(later, first, add)))
    return settled.select(*keys, "settled.*", *others)
