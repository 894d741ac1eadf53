"""Texts to encode of products, comments and profiles, each once, on the night it first appeared."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from socialrec.contracts.vocabulary import TextKind
from socialrec.etl.wording.texts import language

_KINDS = (TextKind.PRODUCT, TextKind.COMMENT, TextKind.PROFILE)


def new_texts(products: DataFrame, comments: DataFrame, profiles: DataFrame, known: DataFrame, ds: str) -> DataFrame:
    """Texts whose `text_hash` is not among `known`, in the columns of gold.texts.

    A text that several kinds share is a product's before it is a comment's, and a comment's before it is a profile's.
    """
    parts = [
        _part(products, 0, language("text")),
        _part(comments, 1, F.col("language")),
        _part(profiles, 2, F.lit("en")),
    ]
    every = reduce(DataFrame.unionByName, parts).where(F.col("text") != "")
    unknown = every.join(known.select("text_hash"), "text_hash", "left_anti")
    first = unknown.groupBy("text_hash").agg(F.min(F.struct("place", "platform", "language", "text")).alias("first"))
    kind = F.element_at(F.array(*(F.lit(kind.value) for kind in _KINDS)), F.col("first.place") + 1)
    return first.select("text_hash", kind.alias("kind"), "first.text", "first.language", "first.platform").withColumn(
        "ds", F.lit(ds)
    )


def _part(rows: DataFrame, place: int, spoken: Column) -> DataFrame:
    return rows.select("text_hash", F.lit(place).alias("place"), "platform", spoken.alias("language"), "text")
