"""Bronze products to the silver snapshot: the newest valid description of each product."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from socialrec.contracts.bronze import BRONZE_PICTURES
from socialrec.contracts.vocabulary import Entity
from socialrec.etl.entities.base import IS_NEW, IS_NEWEST, SilverNight, SilverOutcome, write_newest
from socialrec.etl.keys import Keys
from socialrec.etl.progress import IncrementalPlan
from socialrec.etl.tables import read_table
from socialrec.etl.wording.texts import text_hash, with_clean_texts
from socialrec.lake import Stage
from socialrec.settings.etl import MaskSettings

_NAMES = ("title", "category", "brand")
_LANDED_TITLE = "_landed_title"


def build(night: SilverNight, roll: IncrementalPlan, stage: Stage) -> SilverOutcome:
    """Stage a snapshot of silver.products."""
    [ds] = stage.partitions
    pictures = read_table(night.spark, night.lake, BRONZE_PICTURES, roll.days)
    intake = with_pictures(night.bronze(Entity.PRODUCTS, roll.days), pictures, night.max_product_pictures)
    previous = night.previous(Entity.PRODUCTS, roll)
    merged = merge_products(previous, intake, night.keys, ds, night.masks)
    published = F.when(F.col(IS_NEW) & F.col(IS_NEWEST), F.col("text"))
    counts = write_newest(merged, stage, *night.mask_counts(published))
    return SilverOutcome(counts.pop("published"), counts.pop("duplicate"), masked=counts)


def with_pictures(intake: DataFrame, pictures: DataFrame, most: int) -> DataFrame:
    """Products of bronze with `pictures`: the hashes of the pictures that they name, in that order, at most so many.

    `pictures` are rows of bronze.pictures. Files that are none, or went to quarantine, are left out; null without any.
    """
    record = ("source_file", "source_line")
    named = intake.select(*record, "platform", "ds", F.posexplode("images").alias("place", "name"))
    file = F.concat_ws("/", "platform", "ds", "name").alias("_file")
    kept = pictures.select(F.col("source_file").alias("_file"), "frame", "picture_hash")
    found = named.select(*record, "place", file).join(kept, "_file")
    in_order = F.array_sort(F.collect_list(F.struct("place", "frame", "picture_hash")))
    hashes = F.array_distinct(F.transform(in_order, lambda one: one["picture_hash"]))
    listed = found.groupBy(*record).agg(F.slice(hashes, 1, most).alias("pictures"))
    return intake.join(listed, list(record), "left")


def merge_products(previous: DataFrame, intake: DataFrame, keys: Keys, ds: str, masks: MaskSettings) -> DataFrame:
    """Merge all known descriptions of the products in the previous snapshot and in the intake (bronze rows
    `with_pictures`).

    Returns the columns of silver.products plus `is_newest` (bool: by `updated_ts`, unknown oldest, then landing day,
    file, line) and `is_new` (bool: from the intake). `first_seen_ds` is the same for all of a product's rows.
    What the intake says in words is cleaned. Personal data is masked in descriptions alone: titles, categories and
    brands name goods, whatever their digits look like.
    """
    text = F.concat_ws(". ", *(_filled(name) for name in (*_NAMES, "description")))
    cleaned = with_clean_texts(
        intake.withColumn(_LANDED_TITLE, F.col("title")),
        dict.fromkeys(_NAMES, MaskSettings.nothing()) | {"description": masks},
    )
    # A title of nothing but markup stays as it landed, because a product must have one.
    named = cleaned.withColumn("title", F.when(F.col("title") == "", F.col(_LANDED_TITLE)).otherwise(F.col("title")))
    new = named.withColumn("text", text).select(
        keys.product_id(),
        *("title", "description", "category", "brand", "price_cents", "currency"),
        F.coalesce("is_active", F.lit(True)).alias("is_active"),
        *("updated_ts", "platform", "source_file", "source_line", "text", "pictures"),
        text_hash(F.col("text")).alias("text_hash"),
        F.col("ds").alias("first_seen_ds"),
        F.col("ds").alias("_landed"),
        F.lit(True).alias(IS_NEW),
    )
    old = previous.drop("ds").withColumns(
        {"_landed": F.lit(""), "source_file": F.lit(""), "source_line": F.lit(0), IS_NEW: F.lit(False)}
    )
    product = Window.partitionBy("product_id")
    newest = product.orderBy(
        F.desc_nulls_last("updated_ts"), F.desc("_landed"), F.desc("source_file"), F.desc("source_line")
    )
    return (
        old.unionByName(new)
        .withColumn("first_seen_ds", F.min("first_seen_ds").over(product))
        .withColumn(IS_NEWEST, F.row_number().over(newest) == 1)
        .withColumn("ds", F.lit(ds))
    )


def _filled(name: str) -> Column:
    return F.when(F.trim(name) != "", F.trim(name))
