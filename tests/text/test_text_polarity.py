"""Praise and complaint in a text: words, negations, and the reach of both."""

from __future__ import annotations

import pytest

from socialrec.text.understanding import polarity_words, polarity_words_chinese
from socialrec.text.understanding.phrases import Match, tokens_of
from socialrec.text.understanding.polarity import PolarText, sign_of


def signs(text: str) -> list[int]:
    return [sign for _, sign in PolarText.of(text).polar]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("good, bad, okay, lamp", [1, -1, 0]),
        ("not good", [-1]),
        ("It isn\u2019t really that bad", [1]),
        ("I do not own one, good", [1]),
        ("not only good", [1]),
        ("it is not the lamp that I wanted good", [1]),
        ("too loud", [-1]),
        ("not too loud", [1]),
        ("I have one too", []),
        ("can't go wrong", [1]),
        ("work well, does not work", [1, -1]),
        ("不好\uff0c不错\uff0c太好\uff0c太大", [-1, 1, 1, -1]),
        ("不便宜\uff0c一点也不慢\uff0c非常快\uff0c质量不怎么样", [-1, 1, 1, -1]),
        ("不會掉色\uff0c没有什么质量问题", [1, 1]),
        ("\U0001f44d\U0001f3fd\U0001f621", [1, -1]),
        ("\uff27\uff2f\uff2f\uff24", [1]),
    ],
)
def test_words_praise_or_complain_unless_they_are_negated_in_their_clause(text: str, expected: list[int]) -> None:
    assert signs(text) == expected


def test_a_phrase_is_judged_by_its_clause_then_by_its_sentence() -> None:
    text = PolarText.of("The lamp, which I use daily, is great. A lamp is ugly; lamp")
    lamps = [Match(place, place + 1, "lamp") for place, word in enumerate(text.tokens) if word == "lamp"]
    assert [text.sign_at(lamp) for lamp in lamps] == [1, -1, None]


def test_the_own_sign_of_a_phrase_decides_between_praise_and_complaint() -> None:
    text = PolarText.of("it tears quickly")
    assert text.sign_at(Match(1, 2, "tears"), own=-1) == -1
    assert text.sign_at(Match(1, 2, "tears")) == 1


def test_no_phrase_is_in_two_lists() -> None:
    languages = (polarity_words, polarity_words_chinese)
    listed = [one for each in languages for one in (*each.POSITIVE, *each.NEGATIVE, *each.NEUTRAL, *each.OTHER)]
    assert len(listed) == len(set(listed))
    assert all(tokens_of(phrase) for phrase in listed)
    assert [sign_of(number) for number in (-2, 0, 0.5)] == [-1, 0, 1]
