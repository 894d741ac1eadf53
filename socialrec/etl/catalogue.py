"""Bronze products to the silver snapshot: of each product the newest valid description."""

from __future__ import annotations

from collections.abc import Collection

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from socialrec.contracts.vocabulary import PersonalData
from socialrec.etl.keys import Keys
from socialrec.etl.wording import clean_text, masked, text_hash

IS_NEW = "is_new"
RANK = "rank"


def merge_products(
    previous: DataFrame, intake: DataFrame, keys: Keys, ds: str, kinds: Collection[PersonalData]
) -> DataFrame:
    """Every known description of every product that stands in the previous snapshot or in the intake (bronze rows).

    Returns the columns of silver.products plus `rank` (1: the newest, by `updated_ts`, unknown oldest, then landing
    day, file, line) and `is_new` (bool: from the intake). `first_seen_ds` is the same for all of a product's rows.
    Personal data of these kinds is masked in what the intake says in its own words.
    """
    text = clean_text(F.concat_ws(". ", *(_filled(name) for name in ("title", "category", "brand", "description"))))
    new = intake.select(
        keys.product_id(),
        *(masked(F.col(name), kinds).alias(name) for name in ("title", "description")),
        *("category", "brand", "price_cents", "currency"),
        F.coalesce("is_active", F.lit(True)).alias("is_active"),
        *("updated_ts", "platform", "source_file", "source_line"),
        masked(text, kinds).alias("text"),
        F.col("ds").alias("first_seen_ds"),
        F.col("ds").alias("_landed"),
        F.lit(True).alias(IS_NEW),
    ).withColumn("text_hash", text_hash(F.col("text")))
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
        .withColumn(RANK, F.row_number().over(newest))
        .withColumn("ds", F.lit(ds))
    )


def _filled(name: str) -> Column:
    return F.when(F.trim(name) != "", F.trim(name))
