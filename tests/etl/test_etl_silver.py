"""Pseudonyms, duplicates, clean texts, catalogue and follows."""

import hashlib
import hmac
from datetime import datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from socialrec.contracts.bronze import BRONZE, BRONZE_PICTURES
from socialrec.contracts.silver import SILVER
from socialrec.contracts.vocabulary import Entity
from socialrec.etl.duplicates import judge_repeats, said_again, superseded
from socialrec.etl.entities.follows import active_follows, merge_follows
from socialrec.etl.entities.interactions import silver_interactions
from socialrec.etl.entities.products import merge_products, with_pictures
from socialrec.etl.identity import Identity
from socialrec.etl.keys import Keys
from socialrec.etl.schemas import spark_schema
from socialrec.etl.wording.languages import language
from socialrec.etl.wording.texts import text_hash, with_clean_texts
from socialrec.settings.etl import MaskSettings, PlatformSettings

KEY = bytes(range(32))


def rows_of(spark: SparkSession, table: Any, *rows: dict[str, Any]) -> DataFrame:
    schema = spark_schema(table)
    return spark.createDataFrame([tuple(row.get(name) for name in schema.names) for row in rows], schema)


def pseudonym(user: str, platform: str = "shop") -> str:
    return hmac.new(KEY, f"{platform}:{user}".encode(), hashlib.sha256).hexdigest()


@pytest.fixture
def identity(spark: SparkSession) -> Identity:
    return Identity.of(spark, KEY)


def test_pseudonyms_are_the_hmac_of_platform_and_id(spark: SparkSession, identity: Identity) -> None:
    users = spark.createDataFrame([("shop", "ann"), ("app", "Żółć"), ("app", "x" * 200)], "platform string, id string")
    keyed = users.select("platform", "id", identity.user_key(F.col("platform"), F.col("id")).alias("key"))
    for row in keyed.collect():
        assert row.key == pseudonym(row.id, row.platform)


def test_the_key_shows_in_no_plan(spark: SparkSession, identity: Identity) -> None:
    users = spark.range(3).select(identity.user_key(F.lit("a"), F.col("id").cast("string")).alias("key"))
    plan = users._jdf.queryExecution().toString() + users._jdf.queryExecution().explainString(
        users._sc._jvm.org.apache.spark.sql.execution.ExplainMode.fromString("codegen")
    )
    block = KEY.ljust(64, b"\0")
    for pad in (0x36, 0x5C):
        padded = bytes(byte ^ pad for byte in block)
        assert padded.hex() not in plan.lower()
        assert padded[:8].decode("latin-1") not in plan
        assert ",".join(str(byte) for byte in padded[:4]) not in plan.replace(" ", "")


def verdicts(spark: SparkSession, *rows: tuple[str, str, str, int], time: str | None = None) -> dict[int, str | None]:
    """By line the verdict on records of (key, content, ds, line); a comment's owner is the first letter of its content,
    an event's is all of it."""
    records = spark.createDataFrame(
        [(key, content, content[0], ds, "f", line, None) for key, content, ds, line in rows],
        "key string, content string, owner string, ds string, source_file string, source_line long, ts timestamp",
    )
    owner, content = (["owner"], ["content"]) if time else (["content"], [])
    judged = judge_repeats(records, ["key"], owner, content, time)
    return {row.source_line: row.verdict for row in judged.collect()}


def test_a_record_that_comes_again_is_a_copy_whatever_its_age(spark: SparkSession) -> None:
    found = verdicts(
        spark, ("a", "x", "2026-01-01", 1), ("a", "x", "2026-01-01", 2), ("a", "x", "2026-11-02", 3),
        ("b", "x", "2026-01-02", 4),
    )  # fmt: skip
    assert found == {1: None, 2: "copy", 3: "copy", 4: None}


def test_the_same_id_with_other_content_is_a_conflict_and_the_earliest_stays(spark: SparkSession) -> None:
    found = verdicts(spark, ("a", "x", "2026-01-01", 2), ("a", "y", "2026-01-01", 1), ("a", "x", "2026-03-01", 3))
    assert found == {1: None, 2: "conflict", 3: "conflict"}


def test_an_undated_edit_replaces_what_landed_before_and_a_copy_of_the_old_version_changes_nothing(
    spark: SparkSession,
) -> None:
    rows = [("a", "x old", "2026-01-01", 1), ("a", "x new", "2026-03-01", 2), ("a", "x new", "2026-03-02", 3)]
    assert verdicts(spark, *rows, time="ts") == {1: "superseded", 2: None, 3: "copy"}
    # Who writes under another's id does not edit.
    assert verdicts(spark, *rows, ("a", "y", "2026-03-03", 4), time="ts")[4] == "conflict"


@pytest.mark.parametrize(
    ("times", "stays"),
    [
        ((5, 3), 1),  # newest first, as feeds are
        ((3, 5), 2),
        ((4, 4), 2),  # of equal times the later line
        ((None, 4), 2),
        ((4, None), 2),
        ((5, None, 4), 2),  # the undated one is as new as what it replaced
    ],
)
def test_the_time_column_says_which_version_of_a_comment_is_the_newest(
    spark: SparkSession, times: tuple[int | None, ...], stays: int
) -> None:
    records = spark.createDataFrame(
        [
            ("a", "ann", str(line), "2026-01-09", "f", line, datetime(2026, 1, day) if day else None)
            for line, day in enumerate(times, 1)
        ],
        "key string, owner string, text string, ds string, source_file string, source_line long, ts timestamp",
    )
    judged = judge_repeats(records, ["key"], ["owner"], ["text", "ts"], "ts").collect()
    assert [row.source_line for row in judged if row.verdict is None] == [stays]


def test_absent_values_are_told_from_their_neighbours(spark: SparkSession) -> None:
    records = spark.createDataFrame(
        [("a", "x", None, "2026-01-01", "f", 1), ("a", None, "x", "2026-01-01", "f", 2)],
        "key string, topic string, parent string, ds string, source_file string, source_line long",
    )
    judged = judge_repeats(records, ["key"], ["topic", "parent"], []).collect()
    assert {row.source_line: row.verdict for row in judged} == {1: None, 2: "conflict"}


def test_words_repeat_within_the_window_and_in_another_comment_alone(spark: SparkSession) -> None:
    said = [("c1", "2026-01-01", 1), ("c1", "2026-01-03", 2), ("c2", "2026-01-08", 3), ("c3", "2026-01-20", 4)]
    records = spark.createDataFrame(
        [("hello", name, ds, "f", line) for name, ds, line in said],
        "words string, id string, ds string, source_file string, source_line long",
    )
    assert {row.source_line for row in said_again(records, ["words"], ["id"], 7).collect()} == {3}


def test_only_the_newest_record_of_a_key_is_not_superseded(spark: SparkSession) -> None:
    records = spark.createDataFrame(
        [
            ("a", "2026-01-01", "f", 1, 9),
            ("a", "2026-01-02", "f", 2, None),
            ("a", "2026-01-02", "f", 3, 5),
            ("b", "2026-01-01", "f", 4, None),
            ("b", "2026-01-01", "f", 5, None),
        ],
        "key string, ds string, source_file string, source_line long, since long",
    )
    assert {row.source_line for row in superseded(records, ["key"], F.col("since")).collect()} == {2, 3, 4}


def test_an_event_of_an_earlier_day_is_late_and_an_undated_one_is_not(spark: SparkSession, identity: Identity) -> None:
    base = {"event_id": "e", "user_id": "ann", "product_id": "p", "event_type": "view", "platform": "shop"}
    times = [datetime(2026, 1, 1, 23, 59), datetime(2026, 1, 2), None]
    bronze = rows_of(
        spark, BRONZE[Entity.INTERACTIONS], *({**base, "event_ts": time, "ds": "2026-01-02"} for time in times)
    )
    rows = silver_interactions(bronze, identity, Keys(), {}).collect()
    assert [row.is_late for row in rows] == [True, False, False]
    assert {(row.user_key, row.quantity, row.product_id) for row in rows} == {(pseudonym("ann"), 1.0, "shop:p")}
    shared = silver_interactions(bronze, identity, Keys.sharing([Entity.PRODUCTS]), {}).collect()
    assert {row.product_id for row in shared} == {"p"}


def test_an_event_is_late_by_its_platforms_clock(spark: SparkSession, identity: Identity) -> None:
    """The shop's day of 2 January in New York lasts from 05:00 to 05:00 in UTC."""
    base = {"event_id": "e", "user_id": "ann", "product_id": "p", "event_type": "view", "platform": "shop"}
    times = [datetime(2026, 1, 2, 4, 59), datetime(2026, 1, 2, 5), datetime(2026, 1, 3, 4, 59)]
    bronze = rows_of(
        spark, BRONZE[Entity.INTERACTIONS], *({**base, "event_ts": time, "ds": "2026-01-02"} for time in times)
    )
    zones = {"shop": PlatformSettings(time_zone="America/New_York")}
    assert [row.is_late for row in silver_interactions(bronze, identity, Keys(), zones).collect()] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("landed", "cleaned"),
    [
        ("  A <b>fine</b>\t\nthing ", "A fine thing"),
        ("x<br/>y &amp; z &lt;3", "x y & z <3"),
        ("I <3 you > me", "I <3 you > me"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("zero\u200bwidth\u0007bell\u00a0space", "zerowidth bell space"),
        ("<script>alert('x')</script><!-- note --><p></p>", ""),
    ],
)
def test_texts_lose_markup_and_keep_words(spark: SparkSession, landed: str, cleaned: str) -> None:
    row = with_clean_texts(spark.createDataFrame([(landed,)], "text string"), {"text": MaskSettings()}).first()
    assert row.text == cleaned


def test_languages_are_told_by_script_and_function_words(spark: SparkSession) -> None:
    texts = {
        "This is the best one and I like it": "en", "Das ist nicht sehr gut und ich mag es": "de",
        "C'est très bien et je suis content avec ce produit": "fr", "Esto es muy bueno para mi y lo uso": "es",
        "Это хорошо": "ru", "とても良い": "ja", "很好": "zh", "Wow!!! 100%": "und",
    }  # fmt: skip
    frame = spark.createDataFrame([(text,) for text in texts], "text string")
    found = frame.select("text", language("text").alias("code"), text_hash(F.col("text")).alias("hash")).collect()
    assert {row.text: row.code for row in found} == texts
    assert all(row.hash == hashlib.sha256(row.text.encode()).hexdigest() for row in found)


def test_the_newest_valid_description_stands_in_the_catalogue(spark: SparkSession) -> None:
    old = {
        "product_id": "shop:a", "title": "Old", "is_active": True, "updated_ts": datetime(2026, 1, 5), "text": "Old",
        "text_hash": "h", "first_seen_ds": "2026-01-01", "platform": "shop", "ds": "2026-01-05",
    }  # fmt: skip
    landed = {"platform": "shop", "ds": "2026-01-06", "source_file": "f"}
    intake = [
        {**landed, "product_id": "a", "title": "Older", "updated_ts": datetime(2026, 1, 4), "source_line": 1},
        {**landed, "product_id": "a", "title": "New", "updated_ts": datetime(2026, 1, 6), "source_line": 2,
         "category": "toys", "description": "A <i>kite</i>", "is_active": False},
        {**landed, "product_id": "b", "title": "B", "source_line": 3},
        {**landed, "product_id": "b", "title": "B again", "source_line": 4},
    ]  # fmt: skip
    other = {**landed, "platform": "app", "product_id": "a", "title": "Another shop's", "source_line": 5}
    previous, landed_rows = rows_of(spark, SILVER[Entity.PRODUCTS], old), (*intake, other)
    new = with_pictures(rows_of(spark, BRONZE[Entity.PRODUCTS], *landed_rows), rows_of(spark, BRONZE_PICTURES), 8)
    merged = merge_products(previous, new, Keys(), "2026-01-06", MaskSettings())
    newest = {row.product_id: row for row in merged.where("is_newest").collect()}
    a, b = newest["shop:a"], newest["shop:b"]
    assert newest["app:a"].title == "Another shop's"
    assert (a.title, a.text, a.first_seen_ds, a.is_active) == ("New", "New. toys. A kite", "2026-01-01", False)
    assert (b.title, b.first_seen_ds, b.is_active) == ("B again", "2026-01-06", True)
    assert merged.where("is_new and not is_newest").count() == 2


def test_follows_are_replaced_by_newer_records_and_ended_ones_kept(spark: SparkSession, identity: Identity) -> None:
    previous = rows_of(
        spark, SILVER[Entity.FOLLOWS],
        *({"follower_key": pseudonym("ann"), "followee_key": pseudonym(name), "platform": "shop", "ds": "2026-01-01"}
          for name in ("bob", "cid")),
    )  # fmt: skip
    ended = datetime(2026, 1, 2, 12)
    intake = rows_of(
        spark, BRONZE[Entity.FOLLOWS],
        {"follower_id": "ann", "followee_id": "bob", "until_ts": ended, "platform": "shop", "ds": "2026-01-02"},
    )  # fmt: skip
    edges = merge_follows(previous, intake, identity, "2026-01-02", is_first=False).where("is_newest")
    assert {(row.followee_key, row.until_ts, row.is_new) for row in edges.collect()} == {
        (pseudonym("bob"), ended, True), (pseudonym("cid"), None, False),
    }  # fmt: skip
    assert [row.followee_key for row in active_follows(edges, "2026-01-02", {}).collect()] == [pseudonym("cid")]
    assert active_follows(edges, "2026-01-01", {}).count() == 2


def test_a_follow_begins_and_ends_on_its_platforms_days(spark: SparkSession) -> None:
    moment = datetime(2026, 1, 3, 2)
    edges = rows_of(
        spark, SILVER[Entity.FOLLOWS],
        {"follower_key": "a", "followee_key": "begun", "since_ts": moment, "platform": "shop", "ds": "2026-01-02"},
        {"follower_key": "a", "followee_key": "ended", "until_ts": moment, "platform": "shop", "ds": "2026-01-02"},
    )  # fmt: skip
    zones = {"shop": PlatformSettings(time_zone="America/New_York")}
    for platforms, known in (({}, ["ended"]), (zones, ["begun"])):
        assert [row.followee_key for row in active_follows(edges, "2026-01-02", platforms).collect()] == known


def test_a_record_of_a_follow_that_is_older_than_the_snapshots_changes_nothing(
    spark: SparkSession, identity: Identity
) -> None:
    edge = {"follower_key": pseudonym("ann"), "followee_key": pseudonym("bob"), "platform": "shop", "ds": "2026-01-01"}
    previous = rows_of(spark, SILVER[Entity.FOLLOWS], {**edge, "since_ts": datetime(2025, 6, 1)})
    landed = {"follower_id": "ann", "followee_id": "bob", "platform": "shop", "ds": "2026-01-02"}
    times: dict[str, tuple[dict[str, datetime], bool]] = {
        "an edge that ended before this one began": (
            {"since_ts": datetime(2024, 1, 1), "until_ts": datetime(2025, 1, 1)},
            False,
        ),
        "an unknown time": ({}, False),
        "the end of this edge": ({"until_ts": datetime(2026, 1, 1)}, True),
        "the same time, landed later": ({"since_ts": datetime(2025, 6, 1), "until_ts": datetime(2025, 7, 1)}, True),
    }  # fmt: skip
    for case, (said, replaces) in times.items():
        intake = rows_of(spark, BRONZE[Entity.FOLLOWS], {**landed, **said})
        rows = merge_follows(previous, intake, identity, "2026-01-02", is_first=False).collect()
        assert [row.is_new for row in rows if row.is_newest] == [replaces], case
        assert len(rows) == (1 if replaces else 2), case
