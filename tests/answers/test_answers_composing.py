"""Composition: the second person, quoted speakers, and contrary evidence."""

from __future__ import annotations

import numpy as np
import pytest
from small_service import passages_of

from socialrec.answers.composing import compose, contradict, second_person
from socialrec.answers.passages import PassageIndex
from socialrec.answers.retrieval import KIND, OWN
from socialrec.display.messages.catalogue import messages_in

ENGLISH, CHINESE = messages_in("en"), messages_in("zh")


def index(*said: tuple[str, int, str]) -> PassageIndex:
    rows = [(f"p{n}", "kite", "toys", source, agreeing, text) for n, (source, agreeing, text) in enumerate(said)]
    return PassageIndex.of(passages_of(rows), np.ones((len(rows), 2), dtype=np.float32))


@pytest.mark.parametrize(
    ("text", "addressed"),
    [
        ("The user can change the line.", "You can change the line."),
        ("Customers need a pump.", "You need a pump."),
        ("It fits in the buyer's bag.", "It fits in your bag."),
        ("The kite flies.", "The kite flies."),
        ("Users are happy.", "Users are happy."),
    ],
)
def test_the_reader_is_addressed_where_a_sentence_speaks_of_users(text: str, addressed: str) -> None:
    assert second_person(text) == addressed


def test_words_of_buyers_are_quoted_and_those_of_the_shop_are_not() -> None:
    found = index(
        ("comment", 1, "I use it daily."), ("description", 1, "The kite is red."), ("answer", 1, "I like it.")
    )
    said = [compose(row, [], OWN, found, ENGLISH).text for row in range(3)]
    assert said == [
        "1 buyer says: \u201cI use it daily.\u201d",
        "The kite is red.",
        "An earlier answer says: \u201cI like it.\u201d",
    ]


def test_an_answer_is_composed_in_the_language_of_the_asker() -> None:
    found = index(("comment", 1, "我天天用。"), ("comment", 2, "很软。"), ("answer", 1, "I like it."))
    assert [compose(row, [], OWN, found, CHINESE).text for row in range(3)] == [
        "1位买家说：“我天天用。”", "2位买家说：“很软。”", "此前有1条回答提到：“I like it.”",
    ]  # fmt: skip
    assert compose(0, [], KIND, found, CHINESE).text == "关于类似商品：1位买家说：“我天天用。”"


def test_passages_with_the_same_words_are_cited_together_and_their_buyers_add_up() -> None:
    found = index(("comment", 2, "It fits."), ("comment", 1, "it fits"), ("comment", 4, "It is red."))
    made = compose(0, [0, 1, 2], OWN, found, ENGLISH)
    assert made.text == "3 buyers say: \u201cIt fits.\u201d"
    assert [one["passage_id"] for one in made.citations] == ["p0", "p1"]


@pytest.mark.parametrize(
    ("one", "other", "contrary"),
    [
        (("comment", 1, "Yes, it fits my iPad."), ("comment", 1, "No, it does not fit my iPad."), True),
        (("comment", 1, "It fits my iPad."), ("comment", 1, "It fits the iPad well."), False),
        (("comment", 1, "It is not loud."), ("comment", 1, "The tail is never wet."), False),
        (("stated", 1, "The brand is Acme."), ("stated", 1, "The brand is Zeta."), True),
        (("stated", 1, "The brand is Acme."), ("stated", 1, "The color is red."), False),
        (("stated", 1, "The brand is Acme."), ("predicted", 1, "The brand is probably Zeta."), True),
        (("stated", 1, "The brand is Acme."), ("predicted", 1, "The brand is probably Acme."), False),
        (("stated", 1, "品牌是华为。"), ("predicted", 1, "品牌可能是小米。"), True),
        (("stated", 1, "品牌是华为。"), ("predicted", 1, "品牌可能是华为。"), False),
    ],
)
def test_the_opposite_is_another_value_or_the_same_words_negated(
    one: tuple[str, int, str], other: tuple[str, int, str], *, contrary: bool
) -> None:
    assert contradict(index(one, other), 0, 1) is contrary


def test_contradicting_attributes_are_both_shown() -> None:
    found = index(("stated", 1, "The brand is Acme."), ("predicted", 1, "The brand is probably Zeta."))
    assert compose(0, [0, 1], OWN, found, ENGLISH).text == (
        "The product data say: \u201cThe brand is Acme.\u201d "
        "Its texts suggest: \u201cThe brand is probably Zeta.\u201d"
    )
