"""Find records whose key was seen before, without moving all records around."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

RECORD_KEY = ("source_file", "source_line")
IS_CONFLICT = "is_conflict"
_HASH, _DAY, _FIRST, _OWN = "_hash", "_day", "_first", "_own"


def later_copies(records: DataFrame, key: Sequence[str], content: Sequence[str], window_days: int) -> DataFrame:
    """The records that an earlier one with the same key precedes, on the same day or at most `window_days` before.

    `records` hold key, content, `ds`, `source_file` and `source_line`; earlier means by ds, then file, then line.
    Returns `ds`, `source_file`, `source_line` and `is_conflict` (bool: the earliest of them has other content).
    The verdict on a record depends on records of its window alone, so nights may run in any order.
    """
    suspects = _with_repeated(records, key)
    day = F.unix_date(F.to_date("ds"))
    own = F.struct("ds", *RECORD_KEY, F.xxhash64(*content).alias("content"))
    window = Window.partitionBy(*key).orderBy(_DAY).rangeBetween(-window_days, 0)
    judged = suspects.withColumn(_DAY, day).withColumn(_OWN, own).withColumn(_FIRST, F.min(_OWN).over(window))
    is_first = F.col(_FIRST).eqNullSafe(F.col(_OWN))
    return judged.where(~is_first).select(
        "ds", *RECORD_KEY, (F.col(f"{_FIRST}.content") != F.col(f"{_OWN}.content")).alias(IS_CONFLICT)
    )


def superseded(records: DataFrame, key: Sequence[str]) -> DataFrame:
    """`source_file` and `source_line` of the records that a later one with the same key replaces."""
    newest = Window.partitionBy(*key).orderBy(F.desc("ds"), F.desc("source_file"), F.desc("source_line"))
    ranked = _with_repeated(records, key).withColumn(_DAY, F.row_number().over(newest))
    return ranked.where(F.col(_DAY) > 1).select(*RECORD_KEY)


def without(records: DataFrame, rejected: DataFrame) -> DataFrame:
    """The records but for the rejected ones."""
    return records.join(rejected.select(*RECORD_KEY), list(RECORD_KEY), "left_anti")


def _with_repeated(records: DataFrame, key: Sequence[str]) -> DataFrame:
    """The few records whose key's hash occurs more than once: only those have to be sorted and compared.

    Counting 8-byte hashes moves a fraction of what the records weigh; a chance collision costs a comparison, no more.
    """
    hashed = records.withColumn(_HASH, F.xxhash64(*key))
    repeated = hashed.groupBy(_HASH).agg(F.count(F.lit(1)).alias("_n")).where(F.col("_n") > 1).select(_HASH)
    return hashed.join(repeated, _HASH, "left_semi").drop(_HASH)
