"""Affinity, ties, profiles and texts."""

import math
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from socialrec.contracts.columns import Table
from socialrec.contracts.gold import ANSWERS, SOCIAL_TIES, TEXTS, USER_PRODUCT_AFFINITY
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_FOLLOWS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.contracts.vocabulary import Entity
from socialrec.display.messages.catalogue import messages_in
from socialrec.etl.gold.affinity import user_product_affinity
from socialrec.etl.gold.passages import attribute_said
from socialrec.etl.gold.profiles import Edges, user_profiles
from socialrec.etl.gold.questions import answered
from socialrec.etl.gold.texts import new_texts
from socialrec.etl.gold.ties import replied_pairs, replies, social_ties
from socialrec.etl.keys import Keys
from socialrec.etl.schemas import spark_schema
from socialrec.lake.schemas import arrow_schema
from socialrec.settings.etl import EtlSettings, PlatformSettings

SETTINGS = EtlSettings(affinity_half_life_days=10, reply_half_life_days=10)
DAY = "2026-01-11"


def rows_of(spark: SparkSession, table: Table, *rows: dict[str, Any]) -> DataFrame:
    schema = spark_schema(table)
    return spark.createDataFrame(
        [tuple({"platform": "shop", **row}.get(name) for name in schema.names) for row in rows], schema
    )


def event(day: int | None, **values: Any) -> dict[str, Any]:
    time = None if day is None else datetime(2026, 1, day, 9)
    landed = DAY if day is None else f"2026-01-{day:02d}"
    base = {"event_id": "e", "user_key": "ann", "product_id": "p", "event_type": "click", "quantity": 1.0}
    return {**base, "event_ts": time, "ds": landed, **values}


def affinity(spark: SparkSession, *events: dict[str, Any], ds: str = DAY) -> DataFrame:
    nothing = rows_of(spark, USER_PRODUCT_AFFINITY)
    return user_product_affinity(nothing, rows_of(spark, SILVER_INTERACTIONS, *events), ds, SETTINGS)


@pytest.mark.parametrize(
    ("events", "micros"),
    [
        ([event(11)], 1_000_000),
        ([event(1)], 500_000),  # one half-life ago
        ([event(None)], 1_000_000),  # no time: as of its landing day
        ([event(11, event_type="purchase"), event(11, event_type="return")], 0),
        ([event(11, quantity=math.e)], 2_000_000),
        ([event(11, quantity=1.0)], 1_000_000),
        ([event(11, quantity=0.5)], 500_000),
        ([event(11, quantity=0.02), event(11, quantity=0.0)], 20_000),
        ([event(11), event(1, ds=DAY)], 1_500_000),  # a late event is as old as it is
    ],
)
def test_events_weigh_by_type_amount_and_age(spark: SparkSession, events: list[dict[str, Any]], micros: int) -> None:
    [row] = affinity(spark, *events).collect()
    assert (row.affinity_micros, row.n_events) == (micros, sum(event["quantity"] > 0 for event in events))


def test_favourable_events_and_returns_are_counted(spark: SparkSession) -> None:
    kinds = ("view", "click", "like", "save", "share", "cart", "purchase", "return")
    [row] = affinity(spark, *(event(11, event_type=kind) for kind in kinds)).collect()
    assert (row.n_events, row.n_favourable, row.n_returns) == (8, 5, 1)


def as_snapshot(spark: SparkSession, rows: DataFrame, table: Table) -> DataFrame:
    """What a later night reads of it."""
    return rows_of(spark, table, *(row.asDict() for row in rows.select(*spark_schema(table).names).collect()))


@pytest.mark.parametrize("nights", [[5], [3, 5, 9], [4, 6, 7, 10]])
def test_whichever_nights_ran_before_the_sums_are_the_same_to_the_last_digit(
    spark: SparkSession, nights: list[int]
) -> None:
    kinds = ("view", "return")
    events = [event(day, event_type=kind, quantity=float(day)) for day in (3, 5, 9) for kind in kinds]
    whole = affinity(spark, *events).first()
    rolled, before = rows_of(spark, USER_PRODUCT_AFFINITY), ""
    for ds in (*(f"2026-01-{night:02d}" for night in nights), DAY):
        landed = rows_of(spark, SILVER_INTERACTIONS, *(e for e in events if before < e["ds"] <= ds))
        rolled = as_snapshot(spark, user_product_affinity(rolled, landed, ds, SETTINGS), USER_PRODUCT_AFFINITY)
        before = ds
    [row] = rolled.collect()
    assert row.asDict() == {**whole.asDict(), "settled_ds": "2026-01-09"}
    assert (row.n_events, row.n_favourable, row.n_returns, row.last_event_ts) == (6, 0, 3, datetime(2026, 1, 9, 9))


def test_a_sum_is_settled_on_the_days_that_add_to_it(spark: SparkSession) -> None:
    """A click of the first is worth half ten days later, when a like adds 2; ten more days halve both."""
    first = affinity(spark, event(1), ds="2026-01-01")
    assert [row.affinity_micros for row in first.collect()] == [1_000_000]
    today = rows_of(spark, SILVER_INTERACTIONS, event(11, event_type="like"))
    [row] = user_product_affinity(first, today, "2026-01-21", SETTINGS).collect()
    assert (row.settled_ds, row.settled_micros) == (date(2026, 1, 11), 2_500_000)
    assert (row.affinity_micros, row.n_events) == (1_250_000, 2)


def test_an_event_of_quantity_zero_did_not_happen(spark: SparkSession) -> None:
    assert affinity(spark, event(11, quantity=0.0, event_type="purchase")).count() == 0


def test_an_event_is_as_old_as_by_its_platforms_clock(spark: SparkSession) -> None:
    """Half past eight at night in Los Angeles is the next day in UTC; one in the morning in Tokyo the day before."""
    west, east = (PlatformSettings(time_zone=zone) for zone in ("America/Los_Angeles", "Asia/Tokyo"))
    settings = SETTINGS.model_copy(update={"platforms": {"west": west, "east": east}})
    moments = {"west": datetime(2026, 1, 12, 4, 30), "east": datetime(2026, 1, 10, 16), "shop": datetime(2026, 1, 1)}
    events = [event(11, platform=name, event_ts=moment) for name, moment in moments.items()]
    nothing = rows_of(spark, USER_PRODUCT_AFFINITY)
    found = user_product_affinity(nothing, rows_of(spark, SILVER_INTERACTIONS, *events), DAY, settings).collect()
    worth = {"west": 1_000_000, "east": 1_000_000, "shop": 500_000}
    assert {row.platform: row.affinity_micros for row in found} == worth


def test_a_reply_is_of_its_platforms_day_and_never_counts_more_than_once(spark: SparkSession) -> None:
    answer = comment("b", "bob", "a", 1) | {"created_ts": datetime(2026, 1, 2, 7)}
    comments = rows_of(spark, SILVER_COMMENTS, comment("a", "ann", None, 1), answer)
    for platforms, day in (({"shop": PlatformSettings(time_zone="America/Los_Angeles")}, 1), ({}, 2)):
        new = replies(comments, "", Keys(), platforms)
        assert [row.reply_day.day for row in new.collect()] == [day]
        [tie] = replied_pairs(new, rows_of(spark, SOCIAL_TIES), "2026-01-01", 10.0).collect()
        assert tie.replies_micros == 1_000_000


def comment(comment_id: str, user: str, parent: str | None, day: int) -> dict[str, Any]:
    return {
        "comment_id": comment_id, "user_key": user, "product_id": "p", "text": comment_id, "text_hash": comment_id,
        "language": "en", "parent_comment_id": parent, "created_ts": datetime(2026, 1, day, 8),
        "ds": f"2026-01-{day:02d}",
    }  # fmt: skip


def test_a_reply_counts_once_both_sides_have_landed(spark: SparkSession) -> None:
    comments = rows_of(
        spark, SILVER_COMMENTS, comment("c1", "ann", None, 1), comment("c2", "bob", "c1", 2),
        comment("c3", "ann", "c1", 2), comment("c4", "bob", "c5", 2), comment("c5", "ann", None, 3),
        comment("c6", "bob", "gone", 3),
    )  # fmt: skip

    def known(after: str) -> list[tuple[str, str, int]]:
        found = replies(comments, after, Keys(), {}).orderBy("reply_day", "reply_ts").collect()
        return [(row.user_key, row.neighbour_key, row.reply_day.day) for row in found]

    assert known("") == [("bob", "ann", 2)] * 2
    assert known("2026-01-02") == [("bob", "ann", 2)]  # c4: the comment it answers came on the third
    assert known("2026-01-03") == []


def test_a_reply_answers_the_comment_of_its_own_platform(spark: SparkSession) -> None:
    here, there = comment("c1", "ann", None, 1), comment("c1", "eve", None, 1) | {"platform": "app"}
    comments = rows_of(spark, SILVER_COMMENTS, here, there, comment("c2", "bob", "c1", 2))
    assert [row.neighbour_key for row in replies(comments, "", Keys(), {}).collect()] == ["ann"]
    alone = rows_of(spark, SILVER_COMMENTS, there, comment("c2", "bob", "c1", 2))
    assert replies(alone, "", Keys(), {}).count() == 0
    shared = Keys.sharing([Entity.COMMENTS])
    assert [row.neighbour_key for row in replies(alone, "", shared, {}).collect()] == ["eve"]


def test_replies_fade_and_roll_on(spark: SparkSession) -> None:
    new = replies(
        rows_of(spark, SILVER_COMMENTS, comment("a", "ann", None, 1), comment("b", "bob", "a", 1)), "", Keys(), {}
    )
    [first] = replied_pairs(new, rows_of(spark, SOCIAL_TIES), DAY, 10).collect()
    assert (first.settled_micros, first.replies_micros) == (1_000_000, 500_000)
    gone = {"user_key": "bob", "neighbour_key": "eve", "replies_micros": 0, "settled_ds": "2025-01-01"}
    before = {"user_key": "bob", "neighbour_key": "ann", "settled_ds": "2025-12-22", "settled_micros": 4_000_000}
    previous = rows_of(spark, SOCIAL_TIES, {**before, "replies_micros": 3_000_000}, gone)
    [rolled] = replied_pairs(new, previous, DAY, 10).collect()
    assert (rolled.settled_ds, rolled.settled_micros, rolled.replies_micros) == (date(2026, 1, 1), 3_000_000, 1_500_000)


def test_ties_join_follows_and_replies_in_both_directions(spark: SparkSession) -> None:
    since = datetime(2026, 1, 1)
    follows = rows_of(
        spark, SILVER_FOLLOWS,
        {"follower_key": "ann", "followee_key": "bob", "since_ts": since},
        {"follower_key": "bob", "followee_key": "ann"},
        {"follower_key": "ann", "followee_key": "cid"},
    )  # fmt: skip
    replied = spark.createDataFrame(
        [("shop", "cid", "ann", 2_000_000, date(2026, 1, 1), 4_000_000, since)],
        "platform string, user_key string, neighbour_key string, replies_micros long, settled_ds date, "
        "settled_micros long, last_reply_ts timestamp",
    )
    ties = {(row.user_key, row.neighbour_key): row for row in social_ties(follows, replied, DAY).collect()}
    assert set(ties) == {("ann", "bob"), ("bob", "ann"), ("ann", "cid"), ("cid", "ann")}
    mutual = ties["ann", "bob"]
    assert (mutual.is_follow, mutual.is_mutual, mutual.since_ts) == (True, True, since)
    assert ties["bob", "ann"].since_ts is None
    assert not ties["ann", "cid"].is_mutual
    answer = ties["cid", "ann"]
    assert (answer.is_follow, answer.is_mutual, answer.last_reply_ts) == (False, False, since)
    assert (answer.settled_ds, answer.settled_micros) == (date(2026, 1, 1), 4_000_000)
    assert answer.replies_micros == 2_000_000


def test_profiles_say_what_a_user_likes_and_count_what_was_done(spark: SparkSession) -> None:
    products = rows_of(
        spark, SILVER_PRODUCTS,
        *({"product_id": name, "title": name.upper(), "category": category}
          for name, category in [("a", "toys"), ("b", "books"), ("c", "books"), ("d", None), ("e", "tea")]),
    )  # fmt: skip
    interest = rows_of(
        spark, USER_PRODUCT_AFFINITY,
        *({"user_key": "ann", "product_id": name, "affinity_micros": micros, "n_events": 1,
           "n_favourable": int(name == "b"), "n_returns": 0, "last_event_ts": day and datetime(2026, 1, day)}
          for name, micros, day in [("a", 3, 2), ("b", 2, 3), ("c", 2, 4), ("d", 1, None), ("e", -1, 5)]),
    )  # fmt: skip
    comments = rows_of(spark, SILVER_COMMENTS, comment("c1", "bob", None, 6))
    follows = rows_of(spark, SILVER_FOLLOWS, {"follower_key": "cid", "followee_key": "dan"})
    profiles = profiles_of(interest, comments, products, follows)
    assert set(profiles) == {"ann", "bob", "cid", "dan"}
    ann = profiles["ann"]
    assert listed(ann.categories) == [("books", True), ("toys", False)]
    assert listed(ann.interests) == [("c", True), ("b", True), ("a", True)]
    assert (ann.n_interactions, ann.n_products, ann.language) == (5, 4, None)
    assert profiles["bob"].n_comments == 1
    assert (profiles["cid"].n_follows, profiles["dan"].n_follows) == (1, 0)
    assert [profiles["dan"][part] for part in ("categories", "interests", "commented", "labelled")] == [[]] * 4


def listed(parts: list[Row]) -> list[tuple[Any, ...]]:
    return [tuple(part) for part in parts]


def profiles_of(interest: DataFrame, comments: DataFrame, products: DataFrame, follows: DataFrame) -> dict[str, Row]:
    rows = user_profiles(interest, comments, Edges(follows, follows), products, ds=DAY).collect()
    return {row.user_key: row for row in rows}


def test_a_category_is_not_liked_against_complaints_or_comments_that_may_be_complaints(spark: SparkSession) -> None:
    """All bought a kite of the toys. One praises it, one complains, one writes without stars, one does all three."""
    products = rows_of(spark, SILVER_PRODUCTS, {"product_id": "p", "title": "Kite", "category": "toys"})
    users = {"fan": [5.0], "critic": [2.0], "writer": [None], "all": [5.0, 2.0, None], "often": [4.0, 5.0, 2.0]}
    bought = {"product_id": "p", "affinity_micros": 1, "n_events": 1, "n_favourable": 1, "n_returns": 0}
    interest = rows_of(spark, USER_PRODUCT_AFFINITY, *({"user_key": user, **bought} for user in users))
    said = [
        comment(f"{user}{n}", user, None, 6) | {"rating": stars, "text": "It has a long tail", "created_ts": None}
        for user, every in users.items()
        for n, stars in enumerate(every)
    ]
    comments, follows = rows_of(spark, SILVER_COMMENTS, *said), rows_of(spark, SILVER_FOLLOWS)
    profiles = profiles_of(interest, comments, products, follows)
    liked = {user: listed(profiles[user].categories) for user in users}
    assert {user: is_liked for user, [(_, is_liked)] in liked.items()} == {
        "fan": True, "critic": False, "writer": False, "all": False, "often": True,
    }  # fmt: skip
    assert [listed(profiles["fan"][part]) for part in ("interests", "commented")] == [[("p", False)]] * 2
    assert [listed(profiles["critic"][part]) for part in ("interests", "commented")] == [[], [("p", False)]]


def test_short_comments_without_stars_are_quoted_the_newest_of_each_product(spark: SparkSession) -> None:
    products = rows_of(
        spark, SILVER_PRODUCTS, {"product_id": "m", "title": "Muse"}, {"product_id": "a", "title": "Air"}
    )
    said = [("m", "rock", 2), ("m", "space rock", 4), ("a", "calm", 3), ("a", "These are four words", 5)]
    rows = [
        comment(f"c{n}", "ann", None, day) | {"product_id": product, "text": text}
        for n, (product, text, day) in enumerate(said)
    ]
    nothing, follows = rows_of(spark, USER_PRODUCT_AFFINITY), rows_of(spark, SILVER_FOLLOWS)
    profiles = profiles_of(nothing, rows_of(spark, SILVER_COMMENTS, *rows), products, follows)
    assert listed(profiles["ann"].commented) == [("a", True)]
    assert listed(profiles["ann"].labelled) == [("m", "space rock", True), ("a", "calm", True)]


def test_a_users_language_is_that_of_most_of_their_comments_whatever_others_write(spark: SparkSession) -> None:
    """Of languages that tie, the first code by the alphabet; texts that tell no language do not count."""
    written = {"ann": "zh zh en", "bob": "zh en", "cid": "und und und de", "dot": "und"}
    said = [
        comment(f"{user}{n}", user, None, 6) | {"language": code}
        for user, codes in written.items()
        for n, code in enumerate(codes.split())
    ]
    nothing, follows = rows_of(spark, USER_PRODUCT_AFFINITY), rows_of(spark, SILVER_FOLLOWS)
    profiles = profiles_of(nothing, rows_of(spark, SILVER_COMMENTS, *said), rows_of(spark, SILVER_PRODUCTS), follows)
    assert {user: profiles[user].language for user in written} == {"ann": "zh", "bob": "en", "cid": "de", "dot": None}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["The brand is 50% $1.", "The colour is probably red."]),
        ("zh", ["品牌是50% $1。", "颜色可能是red。"]),
    ],
)
def test_attributes_are_said_in_the_language_of_answers(spark: SparkSession, language: str, said: list[str]) -> None:
    known = [("brand", "50% $1", "stated"), ("colour", "red", "predicted"), ("size", "9", "guessed")]
    rows = spark.createDataFrame(known, "attribute string, value string, origin string")
    found = [row.said for row in rows.select(attribute_said(messages_in(language)).alias("said")).collect()]
    assert found == [*said, None]


def test_only_unknown_texts_are_new_and_a_shared_one_is_the_products(spark: SparkSession) -> None:
    products = rows_of(spark, SILVER_PRODUCTS, {"text": "This is it", "text_hash": "1"})
    comments = rows_of(
        spark, SILVER_COMMENTS, {"text": "This is it", "text_hash": "1", "language": "en"},
        {"text": "Gut", "text_hash": "2", "language": "de"}, {"text": "Gut", "text_hash": "2", "language": "de"},
        {"text": "seen", "text_hash": "3", "language": "en"},
    )  # fmt: skip
    known = rows_of(spark, TEXTS, {"text_hash": "3"})
    rows = new_texts(products, comments, known, DAY).orderBy("text_hash").collect()
    assert [(row.text_hash, row.kind, row.language, row.ds) for row in rows] == [
        ("1", "product", "en", DAY), ("2", "comment", "de", DAY),
    ]  # fmt: skip


def test_a_block_with_many_questions_is_answered_in_parts_each_with_all_its_passages(spark: SparkSession) -> None:
    asked = [("shop", f"q{number}", "category toys") for number in range(40)]
    questions = spark.createDataFrame(asked, "platform string, question_id string, block string")
    said = [("p1", "category toys"), ("p2", "category toys"), ("p3", "category shoes")]
    passages = spark.createDataFrame(said, "passage_id string, block string")
    names, schema = ("platform", "question_id"), arrow_schema(ANSWERS)

    def answer(asked: pa.Table, said: pa.Table) -> pa.Table:
        counts = {"answers_version": f"{asked.num_rows}", "text": ",".join(sorted(said["passage_id"].to_pylist()))}
        rows = [dict.fromkeys(schema.names) | row | counts for row in asked.select(names).to_pylist()]
        return pa.Table.from_pylist(rows, schema=schema)

    found = answered(questions, passages, answer, most=10).collect()
    assert sorted(row.question_id for row in found) == sorted(name for _, name, _ in asked)
    assert {row.text for row in found} == {"p1,p2"}
    # Four parts by a hash: none holds all forty.
    assert 10 <= max(int(row.answers_version) for row in found) < 20
