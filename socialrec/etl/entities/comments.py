"""Bronze comments to silver: pseudonyms, cleaned and masked texts with hash and language, lateness."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pyspark import StorageLevel
from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from socialrec.contracts.bronze import BRONZE
from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.vocabulary import Entity, QuarantineReason
from socialrec.etl.days import Platforms
from socialrec.etl.duplicates import RECORD_KEY, VERDICT, DuplicateReason, said_again, without
from socialrec.etl.entities.base import SilverNight, SilverOutcome, conflicts, is_late, rejected, tally
from socialrec.etl.identity import Identity
from socialrec.etl.keys import Keys
from socialrec.etl.progress import IncrementalPlan, lookback
from socialrec.etl.repeats import Repeats
from socialrec.etl.tables import count_staged, write_stage
from socialrec.etl.wording.texts import with_hashed_text
from socialrec.lake import Stage
from socialrec.settings.etl import MaskSettings

_SAME_WORDS = ENTITIES[Entity.COMMENTS].said_once


def build(night: SilverNight, roll: IncrementalPlan, stage: Stage) -> SilverOutcome:
    """Stage days of silver.comments."""
    days, entity = roll.days, Entity.COMMENTS
    bronze = night.bronze(entity, days)
    landed = night.lake.partitions(BRONZE[entity])
    earlier = sorted(set(lookback(days, night.window_days, landed)) - set(days))
    repeats = night.repeats(entity, sorted({*earlier, *days}))
    repeated = repeats.rejected(days)
    counts = tally(repeated)
    old = _replaced(repeated)
    # Cleaning costs more than reading back what was cleaned. Words that were replaced since were said all the same.
    said = _clean(without(bronze, _never_said(repeated)), night).persist(StorageLevel.DISK_ONLY)
    again = _said_again(said, _said_before(night, earlier, repeats), night)
    again = without(again, old).persist(StorageLevel.MEMORY_AND_DISK)
    n_again = again.count()
    cleaned = without(said, old)
    # Stars without words are a comment; words that were nothing but markup, and no stars, are none.
    is_empty = (F.col("text") == "") & F.col("rating").isNull()
    masked = _write(without(cleaned.where(~is_empty), again), night, stage)
    empties = cleaned.where(is_empty).select(*RECORD_KEY)
    emptied = bronze.join(empties, list(RECORD_KEY), "left_semi")
    refused = conflicts(bronze, repeated, entity).unionByName(
        rejected(emptied, entity, QuarantineReason.EMPTY_TEXT, "text")
    )
    n_rejected = counts.pop(DuplicateReason.CONFLICT, 0) + empties.count()
    n_duplicate = sum(counts.values()) + n_again
    return SilverOutcome(count_staged(stage), n_duplicate, n_rejected, refused, masked)


def clean_comments(
    bronze: DataFrame, identity: Identity, keys: Keys, masks: MaskSettings, platforms: Platforms
) -> DataFrame:
    """Clean the comments of `bronze`: one row each, the columns of silver.comments plus `source_file` and
    `source_line`.

    Personal data is masked as the settings say. The text is empty where there was none, or nothing but markup.
    """
    keyed = bronze.select(
        "comment_id",
        identity.user_key(F.col("platform"), F.col("user_id")).alias("user_key"),
        keys.product_id(),
        F.coalesce("text", F.lit("")).alias("text"),
        *("rating", "topic", "parent_comment_id"),
        *("created_ts", "platform", "ds", "source_file", "source_line"),
    )
    return with_hashed_text(keyed, masks).withColumn("is_late", is_late(F.col("created_ts"), platforms))


def _clean(bronze: DataFrame, night: SilverNight) -> DataFrame:
    return clean_comments(bronze, night.identity, night.keys, night.masks, night.platforms)


def _write(published: DataFrame, night: SilverNight, stage: Stage) -> dict[str, int]:
    """Stage the comments; returns how many texts hold the mask of a kind."""
    if not night.masks.kinds:
        write_stage(published, stage)
        return {}
    seen = Observation()
    write_stage(published.observe(seen, *night.mask_counts(F.col("text"))), stage)
    return dict(seen.get)


def _said_again(said: DataFrame, said_before: DataFrame, night: SilverNight) -> DataFrame:
    """The comments of `said` whose words the same user said of the same product before, in another comment."""
    speaker = night.keys.of(Entity.COMMENTS)
    names = dict.fromkeys((*_SAME_WORDS, *speaker, "ds", *RECORD_KEY))
    earlier = said_before.withColumns({"source_file": F.lit(""), "source_line": F.lit(0).cast("bigint")})
    records = (rows.where(F.col("text") != "").select(*names) for rows in (said, earlier))
    found = said_again(reduce(DataFrame.unionByName, records), _SAME_WORDS, speaker, night.window_days)
    return found.where(F.col("source_line") > 0)


def _said_before(night: SilverNight, earlier: Sequence[str], repeats: Repeats) -> DataFrame:
    """Key and day of the comments of earlier days, those too that are not published.

    Silver alone would forget those, and its verdict would depend on which days were built together.
    """
    key, repeated = night.keys.of(Entity.COMMENTS), repeats.rejected(earlier)
    published = night.silver(Entity.COMMENTS, earlier)
    bronze = without(night.bronze(Entity.COMMENTS, earlier), _never_said(repeated))
    replaced = _replaced(repeated)
    others = (
        without(bronze, replaced)
        .join(published.select(*key, "ds"), [*key, "ds"], "left_anti")
        .unionByName(bronze.join(replaced.select(*RECORD_KEY), list(RECORD_KEY), "left_semi"))
    )
    names = dict.fromkeys((*key, *_SAME_WORDS, "text", "ds"))
    return published.select(*names).unionByName(_clean(others, night).select(*names))


def _never_said(repeated: DataFrame) -> DataFrame:
    """Copies and conflicts: what a comment said before it was replaced was said."""
    return repeated.where(F.col(VERDICT) != DuplicateReason.SUPERSEDED.value)


def _replaced(repeated: DataFrame) -> DataFrame:
    return repeated.where(F.col(VERDICT) == DuplicateReason.SUPERSEDED.value)
