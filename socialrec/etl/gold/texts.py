"""Texts to encode of products and comments, each once, on the night it first appeared."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from socialrec.contracts.vocabulary import TextKind
from socialrec.etl.wording.languages import language

_KINDS = (TextKind.PRODUCT, TextKind.COMMENT)


def new_texts(products: DataFrame, comments: DataFrame, known: DataFrame, ds: str) -> DataFrame:
    """Texts whose `text_hash` is not among `known`, in the columns of gold.texts.

    A text that both kinds share is a product's.
    """
    parts = [
        _part(products, 0, language("text")),
        _part(comments, 1, F.col("language")),
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
