"""Social ties: follows and replies between users. Their strength is a feature: `features.ties.tie_strengths`."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from socialrec.contracts.vocabulary import Entity
from socialrec.etl.days import Platforms, local_day
from socialrec.etl.gold.decay import MICROS, SETTLED_DS, SETTLED_MICROS, carried, decay_factor, faded, settle
from socialrec.etl.keys import Keys

_PAIR = ("platform", "low", "high")
_REPLIED = ("replies_micros", SETTLED_DS, SETTLED_MICROS, "last_reply_ts")
_NOTHING: dict[str, bool | int] = {"is_follow": False, "replies_micros": 0, SETTLED_MICROS: 0}
"""Defaults of a direction without follow or replies."""


def replies(comments: DataFrame, after: str, keys: Keys, platforms: Platforms) -> DataFrame:
    """Replies to other users that became known after a landing day (the empty string: all of them).

    A reply becomes known when both it and the comment it answers have landed. Returns platform, user_key,
    neighbour_key, reply_ts (may be null), reply_day (date) and known_ds.
    """
    parent_of = {"comment_id": "parent_comment_id"}
    key = [parent_of.get(name, name) for name in keys.of(Entity.COMMENTS)]
    answers = comments.where(F.col("parent_comment_id").isNotNull())
    answers = answers.select("platform", "user_key", "parent_comment_id", "created_ts", "ds")
    parents = comments.select(
        *(F.col(name).alias(parent_of.get(name, name)) for name in keys.of(Entity.COMMENTS)),
        F.col("user_key").alias("neighbour_key"),
        F.col("ds").alias("parent_ds"),
    )
    maybe_new = answers.where(F.col("ds") > after)
    if after:
        landed = parents.where(F.col("parent_ds") > after)
        waiting = answers.where(F.col("ds") <= after).join(landed, key, "left_semi")
        maybe_new = maybe_new.unionByName(waiting)
    return (
        maybe_new.join(parents, key)
        .withColumn("known_ds", F.greatest("ds", "parent_ds"))
        .where((F.col("known_ds") > after) & (F.col("user_key") != F.col("neighbour_key")))
        .select(
            "platform",
            "user_key",
            "neighbour_key",
            F.col("created_ts").alias("reply_ts"),
            F.coalesce(local_day(F.col("created_ts"), platforms), F.to_date("ds")).alias("reply_day"),
            "known_ds",
        )
    )


def replied_pairs(new: DataFrame, previous: DataFrame, ds: str, half_life: float) -> DataFrame:
    """Decayed replies by pair on day `ds`, from an earlier night's ties (no rows: none) and the replies since.

    Returns platform, user_key, neighbour_key, settled_ds (date), settled_micros, last_reply_ts, replies_micros.
    """
    keys = ("platform", "user_key", "neighbour_key")
    age = F.greatest(F.datediff(F.to_date("known_ds"), "reply_day"), F.lit(0))
    fresh = new.select(
        *keys,
        F.to_date("known_ds").alias(SETTLED_DS),
        F.round(MICROS * decay_factor(age, half_life)).cast("bigint").alias(SETTLED_MICROS),
        F.col("reply_ts").alias("last_reply_ts"),
    )
    parts = fresh.unionByName(carried(previous.where(F.col("replies_micros") > 0), fresh.columns))
    settled = settle(parts, keys, half_life, last_reply_ts=F.max)
    now = faded(F.col(SETTLED_MICROS), F.col(SETTLED_DS), F.lit(ds).cast("date"), half_life)
    return settled.withColumn("replies_micros", now).where(F.col("replies_micros") > 0)


def social_ties(follows: DataFrame, replied: DataFrame, ds: str) -> DataFrame:
    """Compute the ties of a day, in the columns of gold.social_ties, from active follows and replied pairs.

    Both directions of a pair are first joined in one row, so that following back needs no join.
    """
    return _directed(_pairs(follows, replied), ds)


def _pairs(follows: DataFrame, replied: DataFrame) -> DataFrame:
    """One row per pair of users, low key first, with the values of both directions (prefix `up_`: low to high)."""
    followed = follows.select(
        "platform", F.col("follower_key").alias("user"), F.col("followee_key").alias("other"), "since_ts",
        F.lit(True).alias("is_follow"),
    )  # fmt: skip
    answered = replied.select(
        "platform", F.col("user_key").alias("user"), F.col("neighbour_key").alias("other"), *_REPLIED
    )
    both = followed.unionByName(answered, allowMissingColumns=True).withColumns(
        {"low": F.least("user", "other"), "high": F.greatest("user", "other"), "is_up": F.col("user") < F.col("other")}
    )
    # A direction has at most one row of each kind, so the maximum is the only value.
    ends = [
        F.max(F.when(here, F.col(name))).alias(f"{end}_{name}")
        for end, here in (("up", F.col("is_up")), ("down", ~F.col("is_up")))
        for name in ("is_follow", "since_ts", *_REPLIED)
    ]
    return (
        both.groupBy(*_PAIR)
        .agg(*ends)
        .fillna({f"{end}_{name}": nothing for end in ("up", "down") for name, nothing in _NOTHING.items()})
    )


def _directed(pairs: DataFrame, ds: str) -> DataFrame:
    """Two ties per pair, one for each user; directions with neither a follow nor a reply are no ties."""
    is_mutual = F.col("up_is_follow") & F.col("down_is_follow")
    directions = [
        F.struct(
            F.col(user).alias("user_key"), F.col(other).alias("neighbour_key"),
            *(F.col(f"{end}_{name}").alias(name) for name in ("is_follow", "since_ts", *_REPLIED)),
        )
        for end, user, other in (("up", "low", "high"), ("down", "high", "low"))
    ]  # fmt: skip
    ties = pairs.select("platform", is_mutual.alias("is_mutual"), F.explode(F.array(*directions)).alias("tie"))
    flat = ties.select("tie.*", "is_mutual", "platform", F.lit(ds).alias("ds"))
    return flat.where(F.col("is_follow") | (F.col("replies_micros") > 0))
