"""Verification of phrased texts: a fact that no citation holds takes the whole text back."""

from __future__ import annotations

import pytest

from socialrec.answers.verifying import shown, unsupported

CITED = ["The train needs 2 AA batteries and works with iPads but not with phones.", "The tail is 50 cm long."]


@pytest.mark.parametrize(
    "text",
    [
        "The train needs 2 AA batteries.",
        "It works with iPads, but not with phones.",
        "You need 2 AA batteries for the train.",
        "The tail is 50 cm long.",
        "Your train works with iPads.",
    ],
)
def test_what_a_citation_holds_may_be_said_in_other_order_and_person(text: str) -> None:
    assert (
        unsupported(
            text,
            [
                "The train needs 2 AA batteries.",
                "It works with iPads but not with phones.",
                "The train works with iPads.",
                "The tail is 50 cm long.",
            ],
        )
        == []
    )


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("The train needs 3 AA batteries.", "number 3"),
        ("The train needs 2 AAA batteries.", "word aaa"),
        ("The tail is 50 inches long.", "word inche"),
        ("The tail is 2 cm long.", "unit 2 cm"),
        ("The Acme train needs 2 AA batteries.", "word acme"),
        ("The train does not need 2 AA batteries.", "negation"),
        ("The train never needs batteries.", "negation"),
        ("The train needs waterproof batteries.", "word waterproof"),
    ],
)
def test_a_fact_that_no_citation_holds_is_named(text: str, fact: str) -> None:
    assert fact in unsupported(text, ["The train needs 2 AA batteries.", CITED[1]])


def test_a_negation_may_not_move_to_another_word() -> None:
    cited = ["It works with tablets but not with phones."]
    assert unsupported("It works with phones but not with tablets.", cited)
    assert not unsupported("It works with tablets, but not with phones.", cited)


def test_the_sides_of_a_comparison_may_not_change_places() -> None:
    cited = ["The red kite is bigger than the blue kite."]
    assert unsupported("The blue kite is bigger than the red kite.", cited) == ["order"]
    assert not unsupported("The red kite is bigger than the blue kite.", cited)


def test_a_text_with_an_unsupported_fact_gives_way_to_the_extractive_answer() -> None:
    assert shown("It is made of gold.", "It is made of nylon.", ["It is made of nylon."]) == "It is made of nylon."
    assert shown("You get nylon.", "It is nylon.", ["It is nylon. You get it."]) == "You get nylon."
