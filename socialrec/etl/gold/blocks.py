"""Rows of users to score: blocks of those who get a list, with all whom they are tied to."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

_OF_LISTED = ("ties", "words", "cares", "liked_aspects")
"""Columns that scoring reads of users with a list only."""
USERS_PER_READ = 256
"""Users whose rows Java decodes at a time; Spark's default is 4,096 rows."""


def decode_few_users(spark: SparkSession) -> None:
    """Keep what Java holds of rows of users small: each has all that a user did and said."""
    spark.conf.set("spark.sql.parquet.columnarReaderBatchSize", str(USERS_PER_READ))


def user_blocks(users: DataFrame, n_blocks: int, n_tasks: int) -> DataFrame:
    """Deal the users with a platform to blocks, and add to each block the rows of their neighbours, without a platform;
    rows of a block lie together, ordered by `block`.

    users: rows of gold.user_features. Users of one community lie in few blocks: what a block needs to know of
    communities and neighbours does not grow with the shop.
    """
    listed = _dealt(users.where("platform IS NOT NULL"), n_blocks)
    tied = listed.select("block", F.explode("ties.neighbour_key").alias("user_key")).distinct()
    tied = tied.join(listed.select("block", "user_key"), ["block", "user_key"], "left_anti")
    bare = users.withColumns({name: F.array().cast(users.schema[name].dataType) for name in _OF_LISTED})
    others = tied.join(bare.withColumn("platform", F.lit(None).cast("string")), "user_key")
    return listed.unionByName(others).repartition(n_tasks, "block").sortWithinPartitions("block")


def _dealt(listed: DataFrame, n_blocks: int) -> DataFrame:
    """Add the `block` of each user: users stand in line by community, in each by a hash of their names, and the line is
    cut into blocks of about equal length.
    """
    community = F.coalesce("community", F.lit(-1))
    counted = listed.groupBy(community.alias("_of")).count().toArrow().sort_by("_of")
    counts = counted["count"].to_numpy()
    line = pa.table({"_of": counted["_of"], "_before": np.cumsum(counts) - counts, "_count": counts})
    share = F.crc32(F.col("name").cast("binary")) / F.lit(float(2**32))
    place = (F.col("_before") + share * F.col("_count")) / F.lit(float(max(counts.sum(), 1)))
    places = F.broadcast(listed.sparkSession.createDataFrame(line))
    joined = listed.withColumn("_of", community).join(places, "_of")
    return joined.withColumn("block", F.floor(place * n_blocks).cast("bigint")).drop("_of", "_before", "_count")


def in_sample(users: DataFrame, share: float) -> DataFrame:
    """Take the platform from users outside a sample of this share; see `features.context.in_sample`."""
    drawn = F.crc32(F.concat(F.lit("sample "), "name").cast("binary")) < share * 2**32
    return users.withColumn("platform", F.when(drawn, F.col("platform")))


def without(users: DataFrame, keys: pa.Array) -> DataFrame:
    """Take the platform from these users."""
    kept = users.sparkSession.createDataFrame(pa.table({"user_key": keys})).withColumn("is_kept", F.lit(True))
    marked = users.join(kept, "user_key", "left")
    return marked.withColumn("platform", F.expr("IF(is_kept, NULL, platform)")).drop("is_kept")
