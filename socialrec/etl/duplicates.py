"""Find records with repeated keys, without shuffling all records."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

RECORD_KEY = ("source_file", "source_line")
VERDICT = "verdict"
HASH = "_hash"
_OWN, _OWNER, _CONTENT, _KNOWN = "_own", "_owner", "_content", "_known"
_BROADCAST_ROWS = 2_000_000
"""Most 8-byte hashes that are broadcast to every executor, so that the history need not be shuffled."""


class DuplicateReason(StrEnum):
    """Reason why a record with a repeated key is not published."""

    COPY = "copy"
    SUPERSEDED = "superseded"
    CONFLICT = "conflict"


def judge_repeats(
    records: DataFrame, key: Sequence[str], owner: Sequence[str], content: Sequence[str], time: str | None = None
) -> DataFrame:
    """Add a `verdict` to the records, null for the one of each key that is published.

    `records` hold all records of their keys: key, owner, content, `ds`, `source_file` and `source_line`; earlier means
    by ds, then file, then line. Records that disagree with the key's earliest one about the owner are conflicts. Of
    the others those of the newest content count, by `time` (an unknown time is that of the newest record before it,
    the later of equal times wins) or without one by the order of landing; the earliest record of that content is
    published.
    """
    everyone = Window.partitionBy(*key)
    peers = Window.partitionBy(*key, VERDICT)
    judged = records.withColumns(
        {_OWN: F.struct("ds", *RECORD_KEY), _OWNER: _digest(owner), _CONTENT: _digest((*owner, *content))}
    )
    first = F.min(F.struct(_OWN, _OWNER)).over(everyone)[_OWNER]
    judged = judged.withColumn(VERDICT, F.when(first != F.col(_OWNER), F.lit(DuplicateReason.CONFLICT.value)))
    if time is None:
        judged = judged.withColumn(_KNOWN, F.lit(None).cast("timestamp"))
    else:
        so_far = peers.orderBy(_OWN).rowsBetween(Window.unboundedPreceding, Window.currentRow)
        judged = judged.withColumn(_KNOWN, F.coalesce(time, F.max(time).over(so_far)))
    newest = F.max(F.struct(_KNOWN, _OWN, _CONTENT)).over(peers)[_CONTENT]
    earliest_alike = F.min(_OWN).over(Window.partitionBy(*key, VERDICT, _CONTENT))
    peer = (
        F.when(F.col(_OWN) != earliest_alike, F.lit(DuplicateReason.COPY.value))
        .when(F.col(_CONTENT) != newest, F.lit(DuplicateReason.SUPERSEDED.value))
    )  # fmt: skip
    judged = judged.withColumn("_peer", peer)
    return judged.withColumn(VERDICT, F.coalesce(VERDICT, "_peer")).drop(_OWN, _OWNER, _CONTENT, _KNOWN, "_peer")


def said_again(records: DataFrame, key: Sequence[str], speaker: Sequence[str], window_days: int) -> DataFrame:
    """Find records whose key an earlier record under another id has, on the same day or at most `window_days` before.

    `records` hold key, `speaker` (what makes up their own id), `ds`, `source_file` and `source_line`. Of the records in
    the window the earliest one decides, so that nobody repeats themselves by editing.
    """
    suspects = _with_repeated(records, key)
    own = F.struct("ds", *RECORD_KEY, *speaker)
    window = Window.partitionBy(*key).orderBy("_day").rangeBetween(-window_days, 0)
    judged = suspects.withColumn("_day", F.unix_date(F.to_date("ds"))).withColumn("_first", F.min(own).over(window))
    is_other = F.lit(False)
    for name in speaker:
        is_other |= F.col(f"_first.{name}") != F.col(name)
    return judged.where(is_other).select("ds", *RECORD_KEY)


def superseded(records: DataFrame, key: Sequence[str], time: Column) -> DataFrame:
    """Find records that a newer one with the same key replaces, as `source_file` and `source_line`.

    The newest has the latest `time`, an unknown time is the oldest; of equal times the later landed wins.
    """
    order = (F.desc_nulls_last(time), F.desc("ds"), F.desc("source_file"), F.desc("source_line"))
    newest = Window.partitionBy(*key).orderBy(*order)
    ranked = _with_repeated(records, key).withColumn("_rank", F.row_number().over(newest))
    return ranked.where(F.col("_rank") > 1).select(*RECORD_KEY)


def without(records: DataFrame, rejected: DataFrame) -> DataFrame:
    """Remove the rejected records."""
    return records.join(rejected.select(*RECORD_KEY), list(RECORD_KEY), "left_anti")


def hashes_of(records: DataFrame, key: Sequence[str]) -> DataFrame:
    """Hash each record's key to 8 bytes, with its `ds`."""
    return records.select(F.xxhash64(*key).alias(HASH), "ds")


def repeated_hashes(hashes: DataFrame) -> DataFrame:
    """Hashes that occur more than once.

    Counting 8-byte hashes shuffles a fraction of the records' bytes; a collision costs one comparison.
    """
    return hashes.groupBy(HASH).agg(F.count(F.lit(1)).alias("_n")).where(F.col("_n") > 1).select(HASH)


def met_hashes(history: DataFrame, hashes: DataFrame, n_hashes: int) -> DataFrame:
    """Hashes of a history that are among these, with `ds`; few hashes are broadcast to the history."""
    wanted = hashes.select(HASH).distinct()
    if n_hashes <= _BROADCAST_ROWS:
        wanted = F.broadcast(wanted)
    return history.join(wanted, HASH, "left_semi").select(HASH, "ds").distinct()


def with_hashes(records: DataFrame, key: Sequence[str], wanted: DataFrame) -> DataFrame:
    """Records whose key's hash is among the wanted ones."""
    hashed = records.withColumn(HASH, F.xxhash64(*key))
    return hashed.join(wanted.select(HASH), HASH, "left_semi").drop(HASH)


def _with_repeated(records: DataFrame, key: Sequence[str]) -> DataFrame:
    """Records whose key's hash occurs more than once: only those few have to be sorted and compared."""
    return with_hashes(records, key, repeated_hashes(hashes_of(records, key)))


def _digest(names: Sequence[str]) -> Column:
    """Hash of several columns in which an absent value differs from an empty one."""
    return F.xxhash64(*(part for name in names for part in (F.col(name), F.col(name).isNull())))
