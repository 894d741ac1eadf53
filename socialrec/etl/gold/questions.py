"""Open questions with all that answering them needs, and the passages that may be cited for them, in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from socialrec.contracts.columns import Table
from socialrec.contracts.gold import (
    ANSWERS,
    MOST_PRODUCTS,
    PASSAGES,
    PRODUCT_ATTRIBUTES,
    RECOMMENDATIONS,
    TEXT_EMBEDDINGS,
)
from socialrec.contracts.silver import SILVER_ANSWERS, SILVER_PRODUCTS, SILVER_QUESTIONS
from socialrec.contracts.vocabulary import AuthorKind, Entity
from socialrec.etl.gold.passages import prices
from socialrec.etl.keys import Keys
from socialrec.etl.schemas import spark_schema
from socialrec.etl.tables import read_table
from socialrec.lake import Lake

AnswerBlock = Callable[[pa.Table, pa.Table], pa.Table]
Batches = Iterator[pa.RecordBatch]
BLOCK, PART, OF_PART = "block", "part", "of_part"
PART_QUESTIONS = 2_000
"""Questions of a block that one process answers at a time."""
INTENT_COLUMNS = "text_hash string, intent string, intent_confidence float"
_VALUE = ("attribute", "value")
_ASKED = ("platform", "question_id")
_ANSWERED = (
    *("text_hash", "inputs_hash", "decision", "reason", "text", "language", "citations", "confidence"),
    "phrased_by",
)
"""Columns of an earlier answer that a kept one takes over, and those that tell if it may."""


@dataclass(frozen=True)
class QuestionBlocks:
    """Questions and passages of one day, joined by the block that they belong to.

    A block is all products of one category, or one product of unknown category, or what is about no product. Passages
    about no product belong to every block: they are read apart, from `general`. `intents` makes INTENT_COLUMNS from
    rows of (text_hash, embedding); None where no model tells the intent of a question.
    """

    spark: SparkSession
    lake: Lake
    ds: str
    questions_version: str
    """Version of the vectors of questions, that of their encoder."""
    passages_version: str
    keys: Keys
    intents: Callable[[Batches], Batches] | None

    def questions(self, days: Sequence[str], earlier: str | None) -> DataFrame:
        """Questions of these landing days that the shop has not answered yet, a row each, with their block.

        Columns: those of silver.questions, `embedding`, `intent`, `intent_confidence`, `is_offered` (null for a
        question about no product), `attributes` (of the product), `products` (of the asker's list, see MOST_PRODUCTS)
        and `earlier`, the answer of the day `earlier`, null without one.
        """
        asked = self._open(days)
        about = asked.join(self._read_texts(asked), "text_hash")
        kinds = self._read(PASSAGES).where("product_id IS NOT NULL").select("product_id", "category").distinct()
        offered = self._read(SILVER_PRODUCTS).select("product_id", F.col("is_active").alias("is_offered"))
        about = about.join(kinds, "product_id", "left").join(offered, "product_id", "left")
        is_known = F.coalesce("is_offered", F.lit(False))
        about = about.withColumn("is_offered", F.when(F.col("product_id").isNotNull(), is_known))
        about = about.join(self._attributes(asked), "product_id", "left")
        about = about.join(self._listed(asked, kinds), list(_ASKED), "left")
        return about.join(self._earlier(earlier), list(_ASKED), "left").withColumn(BLOCK, _block())

    def _read_texts(self, asked: DataFrame) -> DataFrame:
        """Vector and intent of each distinct question."""
        texts = self._with_vectors(asked.select("text_hash").distinct(), self.questions_version)
        if self.intents is None:
            nothing = {"intent": F.lit(None).cast("string"), "intent_confidence": F.lit(None).cast("float")}
            return texts.withColumns(nothing)
        return texts.join(texts.mapInArrow(self.intents, INTENT_COLUMNS), "text_hash")

    def passages(self) -> DataFrame:
        """Passages about products with their vectors and their block."""
        return self._passages("product_id IS NOT NULL").withColumn(BLOCK, _block())

    def general(self) -> DataFrame:
        """Passages about no product with their vectors."""
        return self._passages("product_id IS NULL").drop("ds")

    def attribute_names(self) -> list[str]:
        """Names of the attributes that any product has, in alphabetical order."""
        return sorted(row["attribute"] for row in self._known().select("attribute").distinct().collect())

    def _open(self, days: Sequence[str]) -> DataFrame:
        until = [day for day in self.lake.partitions(SILVER_ANSWERS) if day <= self.ds]
        by_shop = read_table(self.spark, self.lake, SILVER_ANSWERS, until).where(
            F.col("author_kind") == AuthorKind.SHOP.value
        )
        asked, key = read_table(self.spark, self.lake, SILVER_QUESTIONS, days), self.keys.of(Entity.QUESTIONS)
        return asked.join(by_shop.select(*key).distinct(), list(key), "left_anti")

    def _passages(self, condition: str) -> DataFrame:
        return self._with_vectors(self._read(PASSAGES).where(condition), self.passages_version)

    def _with_vectors(self, texts: DataFrame, version: str) -> DataFrame:
        vectors = read_table(self.spark, self.lake, TEXT_EMBEDDINGS, [version])
        return texts.join(vectors.select("text_hash", "embedding"), "text_hash")

    def _attributes(self, asked: DataFrame) -> DataFrame:
        """Attributes of the products that are asked about, sorted by name."""
        about = asked.select("product_id").distinct()
        known = self._known().join(about, "product_id", "left_semi")
        fields = F.struct(*_VALUE, "confidence")
        return known.groupBy("product_id").agg(F.array_sort(F.collect_list(fields)).alias("attributes"))

    def _known(self) -> DataFrame:
        """Attributes of all products with their prices: `product_id`, `attribute`, `value` and `confidence`."""
        named = (*_VALUE, F.lit(1.0).cast("float").alias("confidence"))
        priced = prices(self._read(SILVER_PRODUCTS)).select("product_id", *named)
        return self._read(PRODUCT_ATTRIBUTES).select("product_id", *_VALUE, "confidence").unionByName(priced)

    def _listed(self, asked: DataFrame, kinds: DataFrame) -> DataFrame:
        """Products of the asker's list that are of the same category as the one that is asked about."""
        own = F.col("product_id").alias("own")
        wanted = asked.join(kinds, "product_id").select(*_ASKED, "user_key", "category", own)
        places = self._read(RECOMMENDATIONS).select("user_key", "rank", "product_id")
        fitting = places.join(kinds, "product_id").join(wanted, ["user_key", "category"]).where("product_id <> own")
        order = Window.partitionBy(*_ASKED).orderBy("rank")
        first = fitting.withColumn("place", F.row_number().over(order)).where(F.col("place") <= MOST_PRODUCTS)
        ranked = F.array_sort(F.collect_list(F.struct("place", "product_id")))
        return first.groupBy(*_ASKED).agg(ranked.getField("product_id").alias("products"))

    def _earlier(self, ds: str | None) -> DataFrame:
        answers = read_table(self.spark, self.lake, ANSWERS, [ds] if ds else [])
        return answers.select(*_ASKED, F.struct(*_ANSWERED).alias("earlier"))

    def _read(self, table: Table) -> DataFrame:
        return read_table(self.spark, self.lake, table, [self.ds])


def _block() -> Column:
    of_kind = F.concat(F.lit("category "), F.col("category"))
    return F.coalesce(of_kind, F.concat(F.lit("product "), F.col("product_id")), F.lit(""))


def answered(questions: DataFrame, passages: DataFrame, answer: AnswerBlock, most: int = PART_QUESTIONS) -> DataFrame:
    """Rows of gold.answers that `answer` makes from the questions and the passages of each block.

    A block with many questions comes in parts of about `most`, each with all its passages, so that no process holds
    more of them.
    """
    n_parts = F.ceil(F.count(F.lit(1)).over(Window.partitionBy(BLOCK)) / most)
    in_parts = questions.withColumn(PART, F.pmod(F.xxhash64(*_ASKED), n_parts))
    # Under another name, because Spark takes columns of one origin for the same one.
    parts = in_parts.select(BLOCK, F.col(PART).alias(OF_PART)).distinct()
    wanted = passages.join(parts, BLOCK)
    both = in_parts.groupBy(BLOCK, PART).cogroup(wanted.groupBy(BLOCK, OF_PART))
    return both.applyInArrow(answer, spark_schema(ANSWERS))
