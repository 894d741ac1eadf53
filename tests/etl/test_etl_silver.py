"""Pseudonyms, duplicates, clean texts, catalogue and follows."""

import hashlib
import hmac
from datetime import datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from socialrec.contracts.bronze import BRONZE
from socialrec.contracts.silver import SILVER
from socialrec.contracts.vocabulary import Entity
from socialrec.etl.catalogue import merge_products
from socialrec.etl.duplicates import later_copies, superseded
from socialrec.etl.identity import Identity
from socialrec.etl.interactions import silver_interactions
from socialrec.etl.schemas import spark_schema
from socialrec.etl.social import active_follows, merge_follows
from socialrec.etl.wording import language, text_hash, with_clean_texts
from socialrec.settings import MaskSettings, PlatformSettings

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


def copies(spark: SparkSession, *rows: tuple[str, str, str, int]) -> set[tuple[int, bool]]:
    records = spark.createDataFrame(
        [(key, content, ds, "f", line) for key, content, ds, line in rows],
        "key string, content string, ds string, source_file string, source_line long",
    )
    return {(row.source_line, row.is_conflict) for row in later_copies(records, ["key"], ["content"], 7).collect()}


def test_a_record_that_repeats_on_the_same_or_the_next_day_is_a_copy(spark: SparkSession) -> None:
    found = copies(
        spark, ("a", "x", "2026-01-01", 1), ("a", "x", "2026-01-01", 2), ("a", "x", "2026-01-02", 3),
        ("b", "x", "2026-01-02", 4),
    )  # fmt: skip
    assert found == {(2, False), (3, False)}


def test_the_same_id_with_other_content_is_a_conflict_and_the_earliest_stays(spark: SparkSession) -> None:
    assert copies(spark, ("a", "x", "2026-01-01", 2), ("a", "y", "2026-01-01", 1)) == {(2, True)}


def test_beyond_the_window_an_id_may_come_again(spark: SparkSession) -> None:
    assert copies(spark, ("a", "x", "2026-01-01", 1), ("a", "x", "2026-01-08", 2)) == {(2, False)}
    assert copies(spark, ("a", "x", "2026-01-01", 1), ("a", "x", "2026-01-09", 2)) == set()


def test_only_the_latest_record_of_a_key_is_not_superseded(spark: SparkSession) -> None:
    records = spark.createDataFrame(
        [
            ("a", "2026-01-01", "f", 1),
            ("a", "2026-01-02", "f", 2),
            ("a", "2026-01-02", "f", 3),
            ("b", "2026-01-01", "f", 4),
        ],
        "key string, ds string, source_file string, source_line long",
    )
    assert {row.source_line for row in superseded(records, ["key"]).collect()} == {1, 2}


def test_an_event_of_an_earlier_day_is_late_and_an_undated_one_is_not(spark: SparkSession, identity: Identity) -> None:
    base = {"event_id": "e", "user_id": "ann", "product_id": "p", "event_type": "view", "platform": "shop"}
    times = [datetime(2026, 1, 1, 23, 59), datetime(2026, 1, 2), None]
    bronze = rows_of(
        spark, BRONZE[Entity.INTERACTIONS], *({**base, "event_ts": time, "ds": "2026-01-02"} for time in times)
    )
    rows = silver_interactions(bronze, identity, {}).collect()
    assert [row.is_late for row in rows] == [True, False, False]
    assert {(row.user_key, row.quantity) for row in rows} == {(pseudonym("ann"), 1.0)}


def test_an_event_is_late_by_its_platforms_clock(spark: SparkSession, identity: Identity) -> None:
    """The shop's day of 2 January in New York lasts from 05:00 to 05:00 in UTC."""
    base = {"event_id": "e", "user_id": "ann", "product_id": "p", "event_type": "view", "platform": "shop"}
    times = [datetime(2026, 1, 2, 4, 59), datetime(2026, 1, 2, 5), datetime(2026, 1, 3, 4, 59)]
    bronze = rows_of(
        spark, BRONZE[Entity.INTERACTIONS], *({**base, "event_ts": time, "ds": "2026-01-02"} for time in times)
    )
    zones = {"shop": PlatformSettings(time_zone="America/New_York")}
    assert [row.is_late for row in silver_interactions(bronze, identity, zones).collect()] == [True, False, False]


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
    found = frame.select(
        "text", language(F.col("text")).alias("code"), text_hash(F.col("text")).alias("hash")
    ).collect()
    assert {row.text: row.code for row in found} == texts
    assert all(row.hash == hashlib.sha256(row.text.encode()).hexdigest() for row in found)


def test_the_newest_valid_description_stands_in_the_catalogue(spark: SparkSession) -> None:
    old = {
        "product_id": "a", "title": "Old", "is_active": True, "updated_ts": datetime(2026, 1, 5), "text": "Old",
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
    merged = merge_products(
        rows_of(spark, SILVER[Entity.PRODUCTS], old),
        rows_of(spark, BRONZE[Entity.PRODUCTS], *intake),
        "2026-01-06",
        MaskSettings(),
    )
    newest = {row.product_id: row for row in merged.where("rank = 1").collect()}
    a, b = newest["a"], newest["b"]
    assert (a.title, a.text, a.first_seen_ds, a.is_active) == ("New", "New. toys. A kite", "2026-01-01", False)
    assert (b.title, b.first_seen_ds, b.is_active) == ("B again", "2026-01-06", True)
    assert merged.where("is_new and rank > 1").count() == 2


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
    edges = merge_follows(previous, intake, identity, "2026-01-02", is_first=False)
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
