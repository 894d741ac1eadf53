"""Follows and ties: who follows whom as of a day, who answers whom, and how strong each tie is."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from socialrec.etl.affinity import MICROS, decay_factor, decayed
from socialrec.etl.identity import Identity
from socialrec.settings import EtlSettings

FOLLOW_KEY = ("platform", "follower_id", "followee_id")
IS_NEW = "is_new"
_EDGE = ("follower_key", "followee_key")
_PAIR = ("platform", "low", "high")


def merge_follows(previous: DataFrame, newest: DataFrame, identity: Identity, ds: str, *, is_first: bool) -> DataFrame:
    """The edges of the previous snapshot, replaced by the newest record (bronze row) of each edge of the intake.

    Ended edges stay, with `until_ts`. Returns the columns of silver.follows plus `is_new` (bool: from the intake).
    """
    platform = F.col("platform")
    edges = newest.select(
        identity.user_key(platform, F.col("follower_id")).alias("follower_key"),
        identity.user_key(platform, F.col("followee_id")).alias("followee_key"),
        *("since_ts", "until_ts", "platform"),
        F.lit(True).alias(IS_NEW),
    )
    if not is_first:
        kept = previous.drop("ds").join(edges.select(*_EDGE), list(_EDGE), "left_anti")
        edges = edges.unionByName(kept.withColumn(IS_NEW, F.lit(False)))
    return edges.withColumn("ds", F.lit(ds))


def active_follows(follows: DataFrame, ds: str) -> DataFrame:
    """The edges that have begun by the end of the day and not ended by then."""
    midnight = F.date_add(F.lit(ds).cast("date"), 1).cast("timestamp")
    has_begun = F.col("since_ts").isNull() | (F.col("since_ts") < midnight)
    has_ended = F.col("until_ts") < midnight
    return follows.where(has_begun & ~F.coalesce(has_ended, F.lit(False)))


def replies(comments: DataFrame, after: str) -> DataFrame:
    """Replies to other users that became known after a landing day (the empty string: all of them).

    A reply becomes known when both it and the comment it answers have landed. Where a comment id was published twice,
    more than the duplicate window apart, the earlier one is answered. Returns platform, user_key, neighbour_key,
    reply_ts (may be null) and reply_day (date).
    """
    names = ("platform", "user_key", "parent_comment_id", "created_ts", "ds", "comment_id")
    answers = comments.where(F.col("parent_comment_id").isNotNull()).select(*names)
    parents = comments.select(
        F.col("comment_id").alias("parent_comment_id"),
        F.col("user_key").alias("neighbour_key"),
        F.col("ds").alias("parent_ds"),
    )
    new_answers = answers.where(F.col("ds") > after).join(parents, "parent_comment_id")
    found = new_answers
    if after:
        old_answers = answers.where(F.col("ds") <= after)
        found = found.unionByName(old_answers.join(parents.where(F.col("parent_ds") > after), "parent_comment_id"))
    return (
        found.groupBy("platform", "user_key", "comment_id", "ds", "created_ts")
        .agg(F.min_by("neighbour_key", F.struct("parent_ds", "neighbour_key")).alias("neighbour_key"))
        .where(F.col("user_key") != F.col("neighbour_key"))
        .select(
            "platform",
            "user_key",
            "neighbour_key",
            F.col("created_ts").alias("reply_ts"),
            F.coalesce(F.to_date("created_ts"), F.to_date("ds")).alias("reply_day"),
        )
    )


def reply_parts(new: DataFrame, previous: DataFrame, previous_ds: str | None, ds: str, half_life: float) -> DataFrame:
    """Decayed replies: those of the previous night's ties, aged by the days between, and the new ones by their own age.

    Returns platform, user_key, neighbour_key, replies_micros (int64), last_reply_ts; several rows a pair.
    """
    keys = ("platform", "user_key", "neighbour_key")
    today = F.lit(ds).cast("date")
    fresh = new.select(
        *keys,
        F.round(MICROS * decay_factor(F.datediff(today, "reply_day"), half_life))
        .cast("bigint")
        .alias("replies_micros"),
        F.col("reply_ts").alias("last_reply_ts"),
    )
    if previous_ds is None:
        return fresh
    age = (date.fromisoformat(ds) - date.fromisoformat(previous_ds)).days
    aged = previous.where(F.col("replies_micros") > 0).select(
        *keys, decayed(F.col("replies_micros"), age, half_life).alias("replies_micros"), "last_reply_ts"
    )
    return fresh.unionByName(aged)


def social_ties(
    follows: DataFrame, replied: DataFrame, affinity: DataFrame, ds: str, settings: EtlSettings
) -> DataFrame:
    """The ties of a day, in the columns of gold.social_ties, from active follows, reply parts and the day's affinity.

    Both directions of a pair meet in one row first, so that following back needs no join and what both like is
    compared once.
    """
    pairs = _pairs(follows, replied)
    interests = niche_interests(affinity, settings.co_interest_max_users)
    low = interests.select(F.col("user_key").alias("low"), F.col("products").alias("low_products"))
    high = interests.select(F.col("user_key").alias("high"), F.col("products").alias("high_products"))
    shared = F.size(F.array_intersect("low_products", "high_products"))
    compared = pairs.join(low, "low", "left").join(high, "high", "left")
    counted = compared.withColumn("n_co_interest", F.coalesce(shared, F.lit(0)).cast("bigint"))
    return _directed(counted, ds, settings)


def niche_interests(affinity: DataFrame, max_users: int) -> DataFrame:
    """user_key and `products` (array of 64-bit hashes): what each user likes but for what more than `max_users` like.

    Hashes are an eighth of the ids' weight; two of ten million products share one with a chance of 1 in 300,000.
    """
    liked = affinity.where(F.col("affinity_micros") > 0).select("user_key", F.xxhash64("product_id").alias("product"))
    hubs = liked.groupBy("product").agg(F.count(F.lit(1)).alias("n")).where(F.col("n") > max_users).select("product")
    niche = liked.join(F.broadcast(hubs), "product", "left_anti")
    return niche.groupBy("user_key").agg(F.collect_list("product").alias("products"))


def _pairs(follows: DataFrame, replied: DataFrame) -> DataFrame:
    """One row a pair of users, low key first, with what each direction holds (`up`: low to high, `down`: back)."""
    unset = F.lit(None).cast("timestamp")
    followed = follows.select(
        "platform", F.col("follower_key").alias("user"), F.col("followee_key").alias("other"), "since_ts",
        F.lit(True).alias("is_follow"), F.lit(0).cast("bigint").alias("replies_micros"), unset.alias("last_reply_ts"),
    )  # fmt: skip
    answered = replied.select(
        "platform", F.col("user_key").alias("user"), F.col("neighbour_key").alias("other"), unset.alias("since_ts"),
        F.lit(False).alias("is_follow"), "replies_micros", "last_reply_ts",
    )  # fmt: skip
    both = followed.unionByName(answered).withColumns(
        {"low": F.least("user", "other"), "high": F.greatest("user", "other"), "is_up": F.col("user") < F.col("other")}
    )
    parts = []
    for name, here in (("up", F.col("is_up")), ("down", ~F.col("is_up"))):
        parts += [
            F.max(F.when(here, F.col("is_follow")).otherwise(False)).alias(f"{name}_follow"),
            F.max(F.when(here, F.col("since_ts"))).alias(f"{name}_since"),
            F.sum(F.when(here, F.col("replies_micros")).otherwise(0)).alias(f"{name}_replies"),
            F.max(F.when(here, F.col("last_reply_ts"))).alias(f"{name}_last"),
        ]
    return both.groupBy(*_PAIR).agg(*parts)


def _directed(pairs: DataFrame, ds: str, settings: EtlSettings) -> DataFrame:
    """Two ties a pair, as each of the two sees it; directions with neither a follow nor a reply are no ties."""
    is_mutual = F.col("up_follow") & F.col("down_follow")
    directions = [
        F.struct(
            F.col(user).alias("user_key"), F.col(other).alias("neighbour_key"),
            F.col(f"{name}_follow").alias("is_follow"), F.col(f"{name}_since").alias("since_ts"),
            F.col(f"{name}_replies").alias("replies_micros"), F.col(f"{name}_last").alias("last_reply_ts"),
        )
        for name, user, other in (("up", "low", "high"), ("down", "high", "low"))
    ]  # fmt: skip
    tie = F.explode(F.array(*directions)).alias("tie")
    ties = pairs.select("platform", is_mutual.alias("is_mutual"), "n_co_interest", tie)
    flat = ties.select("tie.*", "is_mutual", "n_co_interest", "platform", F.lit(ds).alias("ds"))
    return flat.where(F.col("is_follow") | (F.col("replies_micros") > 0)).withColumn("strength", _strength(settings))


def _strength(settings: EtlSettings) -> Column:
    return (
        settings.follow_weight * F.col("is_follow").cast("double")
        + settings.mutual_weight * F.col("is_mutual").cast("double")
        + settings.reply_weight * F.log1p(F.col("replies_micros") / MICROS)
        + settings.co_interest_weight * F.log1p(F.col("n_co_interest").cast("double"))
    )
