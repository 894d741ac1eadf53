"""Passages of a day: sentences of descriptions, comments and answers, and attributes, each with who agrees."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf

from socialrec.contracts.columns import Table
from socialrec.contracts.gold import PRODUCT_ATTRIBUTES, SUSPECTS
from socialrec.contracts.silver import SILVER_ANSWERS, SILVER_COMMENTS, SILVER_PRODUCTS, SILVER_QUESTIONS
from socialrec.contracts.vocabulary import Entity, PassageSource
from socialrec.display.messages.catalogue import SOURCE_LANGUAGE, Messages, languages, messages_in
from socialrec.etl.keys import Keys
from socialrec.etl.tables import read_staged, read_table
from socialrec.etl.wording.languages import language
from socialrec.etl.wording.texts import text_hash
from socialrec.features.passages import (
    ATTRIBUTE_NAMES,
    PRICE,
    attribute_sentence,
    normalised,
    passage_id,
    passages_in,
    price_of,
)
from socialrec.lake import Lake, Stage

_KEPT = ("product_id", "platform", "source", "speaker", "said_ts", "language")
"""Columns of a text that its sentences keep; `speaker` is empty where no customer said it."""
_SENTENCES = (
    "passage_id STRING, place INT, text STRING, product_id STRING, platform STRING, source STRING, speaker STRING, "
    "said_ts TIMESTAMP, language STRING"
)
_SUBJECT = ("passage_id", "product_id", "platform", "source")


@dataclass(frozen=True)
class PassageBuilder:
    """Builder of gold.passages of day `ds`; accounts in gold.suspects of earlier days, or in the stage of this day, are
    not cited.
    """

    spark: SparkSession
    lake: Lake
    keys: Keys
    ds: str
    suspects: Stage

    def rows(self) -> DataFrame:
        """Rows of gold.passages."""
        offered = self._read(SILVER_PRODUCTS, [self.ds]).where("is_active").persist()
        attributes = self._read(PRODUCT_ATTRIBUTES, [self.ds])
        parts = (self._attributes(offered, attributes), self._descriptions(offered), *self._said(offered))
        sentences = reduce(DataFrame.unionByName, parts).mapInArrow(cut_into_sentences, _SENTENCES)
        named = F.max(F.when(F.col("attribute") == "category", F.col("value"))).alias("category")
        categories = attributes.groupBy("product_id").agg(named)
        return (
            agreeing(sentences)
            .join(categories, "product_id", "left")
            .withColumns({"text_hash": text_hash(F.col("text")), "ds": F.lit(self.ds)})
        )

    def _attributes(self, offered: DataFrame, attributes: DataFrame) -> DataFrame:
        """Sentences about attributes, stated and predicted, and about prices, in the language of the product's text."""
        priced = prices(offered).withColumn("origin", F.lit(PassageSource.STATED.value))
        known = attributes.select("product_id", "attribute", "value", "origin").unionByName(priced)
        spoken = offered.withColumn("spoken", language("text"))
        read = F.when(F.col("spoken").isin(*languages()), F.col("spoken")).otherwise(SOURCE_LANGUAGE)
        described = spoken.select("product_id", "platform", "updated_ts", read.alias("language"))
        text = F.lit(None).cast("string")
        for code in languages():
            text = F.when(F.col("language") == code, attribute_said(messages_in(code))).otherwise(text)
        named = {"source": F.col("origin"), "text": text, "speaker": F.lit("")}
        return _part(known.join(described, "product_id").withColumns(named), "updated_ts")

    def _descriptions(self, offered: DataFrame) -> DataFrame:
        described = offered.where("description <> ''")
        named = {"source": F.lit(PassageSource.DESCRIPTION.value), "text": F.col("description"), "speaker": F.lit("")}
        return _part(described.withColumns({**named, "language": language("description")}), "updated_ts")

    def _said(self, offered: DataFrame) -> Iterator[DataFrame]:
        """Comments and answers of accounts that are not suspected; an answer whose question is gone is about nothing
        known.
        """
        earlier = self._read(SUSPECTS, [day for day in self._until(SUSPECTS) if day < self.ds])
        suspects = earlier.unionByName(read_staged(self.spark, self.suspects)).select("user_key").distinct()
        products = offered.select("product_id", F.col("platform").alias("_platform"))
        comments = self._days(SILVER_COMMENTS).where("text <> ''").join(products, "product_id")
        commented = comments.drop("platform").withColumnRenamed("_platform", "platform")
        question = self.keys.of(Entity.QUESTIONS)
        asked = self._days(SILVER_QUESTIONS).select(*question, "product_id")
        answers = self._days(SILVER_ANSWERS).join(asked, list(question))
        answered = answers.join(products, "product_id", "left").where("product_id IS NULL OR _platform IS NOT NULL")
        for rows, source, time in (
            (commented, PassageSource.COMMENT, "created_ts"),
            (answered, PassageSource.ANSWER, "answered_ts"),
        ):
            trusted = rows.join(suspects, "user_key", "left_anti")
            named = {"source": F.lit(source.value), "speaker": F.coalesce("user_key", F.lit(""))}
            yield _part(trusted.withColumns(named), time)

    def _days(self, table: Table) -> DataFrame:
        return self._read(table, self._until(table))

    def _until(self, table: Table) -> list[str]:
        return [day for day in self.lake.partitions(table) if day <= self.ds]

    def _read(self, table: Table, partitions: Sequence[str]) -> DataFrame:
        return read_table(self.spark, self.lake, table, partitions)


def prices(products: DataFrame) -> DataFrame:
    """Prices of products as attributes: `product_id`, `attribute` and `value`, such as `12.50 EUR`."""
    named = {"attribute": F.lit(PRICE), "value": _priced()(F.col("price_cents"), F.col("currency"))}
    return products.where("price_cents IS NOT NULL").withColumns(named).select("product_id", *named)


def _priced() -> Callable[[Column, Column], Column]:
    def say_all(cents: pa.Array, currencies: pa.Array) -> pa.Array:
        pairs = zip(cents.to_pylist(), currencies.to_pylist(), strict=True)
        return pa.array(
            [None if price is None else price_of(price, currency) for price, currency in pairs], pa.string()
        )

    # The stub asks for the kind of function, which its annotations already say.
    priced: Callable[[Column, Column], Column] = arrow_udf(say_all, "string")  # type: ignore[call-overload]
    return priced


def cut_into_sentences(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Cut texts (`text`, `_KEPT`) into sentences that may be cited, each with its passage's id."""
    for batch in batches:
        texts = zip(*(batch[name].to_pylist() for name in ("product_id", "platform", "source", "text")), strict=True)
        rows, ids, places, sentences = [], [], [], []
        for row, (product, platform, source, text) in enumerate(texts):
            for place, sentence in passages_in(text, PassageSource(source)):
                rows.append(row)
                ids.append(passage_id(product or platform, PassageSource(source), normalised(sentence)))
                places.append(place)
                sentences.append(sentence)
        own = batch.take(pa.array(rows, pa.int32()))
        cut = (pa.array(ids, pa.string()), pa.array(places, pa.int32()), pa.array(sentences, pa.string()))
        kept = [own[name] for name in _KEPT]
        yield pa.RecordBatch.from_arrays([*cut, *kept], names=["passage_id", "place", "text", *_KEPT])


def agreeing(sentences: DataFrame) -> DataFrame:
    """One row a passage: the newest of its sentences, and the number of users who say it."""
    newest = F.max(F.struct("said_ts", "text", (-F.col("place")).alias("back"), "language")).alias("newest")
    by_user = sentences.groupBy(*_SUBJECT, "speaker").agg(newest)
    one = by_user.groupBy(*_SUBJECT).agg(F.count(F.lit(1)).alias("n_agreeing"), F.max("newest").alias("newest"))
    return one.select(
        *(*_SUBJECT, "n_agreeing", "newest.said_ts", "newest.text", "newest.language"),
        (-F.col("newest.back")).alias("place"),
    )


def attribute_said(messages: Messages) -> Column:
    """Sentence about an attribute in one language; null where nothing is known."""
    name = F.col("attribute")
    for known in ATTRIBUTE_NAMES:
        name = F.when(F.col("attribute") == known, messages.name(known)).otherwise(name)
    text = F.lit(None).cast("string")
    for source in (PassageSource.STATED, PassageSource.PREDICTED):
        form = attribute_sentence("%1$s", "%2$s", source, messages)
        text = F.when(F.col("origin") == source.value, F.format_string(form, name, "value")).otherwise(text)
    return text


def _part(rows: DataFrame, time: str) -> DataFrame:
    """Texts to cut: `text` and `_KEPT`."""
    return rows.select(*(name for name in _KEPT if name != "said_ts"), "text", F.col(time).alias("said_ts"))
