"""Normal forms and words of texts in scripts with and without spaces."""

# ruff: noqa: RUF001 (signs of other widths)

from __future__ import annotations

import pytest

from socialrec.language.forms import normal, plain_emoji
from socialrec.language.segmenting import pieces_of, spaced

NORMAL = {
    "Nice DRESS": "nice dress", "ＡＢＣ　１２３，好": "abc 123,好", "這個顏色很漂亮": "这个颜色很漂亮",
    "Nike™ Café": "nike™ café",
    "ｽﾏﾎケース": "スマホケース", "東京のお土産": "東京のお土産", "👍🏽": "👍🏽",
}  # fmt: skip
SPACED = {
    "nice dress": ["nice", "dress"],
    "nike鞋不慢": ["nike", "鞋", "不", "慢"],
    "没有色差,充电宝很给力": ["没有", "色差", ",", "充电宝", "很", "给力"],
    "東京へ行った": ["東京", "へ", "行", "った"],
    "鲜の每日牛奶": ["鲜", "の", "每日", "牛奶"],
    "ดีมาก good 좋아요 很好": ["ดีมาก", "good", "좋아요", "很", "好"],
    "": [],
}


@pytest.mark.parametrize(("written", "form"), NORMAL.items())
def test_words_are_compared_in_small_letters_usual_widths_and_simplified_chinese(written: str, form: str) -> None:
    assert normal(written) == form
    assert normal(form) == form


@pytest.mark.parametrize(("text", "words"), SPACED.items())
def test_words_without_spaces_between_them_are_found(text: str, words: list[str]) -> None:
    assert spaced(text).split() == words


def test_a_text_with_spaces_is_left_as_it_is() -> None:
    text = "A text,  with café & 'two' spaces"
    assert spaced(text) == text


def test_long_words_are_searched_by_their_parts_too() -> None:
    assert list(pieces_of(["充电器", "色差", "dress", "スマホ", "ดีมาก"])) == [
        *("充电", "电器", "充电器"), "色差", "dress", *("スマ", "マホ"), *("ดี", "ีม", "มา", "าก"),
    ]  # fmt: skip


def test_an_emoji_has_no_colour_of_skin() -> None:
    assert [plain_emoji(each) for each in ("👍🏽", "👍", "❤\ufe0f")] == ["👍", "👍", "❤"]
