"""User profiles: events and interests of each user, in numbers and in words to encode."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from socialrec.contracts.opinions import FAVOURABLE_RATING, LABEL_WORDS, UNFAVOURABLE_RATING, WORD_OR_SIGN
from socialrec.etl.wording.texts import text_hash

_USER = ("platform", "user_key")
_NOTHING_KNOWN = "No interests known yet."
_PARTS_TYPE = "array<struct<said:string,holds:boolean>>"
_N_CATEGORIES = 5
_N_CATEGORIES_SAID = 3
_N_TITLES = 3
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
    parts = ("categories", "interests", "commented", "labelled")
    known = known.withColumns({name: F.coalesce(name, F.array().cast(_PARTS_TYPE)) for name in parts})
    worded = known.withColumn("text", profile_text(*map(F.col, parts)))
    top = F.transform("categories", lambda part: part["said"])
    return worded.withColumns({"top_categories": top, "text_hash": text_hash(F.col("text")), "ds": F.lit(ds)})


def profile_text(categories: Column, interests: Column, commented: Column, labelled: Column) -> Column:
    """Profile in words, such as `Likes books and toys. Looks at tea. Last interested in: Red kite. Last commented on:
    Blue kite.`

    Each is a list of structs `said` (string) and `holds` (bool): whether the user likes a category, and whether an
    interest, a comment or a label has a date. Without dates the word "last" is not used.
    """
    named = F.slice(categories, 1, _N_CATEGORIES_SAID)
    sentences = [
        _sentence("Likes ", _listed(_said(named, holds=True))),
        _sentence("Looks at ", _listed(_said(named, holds=False))),
        _newest("interested in: ", interests),
        _newest("commented on: ", commented),
        _newest("wrote ", labelled),
    ]
    text = F.concat_ws(" ", *sentences)
    return F.when(text == "", _NOTHING_KNOWN).otherwise(text)


def _said(parts: Column, *, holds: bool) -> Column:
    chosen = F.filter(parts, lambda part: part["holds"] == F.lit(holds))
    return F.array_distinct(F.transform(chosen, lambda part: part["said"]))


def _listed(words: Column) -> Column:
    """List in words, such as `a, b and c`; empty for none."""
    several = F.concat(
        F.array_join(F.slice(words, 1, F.size(words) - 1), ", "), F.lit(" and "), F.element_at(words, -1)
    )
    return F.when(F.size(words) > 1, several).otherwise(F.array_join(words, ""))


def _sentence(begin: str, words: Column) -> Column:
    return F.when(words != "", F.concat(F.lit(begin), words, F.lit(".")))


def _newest(begin: str, parts: Column) -> Column:
    """Sentence of the dated parts as `Last …`; where none has a date of all parts, without that word."""
    dated, undated = (F.array_join(_said(parts, holds=holds), ", ") for holds in (True, False))
    return F.coalesce(_sentence(f"Last {begin}", dated), _sentence(begin.capitalize(), undated))


def _numbers(affinity: DataFrame, comments: DataFrame, edges: Edges) -> DataFrame:
    """Sum the counts of all sources: each gives rows of the same shape, and one aggregation joins them."""
    parts = [
        _part(
            affinity,
            "user_key",
            "last_event_ts",
            n_interactions=F.col("n_events"),
            n_products=(F.col("affinity_micros") > 0).cast("bigint"),
        ),
        _part(comments, "user_key", "created_ts", n_comments=F.lit(1)),
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


def _tastes(affinity: DataFrame, products: DataFrame, comments: DataFrame) -> DataFrame:
    """Interests by user: user_key, categories (by summed affinity, then name) and interests (by time, affinity,
    product).

    Products that the user returned or complained about are no interests.
    """
    liked = affinity.where(F.col("affinity_micros") > 0).join(_described(products), "product_id")
    order = F.struct(_age("last_event_ts"), (-F.col("affinity_micros")).alias("dislike"), "product_id")
    interest = _part_of(F.col("title"), F.col("last_event_ts").isNotNull())
    complaints = comments.where(F.col("rating") <= UNFAVOURABLE_RATING).select("user_key", "product_id").distinct()
    kept = liked.where(F.col("n_returns") == 0).join(complaints, ["user_key", "product_id"], "left_anti")
    interests = kept.groupBy("user_key").agg(F.min_by(interest, order, _N_TITLES).alias("interests"))
    is_fan = (F.col("n_favourable") > 0) & (F.col("n_returns") == 0)
    of_category = ["user_key", "category"]
    by_category = liked.where(F.col("category").isNotNull()).groupBy(*of_category)
    sums = by_category.agg(F.sum("affinity_micros").alias("micros"), F.count_if(is_fan).alias("n_fan"))
    sums = sums.join(_opinions(comments, products), of_category, "left")
    rank = F.struct((-F.col("micros")).alias("dislike"), "category")
    category = _part_of(F.col("category"), _is_liked())
    categories = sums.groupBy("user_key").agg(F.min_by(category, rank, _N_CATEGORIES).alias("categories"))
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
    by_product = said.groupBy("user_key", "is_label", "product_id", "title")
    last = by_product.agg(newest, F.max("created_ts").alias("created_ts"))
    title = F.when(F.col("is_label"), F.concat(F.lit('"'), "text", F.lit('" of '), "title")).otherwise(F.col("title"))
    part = _part_of(title, F.col("created_ts").isNotNull())
    order = F.struct(_age("created_ts"), "product_id")
    parts = last.groupBy("user_key", "is_label").agg(F.min_by(part, order, _N_TITLES).alias("parts"))
    return parts.groupBy("user_key").agg(
        F.max(F.when(~F.col("is_label"), F.col("parts"))).alias("commented"),
        F.max(F.when(F.col("is_label"), F.col("parts"))).alias("labelled"),
    )


def _is_label() -> Column:
    n_words = F.size(F.regexp_extract_all("text", F.lit(WORD_OR_SIGN), F.lit(0)))
    return F.col("rating").isNull() & F.col("parent_comment_id").isNull() & (n_words <= LABEL_WORDS)


def _described(products: DataFrame) -> DataFrame:
    category = F.when(F.trim("category") != "", F.col("category")).alias("category")
    return products.select("product_id", "title", category)


def _part_of(said: Column, holds: Column) -> Column:
    return F.struct(said.alias("said"), holds.alias("holds"))


def _age(time: str) -> Column:
    """Sort key, ascending from the newest; undated ones are the oldest."""
    return (-F.unix_micros(F.coalesce(time, F.lit(0).cast("timestamp")))).alias("age")
