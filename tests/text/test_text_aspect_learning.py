"""Aspects that a training learns beyond the lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from socialrec.contracts.vocabulary import AspectSentiment
from socialrec.settings.aspects import ASPECTS
from socialrec.text.understanding.aspect_learning import (
    LEAST_JUDGED,
    aspects_beside,
    learn_aspects,
    save_aspects,
    singular,
)
from socialrec.text.understanding.aspects import AspectReader

LAPTOP = "Thin laptop 13 inch"
FILLERS = ["", "By the way, ", "Well, ", "Honestly, ", "So far "]


def said(sentence: str, n: int, product: str = LAPTOP) -> list[tuple[str, str]]:
    """Say a sentence in n comments that differ."""
    return [(f"{FILLERS[number % 5]}{sentence} {number}.", product) for number in range(n)]


def test_nouns_that_comments_judge_become_aspects_with_all_their_forms() -> None:
    comments = [*said("the screen is really bright and clear", 12), *said("the battery was awful", 11)]
    comments += [*said("two great batteries in the box", 4), *said("a nice keyboard", LEAST_JUDGED - 1)]
    assert learn_aspects(comments, ASPECTS, 20) == {"screen": ("screen",), "battery": ("battery", "batteries")}
    assert learn_aspects(comments, ASPECTS, 1) == {"battery": ("battery", "batteries")}
    assert learn_aspects(comments, ASPECTS, 0) == {}


def test_the_order_of_comments_does_not_matter_and_equal_ones_count_once() -> None:
    comments = [*said("the screen is bright", 12), *said("the speakers are awful", 12)]
    learned = learn_aspects(comments, ASPECTS, 20)
    assert list(learned) == ["screen", "speakers"]
    assert learn_aspects(comments[::-1], ASPECTS, 20) == learned
    assert learn_aspects([comments[0]] * 50, ASPECTS, 20) == {}


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("the laptop is great", "the product's own text names it"),
        ("the price is great", "it is listed"),
        ("my husband is happy with it, and the husband is great", "no property of a product"),
        ("i work on the screen", "nothing is said of it"),
        ("brightly is great", "it follows no article"),
    ],
)
def test_what_is_no_aspect_is_not_learned(sentence: str, why: str) -> None:
    assert learn_aspects(said(sentence, 30), ASPECTS, 20) == {}, why


def test_chinese_nouns_are_known_by_the_dictionary() -> None:
    comments = [*said("屏幕很清晰", 12, "华为平板电脑"), *said("看着不错", 12, "华为平板电脑")]
    comments += [*said("平板电脑很好", 12, "华为平板电脑"), *said("产品质量很好", 12, "华为平板电脑")]
    # A verb, the product, and an aspect that is listed as 质量.
    assert learn_aspects(comments, ASPECTS, 20) == {"屏幕": ("屏幕",)}


def test_a_learned_aspect_is_read_like_a_listed_one(tmp_path: Path) -> None:
    save_aspects({"屏幕": ("屏幕",), "battery": ("battery", "batteries")}, tmp_path)
    reader = AspectReader(aspects_beside(tmp_path) | ASPECTS)
    assert reader.read("屏幕很清晰, 但是价格太贵") == {
        "屏幕": AspectSentiment.POSITIVE,
        "price": AspectSentiment.NEGATIVE,
    }
    assert reader.read("The batteries are awful.") == {"battery": AspectSentiment.NEGATIVE}
    assert aspects_beside(tmp_path / "elsewhere") == {}


def test_plurals_lose_their_endings_and_other_words_keep_theirs() -> None:
    assert [singular(word) for word in ("batteries", "keys", "boxes", "lens", "glass", "status", "屏幕")] == [
        *("battery", "key", "box", "len", "glass", "status", "屏幕")
    ]
