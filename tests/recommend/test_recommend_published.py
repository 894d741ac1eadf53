"""Published lists as people read them: products by title, reasons as sentences, users by the id they landed with."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from socialrec.contracts.columns import Table
from socialrec.contracts.gold import RECOMMENDATIONS, USER_PROFILES
from socialrec.contracts.silver import SILVER_PRODUCTS
from socialrec.contracts.vocabulary import ReasonKind
from socialrec.display.messages.catalogue import AUTO, messages_in
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.privacy.pseudonyms import identity_key, pseudonym
from socialrec.recommend.explain.reason import make_reason
from socialrec.recommend.lists.product_labels import product_ids_of, tell_apart
from socialrec.recommend.lists.published import (
    list_document,
    published_day,
    read_lists,
    typical_users,
    user_keys_of,
)
from socialrec.recommend.lists.readers import Readers
from socialrec.settings import Settings

D1, D2 = "2026-01-01", "2026-01-02"
TITLES = {"p1": "Red kite", "p2": "Blue boat"}
POPULAR = make_reason(ReasonKind.POPULAR, share=1.0)


def write(lake: Lake, table: Table, ds: str, *rows: dict[str, Any]) -> None:
    filled = [{column.name: {**row, "ds": ds}.get(column.name) for column in table.columns} for row in rows]
    with lake.stage(table, job="test", partitions=[ds]) as stage:
        stage.write(pa.Table.from_pylist(filled, schema=arrow_schema(table)))
        stage.commit()


def profile(user_key: str, platform: str = "shop", **more: Any) -> dict[str, Any]:
    zeros = dict.fromkeys(("n_interactions", "n_products", "n_comments", "n_follows"), 0)
    likes = [{"category": user_key[:3], "is_liked": True}]
    parts: dict[str, Any] = {"categories": likes, "interests": [], "commented": [], "labelled": []}
    return {"user_key": user_key, "platform": platform, **zeros, **parts, **more}


def place(user_key: str, rank: int, product_id: str, *reasons: dict[str, Any]) -> dict[str, Any]:
    made_by = {"recommender_version": "3", "model_kind": "trained", "encoder_version": "mini-1", "platform": "shop"}
    listed = {"user_key": user_key, "rank": rank, "product_id": product_id, "score": 1 / rank}
    return {**listed, "reasons": list(reasons) or [POPULAR], **made_by}


def write_products(lake: Lake, ds: str, titles: dict[str, str]) -> None:
    same = {"text": "", "text_hash": "h", "is_active": True, "first_seen_ds": ds, "platform": "shop"}
    products = [{"product_id": product, "title": title, **same} for product, title in titles.items()]
    write(lake, SILVER_PRODUCTS, ds, *products)


@pytest.mark.parametrize(
    ("facts", "titles"),
    [
        ([("Kite", "Ace", 900), ("Boat", "Ace", 900)], ["Kite", "Boat"]),
        ([("Kite", "Ace", 900), ("Kite", "Bay", 900)], ["Kite (Ace)", "Kite (Bay)"]),
        ([("Kite", "Ace", 900), ("Kite", "Ace", 1050)], ["Kite (€9.00)", "Kite (€10.50)"]),
        ([("Kite", "Ace", None), ("Kite", None, 900)], ["Kite (p0)", "Kite (p1)"]),
        ([("Kite", "Ace", 1), ("Kite", "Ace", 2), ("Kite", "Bay", 1)], ["Kite (p0)", "Kite (p1)", "Kite (p2)"]),
    ],
)
def test_products_of_one_title_are_told_apart_by_brand_or_price_or_else_by_id(
    facts: list[tuple[str, str | None, int | None]], titles: list[str]
) -> None:
    rows = [
        {
            "product_id": f"shop:p{n}", "title": title, "brand": brand, "price_cents": price, "currency": "EUR",
            "platform": "shop",
        }
        for n, (title, brand, price) in enumerate(facts)
    ]  # fmt: skip
    assert list(tell_apart(rows, messages_in("en")).values()) == titles


def test_products_that_differ_in_their_platform_alone_are_told_apart_by_it() -> None:
    alike = {"title": "Kite", "brand": None, "price_cents": None, "currency": None}
    rows = [{**alike, "product_id": f"{platform}:1", "platform": platform} for platform in ("north", "south")]
    assert list(tell_apart(rows, messages_in("en")).values()) == ["Kite (north:1)", "Kite (south:1)"]


def test_a_product_is_found_by_its_sources_id_on_every_platform_that_has_it(lake: Lake) -> None:
    write_products(lake, D1, {"shop:1": "Red kite", "shop:2": "Blue boat"})
    assert product_ids_of(lake, D1, "1") == {"shop": "shop:1"}
    assert product_ids_of(lake, D1, "shop:2") == {"shop": "shop:2"}
    assert product_ids_of(lake, D1, "3") == {}


def test_lists_show_the_sources_ids(lake: Lake) -> None:
    write_products(lake, D1, {"shop:p1": "Red kite"})
    write(lake, USER_PROFILES, D1, profile("ann"))
    write(lake, RECOMMENDATIONS, D1, place("ann", 1, "shop:p1"))
    [found] = read_lists(lake, D1, ["ann"], AUTO)
    assert [shown.product_id for shown in found.places] == ["p1"]


def test_a_list_tells_its_products_of_one_title_apart(lake: Lake) -> None:
    write_products(lake, D1, {"p1": "Red kite", "p2": "Red kite"})
    write(lake, USER_PROFILES, D1, profile("ann"))
    write(lake, RECOMMENDATIONS, D1, place("ann", 1, "p1"), place("ann", 2, "p2"))
    [found] = read_lists(lake, D1, ["ann"], AUTO)
    assert [shown.title for shown in found.places] == ["Red kite (p1)", "Red kite (p2)"]


def test_without_a_day_the_newest_lists_are_shown(lake: Lake) -> None:
    for ds in (D2, D1):
        write(lake, RECOMMENDATIONS, ds, place("ann", 1, "p1"))
    assert published_day(lake) == D2
    assert published_day(lake, D1) == D1


def test_a_day_without_lists_is_named_with_the_newest_that_has_some(lake: Lake) -> None:
    with pytest.raises(UserError, match="nothing was published yet: run `make run` first"):
        published_day(lake)
    write(lake, RECOMMENDATIONS, D1, place("ann", 1, "p1"))
    with pytest.raises(UserError, match=f"nothing was published for {D2}; the newest day with lists is {D1}"):
        published_day(lake, D2)


def test_a_user_is_found_by_the_id_it_landed_with_on_every_platform_that_has_it(lake: Lake, settings: Settings) -> None:
    key = identity_key(settings.secrets)
    shop, app, other = (pseudonym(key, *user) for user in (("shop", "7"), ("app", "7"), ("app", "8")))
    write(lake, USER_PROFILES, D1, profile(shop), profile(app, "app"), profile(other, "app"))
    assert user_keys_of("7", lake, settings, D1) == sorted([shop, app])
    assert user_keys_of("8", lake, settings, D1) == [other]
    assert user_keys_of(other, lake, settings, D1) == [other]


def test_an_unknown_user_is_named(lake: Lake, settings: Settings) -> None:
    write(lake, USER_PROFILES, D1, profile("a" * 64))
    for user in ("nobody", "b" * 64):
        with pytest.raises(UserError, match=f"no user '{user}' on {D1}"):
            user_keys_of(user, lake, settings, D1)


def test_a_user_is_found_by_the_short_key_that_pages_show(lake: Lake, settings: Settings) -> None:
    keys = ["0a1b2c3d" + "4" * 56, "0a1b2c3d" + "5" * 56, "ffffffff" + "6" * 56]
    write(lake, USER_PROFILES, D1, *map(profile, keys))
    assert user_keys_of("ffffffff", lake, settings, D1) == [keys[2]]
    assert user_keys_of("FFFFFFFF66", lake, settings, D1) == [keys[2]]
    assert user_keys_of("0a1b2c3d5", lake, settings, D1) == [keys[1]]
    with pytest.raises(
        UserError, match="2 users' keys begin with 0a1b2c3d: give more digits, 0a1b2c3d44 or 0a1b2c3d55"
    ):
        user_keys_of("0a1b2c3d", lake, settings, D1)
    for too_short_or_unknown in ("fffffff", "eeeeeeee"):
        with pytest.raises(UserError, match=f"no user '{too_short_or_unknown}' on {D1}"):
            user_keys_of(too_short_or_unknown, lake, settings, D1)


def test_longer_keys_are_long_enough_to_be_told_apart(lake: Lake, settings: Settings) -> None:
    write(lake, USER_PROFILES, D1, *(profile("a" * 63 + digit) for digit in "12"))
    with pytest.raises(UserError, match=f"give more digits, {'a' * 63}1 or {'a' * 63}2$"):
        user_keys_of("aaaaaaaa", lake, settings, D1)


def test_an_id_as_it_landed_comes_before_a_key_that_begins_the_same(lake: Lake, settings: Settings) -> None:
    landed = pseudonym(identity_key(settings.secrets), "shop", "12345678")
    write(lake, USER_PROFILES, D1, profile(landed), profile("12345678" + "0" * 56))
    assert user_keys_of("12345678", lake, settings, D1) == [landed]


def test_a_list_for_programs_keeps_reasons_structured_and_is_as_long_as_asked_for(lake: Lake) -> None:
    write_products(lake, D1, TITLES)
    write(lake, USER_PROFILES, D1, profile("ann"))
    because = make_reason(ReasonKind.BECAUSE_YOU, share=0.75, products=["p1"])
    write(lake, RECOMMENDATIONS, D1, place("ann", 1, "p2", because), place("ann", 2, "p9"))
    [found] = read_lists(lake, D1, ["ann"], AUTO)
    document = list_document(found, 1)
    assert (document["user_key"], document["recommender_version"]) == ("ann", "3")
    [listed] = document["places"]
    assert (listed["rank"], listed["product_id"], listed["title"]) == (1, "p2", "Blue boat")
    assert listed["reasons"] == [{"text": "because of Red kite", **because}]
    assert len(list_document(found, 20)["places"]) == 2


def test_a_list_is_read_in_order_of_rank_with_titles_and_versions(lake: Lake) -> None:
    write_products(lake, D1, TITLES)
    write(lake, USER_PROFILES, D1, profile("ann"), profile("bob"))
    because = make_reason(ReasonKind.BECAUSE_YOU, share=1.0, products=["p1"])
    rows = [place("bob", 1, "p1"), place("ann", 2, "p9"), place("ann", 1, "p2", because, POPULAR)]
    write(lake, RECOMMENDATIONS, D1, *rows)
    bob, ann = read_lists(lake, D1, ["bob", "ann"], AUTO)
    assert (bob.user_key, [found.title for found in bob.places]) == ("bob", ["Red kite"])
    assert (ann.profile, ann.ds, ann.recommender_version, ann.encoder_version) == ("Likes ann.", D1, "3", "mini-1")
    assert [(found.rank, found.product_id, found.title) for found in ann.places] == [
        (1, "p2", "Blue boat"),
        (2, "p9", "p9"),
    ]
    assert ann.places[0].reasons == ("because of Red kite", "popular with everyone")


def test_titles_and_lists_are_those_of_the_day(lake: Lake) -> None:
    for ds, title in ((D1, "Old name"), (D2, "New name")):
        write_products(lake, ds, {"p1": title})
        write(lake, USER_PROFILES, ds, profile("ann"))
        write(lake, RECOMMENDATIONS, ds, place("ann", 1, "p1"))
    [found] = read_lists(lake, D1, ["ann"], AUTO)
    assert [shown.title for shown in found.places] == ["Old name"]


def test_the_users_shown_after_a_night_differ_in_what_is_known_of_them(lake: Lake) -> None:
    write(
        lake,
        USER_PROFILES,
        D1,
        profile("a-nobody"),
        profile("b-alone", n_interactions=4),
        profile("c-known", n_interactions=4, n_follows=2),
        profile("d-known", n_interactions=9, n_follows=2),
        profile("e-tied", n_follows=1),
    )
    assert typical_users(lake, D1) == ["c-known", "e-tied", "a-nobody"]


def test_where_nobody_is_of_a_kind_fewer_users_are_shown(lake: Lake) -> None:
    write(lake, USER_PROFILES, D1, profile("known", n_interactions=4, n_follows=2))
    assert typical_users(lake, D1) == ["known"]


def test_in_a_shop_without_ties_somebody_who_acted_is_shown(lake: Lake) -> None:
    write(lake, USER_PROFILES, D1, profile("a-nobody"), profile("b-known", n_interactions=4))
    assert typical_users(lake, D1) == ["b-known", "a-nobody"]


SHOP_OF_THREE = {"ann": "zh", "bob": None, "cid": "de", "dot": "zh"}
"""Users by the language of most of their comments; there are no messages in German."""


@pytest.mark.parametrize(
    ("setting", "languages"),
    [
        ("auto", {"ann": "zh", "bob": "zh", "cid": "zh", "dot": "zh"}),  # the others read what most users write
        ("en", dict.fromkeys(SHOP_OF_THREE, "en")),
    ],
)
def test_a_user_reads_what_they_write_or_what_most_users_write_or_what_is_set(
    lake: Lake, setting: str, languages: dict[str, str]
) -> None:
    write_products(lake, D1, TITLES)
    write(lake, USER_PROFILES, D1, *(profile(user, language=code) for user, code in SHOP_OF_THREE.items()))
    write(lake, RECOMMENDATIONS, D1, *(place(user, 1, "p1") for user in SHOP_OF_THREE))
    found = read_lists(lake, D1, [*SHOP_OF_THREE], setting)
    assert {one.user_key: one.language for one in found} == languages
    said = {"en": ("popular with everyone", "Likes ann."), "zh": ("热门商品，很受大家欢迎", "喜欢ann。")}
    assert (found[0].places[0].why, found[0].profile) == said[languages["ann"]]


def test_of_languages_that_as_many_users_write_the_first_by_the_alphabet_is_the_shops(lake: Lake) -> None:
    write(lake, USER_PROFILES, D1, profile("ann", language="zh"), profile("bob", language="en"), profile("cid"))
    write(lake, USER_PROFILES, D2, profile("ann", "app", language="zh"), profile("bob", language="en"))
    assert Readers.of_day(lake, D1, AUTO).language("shop", None) == "en"
    readers = Readers.of_day(lake, D2, AUTO)
    assert [readers.language(platform, None) for platform in ("app", "shop", "other")] == ["zh", "en", "en"]
