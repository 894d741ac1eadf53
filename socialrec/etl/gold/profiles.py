"""User profiles: events and interests of each user, in numbers and as evidence for sentences."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from socialrec.contracts.opinions import FAVOURABLE_RATING, LABEL_WORDS, UNFAVOURABLE_RATING, WORD_OR_SIGN
from socialrec.etl.wording.languages import UNKNOWN_LANGUAGE

_USER = ("platform", "user_key")
_PARTS = {
    "categories": "array<struct<category:string,is_liked:boolean>>",
    "interests": "array<struct<product_id:string,is_dated:boolean>>",
    "commented": "array<struct<product_id:string,is_dated:boolean>>",
    "labelled": "array<struct<product_id:string,text:string,is_dated:boolean>>",
}
_N_PARTS = 3
"""Most categories, and most products of each kind, in a profile."""
_N_NUMBERS = ("n_interactions", "n_products", "n_comments", "n_follows")


@dataclass(frozen=True)
class Edges:
    """Follows of a day: all known ones, and those that hold."""

    every: DataFrame
    active: DataFrame


def user_profiles(affinity: DataFrame, comments: DataFrame, edges: Edges, products: DataFrame, *, ds: str) -> DataFrame:
    """Profiles of all users ever seen, in the columns of gold.user_profiles.

    `affinity` is the day's snapshot; `comments` all silver comments up to the day; `products` the silver snapshot.
    """
    numbers = _numbers(affinity, comments, edges)
    known = numbers.join(_tastes(affinity, products, comments), "user_key", "left")
    known = known.join(_comments_said(comments, products), "user_key", "left")
    parts = {name: F.coalesce(name, F.array().cast(kind)) for name, kind in _PARTS.items()}
    return known.withColumns({**parts, "ds": F.lit(ds)})


def _numbers(affinity: DataFrame, comments: DataFrame, edges: Edges) -> DataFrame:
    """Sum the counts of all sources: each gives rows of the same shape, and one aggregation joins them."""
    parts = [
        _part(
            affinity,
            "user_key",
            n_interactions=F.col("n_events"),
            n_products=(F.col("affinity_micros") > 0).cast("bigint"),
        ),
        _part(comments, "user_key", F.nullif("language", F.lit(UNKNOWN_LANGUAGE)), n_comments=F.lit(1)),
        _part(edges.active, "follower_key", n_follows=F.lit(1)),
        _part(edges.every, "follower_key"),
        _part(edges.every, "followee_key"),
    ]
    sums = [F.sum(name).alias(name) for name in _N_NUMBERS]
    # Of languages that tie, the first code by the alphabet.
    language = F.mode("language", deterministic=True).alias("language")
    return reduce(DataFrame.unionByName, parts).groupBy(*_USER).agg(*sums, language)


def _part(rows: DataFrame, user: str, language: Column | None = None, **numbers: Column) -> DataFrame:
    counted = [numbers.get(name, F.lit(0)).cast("bigint").alias(name) for name in _N_NUMBERS]
    written = F.lit(None).cast("string") if language is None else language
    named = (F.col(user).alias("user_key"), written.alias("language"))
    return rows.select("platform", *named, *counted)


def _tastes(affinity: DataFrame, products: DataFrame, comments: DataFrame) -> DataFrame:
    """Interests by user: user_key, categories (by summed affinity, then name) and interests (by time, affinity,
    product).

    Products that the user returned or complained about are no interests.
    """
    liked = affinity.where(F.col("affinity_micros") > 0).join(_described(products), "product_id")
    order = F.struct(_age("last_event_ts"), (-F.col("affinity_micros")).alias("dislike"), "product_id")
    interest = _product(F.col("last_event_ts").isNotNull())
    complaints = comments.where(F.col("rating") <= UNFAVOURABLE_RATING).select("user_key", "product_id").distinct()
    kept = liked.where(F.col("n_returns") == 0).join(complaints, ["user_key", "product_id"], "left_anti")
    interests = kept.groupBy("user_key").agg(F.min_by(interest, order, _N_PARTS).alias("interests"))
    is_fan = (F.col("n_favourable") > 0) & (F.col("n_returns") == 0)
    of_category = ["user_key", "category"]
    by_category = liked.where(F.col("category").isNotNull()).groupBy(*of_category)
    sums = by_category.agg(F.sum("affinity_micros").alias("micros"), F.count_if(is_fan).alias("n_fan"))
    sums = sums.join(_opinions(comments, products), of_category, "left")
    rank = F.struct((-F.col("micros")).alias("dislike"), "category")
    category = F.struct("category", _is_liked().alias("is_liked"))
    categories = sums.groupBy("user_key").agg(F.min_by(category, rank, _N_PARTS).alias("categories"))
    return interests.join(categories, "user_key", "full")


def _is_liked() -> Column:
    """Check if a category is liked: a positive event or comment, fewer (possible) complaints, mean stars of at
    least 3.
    """
    n_good, n_doubtful = F.coalesce("n_good", F.lit(0)), F.coalesce("n_doubtful", F.lit(0))
    is_outvoted = ((n_doubtful > 0) & (n_good <= n_doubtful)) | (F.coalesce("above_middle", F.lit(0.0)) < 0)
    return ((F.col("n_fan") > 0) | (n_good > 0)) & ~is_outvoted


def _opinions(comments: DataFrame, products: DataFrame) -> DataFrame:
    """Counts of praises, of (possible) complaints, and the sum of stars above 3, by user and category."""
    rating = F.col("rating")
    is_doubtful = (rating <= UNFAVOURABLE_RATING) | (rating.isNull() & ~_is_label())
    said = comments.join(_described(products), "product_id").where(F.col("category").isNotNull())
    return said.groupBy("user_key", "category").agg(
        F.count_if(rating >= FAVOURABLE_RATING).alias("n_good"),
        F.count_if(is_doubtful).alias("n_doubtful"),
        F.sum(rating - 3).alias("above_middle"),
    )


def _comments_said(comments: DataFrame, products: DataFrame) -> DataFrame:
    """Newest comments and labels: user_key, commented and labelled, for each of the user's last products."""
    worded = comments.where(F.col("text") != "")
    said = worded.join(_described(products), "product_id").withColumn("is_label", _is_label())
    newest = F.max_by("text", F.struct("created_ts", "comment_id")).alias("text")
    last = said.groupBy("user_key", "is_label", "product_id").agg(newest, F.max("created_ts").alias("created_ts"))
    is_dated, order = F.col("created_ts").isNotNull(), F.struct(_age("created_ts"), "product_id")
    comment, label = _product(is_dated), _product(is_dated, "text")
    return last.groupBy("user_key").agg(
        *(
            F.min_by(part, F.when(is_one, order), _N_PARTS).alias(name)
            for name, part, is_one in (
                ("commented", comment, ~F.col("is_label")),
                ("labelled", label, F.col("is_label")),
            )
        )
    )


def _is_label() -> Column:
    n_words = F.size(F.regexp_extract_all("text", F.lit(WORD_OR_SIGN), F.lit(0)))
    return F.col("rating").isNull() & F.col("parent_comment_id").isNull() & (n_words <= LABEL_WORDS)


def _described(products: DataFrame) -> DataFrame:
    category = F.when(F.trim("category") != "", F.col("category")).alias("category")
    return products.select("product_id", category)


def _product(is_dated: Column, *more: str) -> Column:
    return F.struct("product_id", *more, is_dated.alias("is_dated"))


def _age(time: str) -> Column:
    """Sort key, ascending from the newest; undated ones are the oldest."""
    return (-F.unix_micros(F.coalesce(time, F.lit(0).cast("timestamp")))).alias("age")
