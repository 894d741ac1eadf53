"""A second night that keeps lists, as the real job makes it under Spark."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import SparkSession
from tiny_shop import DS, ENCODER_VERSION, LENGTH, N_USERS, call, user, write

from socialrec.contracts.columns import Table
from socialrec.contracts.flow import writes
from socialrec.contracts.gold import LIST_INPUTS, RECOMMENDATIONS, SOCIAL_TIES, USER_PRODUCT_AFFINITY, USER_PROFILES
from socialrec.contracts.silver import SILVER_PRODUCTS
from socialrec.lake import Lake
from socialrec.settings import Settings

NEXT, QUIET = "2026-04-01", "2026-04-02"
Rows = list[dict[str, Any]]


@pytest.fixture
def shop_that_keeps(shop: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The tiny shop, whose lists are good for a month."""
    monkeypatch.setenv("SOCIALREC_RECOMMEND__KEEP_LISTS_DAYS", "31")
    return shop


def score(shop: Settings, ds: str, run_id: str, *flags: str) -> dict[str, Any]:
    call(shop, "pin_models", run_id=run_id, ds=ds)
    call(shop, "build_features", "--encoder-version", ENCODER_VERSION, run_id=run_id, ds=ds)
    return call(shop, "score_recommendations", *flags, run_id=run_id, ds=ds)


def copy_night(lake: Lake, changed: dict[Table, Rows]) -> None:
    """The same evidence on the next day, a little faded, but for the tables given."""
    for table in (USER_PRODUCT_AFFINITY, SOCIAL_TIES, SILVER_PRODUCTS, USER_PROFILES):
        rows = changed.get(table) or lake.read(table, [DS]).to_pylist()
        faded = {"affinity_micros": 990_000} if table is USER_PRODUCT_AFFINITY else {}
        write(lake, table, NEXT, [{**row, **faded, "ds": NEXT} for row in rows])


def lists(lake: Lake, ds: str) -> dict[str, list[tuple[Any, ...]]]:
    rows = lake.read(RECOMMENDATIONS, [ds]).sort_by([("user_key", "ascending"), ("rank", "ascending")]).to_pylist()
    found: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows:
        found.setdefault(row["user_key"], []).append((row["product_id"], row["score"], row["reasons"], row["ds"]))
    return found


def test_only_who_acted_their_followers_and_whose_turn_it_is_get_new_lists(
    shop_that_keeps: Settings, spark: SparkSession
) -> None:
    lake = Lake(shop_that_keeps.lake)
    assert score(shop_that_keeps, DS, "first")["counts"]["kept"] == 0
    liked = lake.read(USER_PRODUCT_AFFINITY, [DS]).to_pylist()
    new = next(row for row in liked if row["user_key"] == user(5)) | {"product_id": "p00", "settled_ds": NEXT}
    copy_night(lake, {USER_PRODUCT_AFFINITY: [*liked, new]})
    receipt = score(shop_that_keeps, NEXT, "second")
    assert {*receipt["wrote"]} == {*writes("score_recommendations")}
    counts = receipt["counts"]
    made = {row["user_key"]: row["made_ds"] for row in lake.read(LIST_INPUTS, [NEXT]).to_pylist()}
    # User 3 follows user 5, and it is user 18's turn.
    fresh = {name for name, ds in made.items() if ds == NEXT}
    assert {user(3), user(5)} <= fresh
    assert fresh == {user(3), user(5), user(18)}
    assert len(fresh) < N_USERS / 2
    assert (counts["users"], counts["kept"]) == (N_USERS + 1, N_USERS + 1 - len(fresh))
    assert counts["published"] == (N_USERS + 1) * LENGTH
    before, after = lists(lake, DS), lists(lake, NEXT)
    assert set(after) == set(before)
    for name in set(after) - fresh:
        assert after[name] == [(*place[:-1], NEXT) for place in before[name]]
    assert not any(product == "p00" for product, *_ in after[user(5)])
    # Nothing changed since: the job has nothing to do.
    assert score(shop_that_keeps, NEXT, "again")["status"] == "up_to_date"


def test_a_night_on_which_nothing_happens_and_nobody_has_a_turn_keeps_every_list(
    shop_that_keeps: Settings, spark: SparkSession
) -> None:
    lake = Lake(shop_that_keeps.lake)
    score(shop_that_keeps, DS, "first")
    copy_night(lake, {})
    score(shop_that_keeps, NEXT, "quiet")
    for table in (USER_PRODUCT_AFFINITY, SOCIAL_TIES, SILVER_PRODUCTS, USER_PROFILES):
        write(lake, table, QUIET, [{**row, "ds": QUIET} for row in lake.read(table, [NEXT]).to_pylist()])
    counts = score(shop_that_keeps, QUIET, "quieter")["counts"]
    assert (counts["kept"], counts["published"]) == (N_USERS + 1, (N_USERS + 1) * LENGTH)
    before, after = lists(lake, NEXT), lists(lake, QUIET)
    assert after == {name: [(*place[:-1], QUIET) for place in places] for name, places in before.items()}


def test_a_product_that_is_no_longer_offered_leaves_every_list(shop_that_keeps: Settings, spark: SparkSession) -> None:
    lake = Lake(shop_that_keeps.lake)
    score(shop_that_keeps, DS, "first")
    listed = lists(lake, DS)
    gone = listed[user(0)][0][0]
    products = lake.read(SILVER_PRODUCTS, [DS]).to_pylist()
    copy_night(lake, {SILVER_PRODUCTS: [row | {"is_active": row["product_id"] != gone} for row in products]})
    counts = score(shop_that_keeps, NEXT, "third")["counts"]
    assert counts["kept"] > 0
    assert gone not in {product for places in lists(lake, NEXT).values() for product, *_ in places}


def test_a_sample_is_made_anew_and_a_dry_run_notes_nothing(shop_that_keeps: Settings, spark: SparkSession) -> None:
    score(shop_that_keeps, DS, "first")
    lake = Lake(shop_that_keeps.lake)
    before = lake.version(LIST_INPUTS)
    assert "kept" not in score(shop_that_keeps, DS, "sampled", "--sample", "0.5")["counts"]
    assert "kept" in score(shop_that_keeps, DS, "dry", "--dry-run")["counts"]
    assert lake.version(LIST_INPUTS) == before


def test_a_shop_that_keeps_no_lists_notes_nothing(shop: Settings, spark: SparkSession) -> None:
    lake = Lake(shop.lake)
    before = lake.version(LIST_INPUTS)
    counts = score(shop, DS, "anew")["counts"]
    assert (counts["users"], "kept" in counts, lake.version(LIST_INPUTS)) == (N_USERS + 1, False, before)


def test_products_that_landed_after_the_training_are_listed_and_published(shop: Settings, spark: SparkSession) -> None:
    lake = Lake(shop.lake)
    known = lake.read(SILVER_PRODUCTS, [DS]).to_pylist()
    new = [{**row, "product_id": f"new-{row['product_id']}"} for row in known[:10]]
    copy_night(lake, {SILVER_PRODUCTS: [*known, *new]})
    score(shop, NEXT, "new")
    listed = {place[0] for places in lists(lake, NEXT).values() for place in places}
    assert listed & {row["product_id"] for row in new}
    published = call(shop, "publish_recommendations", run_id="new", ds=NEXT)
    assert (published["status"], published["counts"]["users"]) == ("written", N_USERS + 1)
