"""Bronze templates to the silver snapshot: the newest valid wording of each template."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from socialrec.contracts.vocabulary import Entity
from socialrec.etl.entities.base import IS_NEW, IS_NEWEST, SilverNight, SilverOutcome, write_newest
from socialrec.etl.keys import Keys
from socialrec.etl.progress import IncrementalPlan
from socialrec.etl.wording.texts import with_clean_texts
from socialrec.lake import Stage
from socialrec.settings.etl import MaskSettings


def build(night: SilverNight, roll: IncrementalPlan, stage: Stage) -> SilverOutcome:
    """Stage a snapshot of silver.templates."""
    [ds] = stage.partitions
    previous, intake = night.previous(Entity.TEMPLATES, roll), night.bronze(Entity.TEMPLATES, roll.days)
    counts = write_newest(merge_templates(previous, intake, night.keys, ds), stage)
    return SilverOutcome(counts["published"], counts["duplicate"])


def merge_templates(previous: DataFrame, intake: DataFrame, keys: Keys, ds: str) -> DataFrame:
    """Merge the templates of the previous snapshot with the intake (bronze rows).

    Returns the columns of silver.templates plus `is_newest` (bool: by `updated_ts`, unknown oldest, then landing day,
    file, line) and `is_new` (bool: from the intake). Nothing is masked: the shop's own address is in its own words.
    """
    new = with_clean_texts(intake, {"text": MaskSettings.nothing()}).select(
        *("template_id", "intent", "text", "language", F.coalesce("is_active", F.lit(True)).alias("is_active")),
        *("updated_ts", "platform", "source_file", "source_line"),
        F.col("ds").alias("_landed"),
        F.lit(True).alias(IS_NEW),
    )
    old = previous.drop("ds").withColumns(
        {"_landed": F.lit(""), "source_file": F.lit(""), "source_line": F.lit(0), IS_NEW: F.lit(False)}
    )
    newest = Window.partitionBy(*keys.of(Entity.TEMPLATES)).orderBy(
        F.desc_nulls_last("updated_ts"), F.desc("_landed"), F.desc("source_file"), F.desc("source_line")
    )
    return old.unionByName(new).withColumns({IS_NEWEST: F.row_number().over(newest) == 1, "ds": F.lit(ds)})
