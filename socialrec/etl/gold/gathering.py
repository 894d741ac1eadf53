"""All rows of each user in one row: events, comments with their insights and vectors, and ties."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from socialrec.contracts.columns import Column, StructOf, Table
from socialrec.contracts.gold import (
    COMMENT_INSIGHTS,
    SOCIAL_TIES,
    TEXT_EMBEDDINGS,
    USER_PRODUCT_AFFINITY,
    USER_PROFILES,
)
from socialrec.contracts.silver import SILVER_COMMENTS
from socialrec.etl.schemas import spark_type
from socialrec.etl.tables import read_table
from socialrec.features.inputs import COMMENT_COLUMNS, COMMENT_KEY, INSIGHTS, comment_days
from socialrec.features.texts import TextVectors
from socialrec.features.user_rows import UserParts
from socialrec.lake import Lake

EVENT = ("product_id", "affinity_micros", "n_favourable", "n_returns", "last_event_ts")
SAID = (*(name for name in COMMENT_COLUMNS if name != "user_key"), *INSIGHTS, "embedding")
TIE = ("neighbour_key", "is_follow", "is_mutual", "replies_micros")
PARTS: Mapping[str, tuple[str, ...]] = {"events": EVENT, "comments": SAID, "ties": TIE}
"""Lists of a user's rows, and their columns."""


@dataclass(frozen=True)
class UserGatherer:
    """Gatherer of the rows of users of day `ds`, with the vectors of one encoder."""

    spark: SparkSession
    lake: Lake
    ds: str
    encoder_version: str

    def gathered(self, folder: Path) -> DataFrame:
        """All rows of each user: lists of `PARTS`, and the platform where the user gets a list.

        They lie in this folder.
        """
        read, ds = self._read, [self.ds]
        ties = read(SOCIAL_TIES, ds)
        parts = {
            "events": read(USER_PRODUCT_AFFINITY, ds),
            "comments": self._comments(),
            "ties": ties.where("is_follow OR replies_micros > 0"),
        }
        nothing = {name: f"CAST(NULL AS {_struct_of(name)}) AS {name}" for name in PARTS}
        platform = "CAST(NULL AS STRING) AS platform"

        def users(rows: DataFrame, **filled: str) -> DataFrame:
            return rows.selectExpr("user_key", *(nothing | {"platform": platform} | filled).values())

        every = users(read(USER_PROFILES, ds), platform="platform")
        for name, columns in PARTS.items():
            every = every.unionAll(users(parts[name], **{name: f"struct({', '.join(columns)}) AS {name}"}))
        every = every.unionAll(users(ties)).unionAll(users(ties.selectExpr("neighbour_key AS user_key")))
        lists = (F.collect_list(name).alias(name) for name in PARTS)
        whole = every.groupBy("user_key").agg(*lists, F.max("platform").alias("platform"))
        whole.write.parquet(str(folder))
        return self.spark.read.parquet(str(folder))

    def _comments(self) -> DataFrame:
        """Comments up to the day, with what is predicted of each, and the vectors of their texts."""
        days = comment_days(self.lake, self.ds)
        comments = self._read(SILVER_COMMENTS, days).select(*COMMENT_COLUMNS, *COMMENT_KEY)
        predicted = [day for day in self.lake.partitions(COMMENT_INSIGHTS) if day in days]
        insights = self._read(COMMENT_INSIGHTS, predicted).select(*COMMENT_KEY, *INSIGHTS)
        vectors = self._read(TEXT_EMBEDDINGS, [self.encoder_version]).select("text_hash", "embedding")
        return comments.join(insights, list(COMMENT_KEY), "left").join(vectors, "text_hash", "left")

    def _read(self, table: Table, partitions: Sequence[str]) -> DataFrame:
        return read_table(self.spark, self.lake, table, partitions)


def parts_of(batch: pa.RecordBatch, dim: int) -> tuple[pa.Array, UserParts]:
    """Users of a batch of gathered rows, and their rows; `dim` is the length of a vector."""
    users, tables = batch["user_key"], {}
    for name, columns in PARTS.items():
        lists = batch[name]
        structs, owner = lists.flatten(), users.take(pc.list_parent_indices(lists))
        tables[name] = pa.table({"user_key": owner} | {column: structs.field(column) for column in columns})
    comments = tables["comments"]
    known = comments.filter(pc.field("embedding").is_valid())
    first = np.unique(known["text_hash"].to_numpy(zero_copy_only=False), return_index=True)[1]
    texts = TextVectors.of(known.take(pa.array(first, pa.int64())), dim)
    return users, UserParts(tables["events"], comments, tables["ties"], texts)


def _struct_of(name: str) -> str:
    """Spark's type of one element of a list of `PARTS`, in SQL."""
    return spark_type(StructOf(tuple(_COLUMNS[name](column) for column in PARTS[name]))).simpleString()


_COLUMNS: Mapping[str, Callable[[str], Column]] = {
    "events": USER_PRODUCT_AFFINITY.column,
    "comments": lambda name: _column_of(name, SILVER_COMMENTS, COMMENT_INSIGHTS, TEXT_EMBEDDINGS),
    "ties": SOCIAL_TIES.column,
}


def _column_of(name: str, *tables: Table) -> Column:
    return next(column for table in tables for column in table.columns if column.name == name)
