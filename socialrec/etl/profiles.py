"""User profiles: what each user has done and likes, in numbers and in words to encode."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from socialrec.etl.wording import text_hash

_USER = ("platform", "user_key")
_NOTHING_KNOWN = "Nothing known yet."
_N_CATEGORIES = 5
_N_CATEGORIES_SAID = 3
_N_TITLES = 3
_N_NUMBERS = ("n_interactions", "n_products", "n_comments", "n_follows")


@dataclass(frozen=True)
class Edges:
    """The follows of a day: every one that is known, and those that last."""

    every: DataFrame
    active: DataFrame


def user_profiles(
    affinity: DataFrame, comments: DataFrame, edges: Edges, previous: DataFrame, products: DataFrame, *, ds: str
) -> DataFrame:
    """Everybody who ever appeared, in the columns of gold.user_profiles.

    `affinity` is the day's snapshot; `comments` the new silver comments since `previous`, the profiles before (no rows
    where there are none); `products` the silver snapshot.
    """
    numbers = _numbers(affinity, comments, edges, previous)
    tastes = _tastes(affinity, products)
    joined = numbers.join(tastes, "user_key", "left")
    none = F.array().cast("array<string>")
    known = joined.withColumns(
        {"top_categories": F.coalesce("top_categories", none), "recent_titles": F.coalesce("recent_titles", none)}
    )
    worded = known.withColumn("text", profile_text(F.col("top_categories"), F.col("recent_titles")))
    return worded.withColumns({"text_hash": text_hash(F.col("text")), "ds": F.lit(ds)})


def profile_text(categories: Column, titles: Column) -> Column:
    """Such as `Likes books and toys. Recently interested in: Red kite, Blue kite.`"""
    said = F.slice(categories, 1, _N_CATEGORIES_SAID)
    listed = F.when(F.size(said) == 1, said[0]).otherwise(
        F.concat(F.array_join(F.slice(said, 1, F.size(said) - 1), ", "), F.lit(" and "), F.element_at(said, -1))
    )
    likes = F.when(F.size(said) > 0, F.concat(F.lit("Likes "), listed, F.lit(".")))
    recent = F.when(
        F.size(titles) > 0, F.concat(F.lit("Recently interested in: "), F.array_join(titles, ", "), F.lit("."))
    )
    text = F.concat_ws(" ", likes, recent)
    return F.when(text == "", _NOTHING_KNOWN).otherwise(text)


def _numbers(affinity: DataFrame, comments: DataFrame, edges: Edges, previous: DataFrame) -> DataFrame:
    """Sums of what each source says of a user: every source gives rows of the same shape, and one aggregation joins."""
    parts = [
        _part(
            affinity,
            "user_key",
            "last_event_ts",
            n_interactions=F.col("n_events"),
            n_products=(F.col("affinity_micros") > 0).cast("bigint"),
        ),
        _part(comments, "user_key", "created_ts", n_comments=F.lit(1)),
        _part(previous, "user_key", "last_active_ts", n_comments=F.col("n_comments")),
        _part(edges.active, "follower_key", None, n_follows=F.lit(1)),
        _part(edges.every, "follower_key", None),
        _part(edges.every, "followee_key", None),
    ]
    sums = [F.sum(name).alias(name) for name in _N_NUMBERS]
    return (
        reduce(DataFrame.unionByName, parts).groupBy(*_USER).agg(*sums, F.max("last_active_ts").alias("last_active_ts"))
    )


def _part(rows: DataFrame, user: str, time: str | None, **numbers: Column) -> DataFrame:
    counted = [numbers.get(name, F.lit(0)).cast("bigint").alias(name) for name in _N_NUMBERS]
    active = F.col(time) if time else F.lit(None).cast("timestamp")
    return rows.select("platform", F.col(user).alias("user_key"), *counted, active.alias("last_active_ts"))


def _tastes(affinity: DataFrame, products: DataFrame) -> DataFrame:
    """user_key, top_categories (by summed affinity, then name) and recent_titles (by time, affinity, product)."""
    described = products.select(
        "product_id", "title", F.when(F.trim("category") != "", F.col("category")).alias("category")
    )
    liked = affinity.where(F.col("affinity_micros") > 0).join(described, "product_id")
    recency = F.struct(
        (-F.unix_micros(F.coalesce("last_event_ts", F.lit(0).cast("timestamp")))).alias("age"),
        (-F.col("affinity_micros")).alias("dislike"),
        "product_id",
    )
    titles = liked.groupBy("user_key").agg(F.min_by("title", recency, _N_TITLES).alias("recent_titles"))
    by_category = liked.where(F.col("category").isNotNull()).groupBy("user_key", "category")
    sums = by_category.agg(F.sum("affinity_micros").alias("micros"))
    rank = F.struct((-F.col("micros")).alias("dislike"), "category")
    categories = sums.groupBy("user_key").agg(F.min_by("category", rank, _N_CATEGORIES).alias("top_categories"))
    return titles.join(categories, "user_key", "left")
