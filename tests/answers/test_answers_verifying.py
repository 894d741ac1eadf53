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


SENTENCES = (
    "The train needs 2 AA batteries and runs for 6 hours.",
    "The tent holds 4 people and weighs 3 kg.",
    "It works with iPad Air 2 but not with iPad Mini.",
    "You can wash the cover at 30 degrees without bleach.",
    "The Acme kite is not safe for children under 3 years.",
    "The blue cup is 9 cm wide and holds 250 ml.",
    "It does not come with a charger, and the cable is 50 cm long.",
    "The doll fits clothes of 14 inch dolls by Lissi.",
    "The box holds 103 pieces and 20 marbles of glass.",
    "The lamp never gets hot and uses 5 watts.",
    "The bike is for riders from 140 to 160 cm.",
    "The jacket is smaller than the Nordic one and has 2 pockets.",
    "Parts 1 and 2 are plastic, none of them is metal.",
    "Returns are free within 30 days in Germany.",
    "The ball lasts 12 months, the pump lasts 24 months.",
    "The game is for 2 to 6 players without an adult.",
    "The puzzle has 500 pieces and is made in Poland.",
    "It ships in 2 days by train, not by plane.",
    "The speaker plays 8 hours at half volume.",
    "The chair carries 120 kg but cannot be folded.",
)


def false_versions(text: str) -> list[str]:
    """Ten texts that say something else than a sentence in which they all but stand."""
    words = text.rstrip(".").split()
    number = next(word for word in words if word.isdigit())
    place = words.index(number)
    after = words[place + 1] if place + 1 < len(words) else "cm"
    return [
        text.replace(number, str(int(number) + 1), 1),
        text.replace(number, f"{number}0", 1),
        text.replace(f"{number} {after}", f"{number} gallons", 1) if place + 1 < len(words) else f"{text} 7 gallons.",
        f"It is not true. {text}",
        f"{text} It is waterproof.",
        f"{text} Zeta makes it.",
        f"{text} You get 99 of them.",
        f"Never: {text}",
        text.replace("The ", "No ", 1) if text.startswith("The ") else f"Not so: {text}",
        " ".join(["Cheap", *words]) + ".",
    ]


def test_two_hundred_false_versions_of_true_sentences_are_all_taken_back() -> None:
    made = [(false, text) for text in SENTENCES for false in false_versions(text)]
    assert len(set(made)) == 200
    assert [false for false, text in made if not unsupported(false, [text])] == []
    assert [text for text in SENTENCES if unsupported(text, [*SENTENCES])] == []
