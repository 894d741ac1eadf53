"""Reasons and profiles as sentences, in English and in Chinese."""

from __future__ import annotations

from typing import Any

import pytest

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.display.messages.catalogue import messages_in
from socialrec.recommend.explain.reason import make_reason
from socialrec.recommend.explain.sentences import ASPECT_NAMES, describe, describe_profile
from socialrec.settings.aspects import ASPECTS

TITLES = {"p1": "Red kite", "p2": "Blue boat", "p3": "红色风筝"}
ANN, BOB = "a" * 64, "b" * 64
ENGLISH, CHINESE = messages_in("en"), messages_in("zh")


@pytest.mark.parametrize(
    ("kind", "named", "english", "chinese"),
    [
        ("because_you", {"products": ["p1", "p2"]}, "because of Red kite and Blue boat",
         "因为你对“Red kite”和“Blue boat”感兴趣"),
        ("because_you", {"products": ["p9", "p3", "p1"]}, "because of p9, 红色风筝 and Red kite",
         "因为你对“p9”、“红色风筝”和“Red kite”感兴趣"),
        ("looks_like", {"products": ["p1", "p3"]}, "looks like Red kite and 红色风筝",
         "外观与“Red kite”和“红色风筝”相似"),
        ("friends", {"is_followed": True}, "liked by somebody you follow", "有你关注的人喜欢它"),
        ("friends", {}, "liked by somebody you follow or answered", "有你关注或回复过的人喜欢它"),
        ("friends", {"friends": ["abcdefgh01"], "is_followed": True}, "liked by 1 person you follow (abcdefgh)",
         "你关注的1个人喜欢它（abcdefgh）"),
        ("friends", {"friends": [ANN, BOB], "quote": "很软！"},
         "liked by 2 people you follow or answered (aaaaaaaa and bbbbbbbb) (“很软！”)",
         "你关注或回复过的2个人喜欢它（aaaaaaaa和bbbbbbbb）（“很软！”）"),
        ("looked_at", {"is_followed": True}, "looked at by somebody you follow", "有你关注的人看过它"),
        ("looked_at", {}, "looked at by somebody you follow or answered", "有你关注或回复过的人看过它"),
        ("looked_at", {"friends": [ANN, BOB], "is_followed": True},
         "looked at by 2 people you follow (aaaaaaaa and bbbbbbbb)", "你关注的2个人看过它（aaaaaaaa和bbbbbbbb）"),
        ("looked_at", {"friends": [ANN, BOB]},
         "looked at by 2 people you follow or answered (aaaaaaaa and bbbbbbbb)",
         "你关注或回复过的2个人看过它（aaaaaaaa和bbbbbbbb）"),
        ("words", {"words": ["sturdy", "red"], "quote": "So sturdy!"},
         "in your words: sturdy and red (“So sturdy!”)", "用你的话说：sturdy和red（“So sturdy!”）"),
        ("praised", {"words": ["price", "size"], "quote": "Fits."},
         "praised for price and size, as you care for it (“Fits.”)", "你看重价格和尺寸，它在这方面口碑很好（“Fits.”）"),
        ("praised", {"words": ["the shop's {own}"]}, "praised for the shop's {own}, as you care for it",
         "你看重the shop's {own}，它在这方面口碑很好"),
        ("about", {"words": ["结实", "红色"]}, "about: 结实 and 红色", "和你感兴趣的商品有共同点：结实和红色"),
        ("category", {"words": ["玩具"]}, "popular in 玩具", "“玩具”分类的热门商品"),
        ("category", {"words": ["price"]}, "popular in price", "“price”分类的热门商品"),
        ("popular", {}, "popular with everyone", "热门商品，很受大家欢迎"),
        ("few", {}, "known to few people so far", "小众商品，知道的人还不多"),
        ("new", {}, "new here: nobody has looked at it yet", "新上架，还没有人看过"),
    ],
)  # fmt: skip
def test_a_reason_is_a_sentence_in_the_language_of_its_reader(
    kind: str, named: dict[str, Any], english: str, chinese: str
) -> None:
    reason = make_reason(ReasonKind(kind), **named)
    assert [describe(reason, TITLES, messages) for messages in (ENGLISH, CHINESE)] == [english, chinese]


def test_people_are_counted_where_the_shop_names_them_itself() -> None:
    reason = make_reason(ReasonKind.FRIENDS, friends=[ANN, BOB], is_followed=True, quote="Soft.")
    assert describe(reason, TITLES, ENGLISH, names_people=False) == "liked by 2 people you follow (“Soft.”)"


def test_several_reasons_are_one_line() -> None:
    assert [messages.side_by_side(["a", "b", "c"]) for messages in (ENGLISH, CHINESE)] == ["a; b; c", "a；b；c"]


def test_every_aspect_that_ships_has_a_name_to_translate() -> None:
    assert set(ASPECT_NAMES) == set(ASPECTS)


def liked(**categories: bool) -> dict[str, Any]:
    return {"categories": [{"category": name, "is_liked": is_liked} for name, is_liked in categories.items()]}


@pytest.mark.parametrize(
    ("parts", "english", "chinese"),
    [
        (liked(a=True), "Likes a.", "喜欢a。"),
        (liked(a=True, b=True, c=True), "Likes a, b and c.", "喜欢a、b和c。"),
        (liked(a=False, b=True, c=False), "Likes b. Looks at a and c.", "喜欢b。看过a和c。"),
        ({"interests": [("p1", True), ("p2", False)]}, "Last interested in: Red kite.",
         "最近感兴趣的商品：“Red kite”。"),
        ({"interests": [("p1", False), ("p1", False)]}, "Interested in: Red kite.", "感兴趣的商品：“Red kite”。"),
        ({"commented": [("p1", True)]}, "Last commented on: Red kite.", "最近评论过：“Red kite”。"),
        ({"commented": [("p2", False)], "labelled": [("p1", "摇滚", True), ("p3", "calm", True)]},
         "Commented on: Blue boat. Last wrote “摇滚” of Red kite and “calm” of 红色风筝.",
         "评论过：“Blue boat”。最近写过：“摇滚”（评“Red kite”）和“calm”（评“红色风筝”）。"),
        ({"labelled": [("p1", "calm", False)]}, "Wrote “calm” of Red kite.", "写过：“calm”（评“Red kite”）。"),
        ({}, "No interests known yet.", "暂时还不了解这位用户的兴趣。"),
    ],
)  # fmt: skip
def test_a_profile_says_last_only_of_what_has_a_date_and_likes_only_of_what_is_liked(
    parts: dict[str, list[Any]], english: str, chinese: str
) -> None:
    fields = {"interests": ("product_id", "is_dated"), "commented": ("product_id", "is_dated"),
              "labelled": ("product_id", "text", "is_dated")}  # fmt: skip
    told = {name: [dict(zip(keys, part, strict=True)) for part in parts.get(name, ())] for name, keys in fields.items()}
    profile = {"categories": parts.get("categories", []), **told}
    assert [describe_profile(profile, TITLES, messages) for messages in (ENGLISH, CHINESE)] == [english, chinese]
