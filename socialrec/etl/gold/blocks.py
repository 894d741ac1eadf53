"""Blocks of users to score: those who get a list, with all whom they are tied to."""

from __future__ import annotations

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

_OF_LISTED = ("ties", "words", "cares", "liked_aspects")
"""Columns that scoring reads of users with a list only."""


def user_blocks(users: DataFrame, n_blocks: int, n_tasks: int) -> DataFrame:
    """Deal the users with a platform to blocks by name, and add to each block the rows of their neighbours, without a
    platform; rows of a block lie together, ordered by `block`.

    users: rows of gold.user_features.
    """
    block = (F.crc32(F.col("name").cast("binary")) % n_blocks).alias("block")
    listed = users.where("platform IS NOT NULL").select("*", block)
    tied = listed.select("block", F.explode("ties.neighbour_key").alias("user_key")).distinct()
    tied = tied.join(listed.select("block", "user_key"), ["block", "user_key"], "left_anti")
    bare = users.withColumns({name: F.array().cast(users.schema[name].dataType) for name in _OF_LISTED})
    others = tied.join(bare.withColumn("platform", F.lit(None).cast("string")), "user_key")
    return listed.unionByName(others).repartition(n_tasks, "block").sortWithinPartitions("block")


def in_sample(users: DataFrame, share: float) -> DataFrame:
    """Take the platform from users outside a sample of this share; see `features.context.in_sample`."""
    drawn = F.crc32(F.concat(F.lit("sample "), "name").cast("binary")) < share * 2**32
    return users.withColumn("platform", F.when(drawn, F.col("platform")))


def without(users: DataFrame, keys: pa.Array) -> DataFrame:
    """Take the platform from these users."""
    kept = users.sparkSession.createDataFrame(pa.table({"user_key": keys})).withColumn("is_kept", F.lit(True))
    marked = users.join(kept, "user_key", "left")
    return marked.withColumn("platform", F.expr("IF(is_kept, NULL, platform)")).drop("is_kept")
