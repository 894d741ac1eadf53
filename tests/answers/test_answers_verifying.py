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
        "The tail is 50 cm long.",
        "Your train works with iPads.",
    ],
)
def test_what_a_citation_holds_may_be_said_with_other_function_words(text: str) -> None:
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
    assert unsupported("The blue kite is bigger than the red kite.", cited) == ["clause"]
    assert not unsupported("The red kite is bigger than the blue kite.", cited)


def test_a_text_with_an_unsupported_fact_gives_way_to_the_extractive_answer() -> None:
    assert shown("It is made of gold.", "It is made of nylon.", ["It is made of nylon."]) == "It is made of nylon."
    assert shown("It has a tail of nylon.", "Tail: nylon.", ["Tail: nylon."]) == "It has a tail of nylon."
    assert [shown(said, "Tail: nylon.", ["Tail: nylon."]) for said in ("", " ", "It is.")] == ["Tail: nylon."] * 3


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


@pytest.mark.parametrize(
    ("phrased", "cited"),
    [
        ("The remote is not included.", "The battery of the remote is not included."),
        ("The camera is waterproof.", "The case for the camera is waterproof."),
        ("It works.", "It works if you add batteries."),
        ("It works.", "If you add batteries, it works."),
        ("It is waterproof.", "It is waterproof only in summer."),
        ("All parts are plastic.", "Some parts are plastic."),
        ("Parts are plastic.", "Some parts are plastic."),
        ("Both are included.", "A battery and a charger are included."),
        ("It holds 50 pounds.", "It holds up to 50 pounds."),
        ("It holds over 50 pounds.", "It holds under 50 pounds."),
        ("It is safe for children.", "It may be safe for children."),
        ("You must wash it cold.", "You can wash it cold."),
        ("It is waterproof.", "I think it is waterproof."),
        ("It has a light.", "I wish it had a light."),
        ("It is made of gold.", "It looks like it is made of gold."),
        ("It has paper.", "It lacks paper."),
        ("It is safe.", "It needs to be safe."),
        ("It floats.", "Does it float?"),
        ("It works with iPads.", "It works with iPads but not with phones."),
        ("It does not work with iPads.", "It works with iPads but not with phones."),
        ("It comes in red and blue.", "It comes in red or blue."),
        ("The red cup holds 10 oz.", "The red, blue and green cups hold 9, 10 and 11 oz."),
        ("The red cup weighs 3 kg.", "The red cup weighs 2 kg, the blue cup weighs 3 kg."),
        ("The blue cup weighs 2 kg.", "The red cup weighs 2 kg, the blue cup weighs 3 kg."),
        ("The cat can chase the dog.", "The dog can chase the cat."),
        ("Salt is poison.", "The mix of sugar and salt is poison."),
        ("Use tape.", "Use glue instead of tape."),
        ("It is small for adults.", "It is too small for adults."),
        ("You can sing.", "It can sing."),
        ("The cable is 50 inches long.", "The cable is 50 cm long."),
        ("The tail weighs 2 kg.", "The train weighs 2 kg. The tail is red."),
        ("The Acme pump is included.", "The Zeta pump is included with every Acme ball."),
        ("It runs for 4.5 hours.", "It runs for 45 hours."),
        ("It is for ages 3.", "It is for ages 3 to 8."),
        ("It has 2 AAA batteries.", "It needs 2 AA batteries."),
        ("Yes, it is waterproof.", "It is waterproof."),
        ("It is in stock.", "It will be in stock."),
        ("It is waterproof.", "It was waterproof."),
        ("It is red.", "It can be red."),
        ("It is 36' wide.", 'It is 36" wide.'),
        ("It costs 20.", "It costs $20."),
        ("It works at 5 degrees.", "It works at -5 degrees."),
        ("It is 50 cotton.", "It is 50% cotton."),
        ("It takes 5 and 10 minutes.", "It takes 5-10 minutes."),
        ("It is waterproof.", "Probably, it is waterproof."),
        ("The glaze is not waterproof.", "From what I understand, the glaze is not waterproof."),
        ("It has a camera.", "It has a camera (needs a card)."),
        ("It sticks.", "It sticks, but it is hard."),
        ("It is a very great size.", "great size"),
        ("This is a daughter who loves it.", "My daughter loves it."),
        ("It is China.", "country of origin: China"),
        ("It is cheap.", ""),
    ],
)  # fmt: skip
def test_a_plausible_phrasing_that_says_more_or_else_than_its_passage_is_taken_back(phrased: str, cited: str) -> None:
    assert shown(phrased, "the passage", [cited]) == "the passage"


@pytest.mark.parametrize(
    ("phrased", "cited"),
    [
        ("The brand of this is Syma.", "brand: Syma"),
        ("It has a 30 minute playing time.", "30 minute playing time"),
        ("There are complete instructions inside the package.", "complete instructions inside package"),
        ("It should be fine with the stock battery.", "should be fine with stock battery"),
        ("You can't sing into it.", "you can't sing into it, it just gives instructions."),
        ("This is too big for it.", "it matches well, and this is too big for it."),
        ("This holds up to 4.5 oz.", "holds up to 4.5 oz"),
        ("It is 18\u201d x 7.75\u201d.", '18\\" x 7.75\\"'),
        ("It has 4 \u2013 7 settings at -5 \u00b0C.", "4 - 7 settings at -5 \u00b0C"),
        ("There are 6 sets of 10 dice.", "hi; there are 6 sets of 10 dice."),
    ],
)  # fmt: skip
def test_a_passage_may_be_made_a_sentence_and_whole_clauses_of_it_left_out(phrased: str, cited: str) -> None:
    assert shown(phrased, cited, [cited]) == phrased


def mutilated(text: str) -> list[str]:
    """A sentence without one of its words, and with two neighbours exchanged."""
    words = text.rstrip(".").split()
    places = range(len(words))
    shorter = [[*words[:place], *words[place + 1 :]] for place in places]
    swapped = [[*words[:place], words[place + 1], words[place], *words[place + 2 :]] for place in places[:-1]]
    return [f"{' '.join(made)}." for made in (*shorter, *swapped)]


def told(text: str) -> list[str]:
    """Words of a sentence that a fact hangs on, in order."""
    free = {
        *("the", "a", "an", "and", "but", "is", "are", "it", "you", "can", "does", "be", "of", "in", "at", "one"),
        *("has", "them"),
    }
    words = [word.strip(".,").lower() for word in text.split()]
    return ["it" if word in {"it", "you"} else word for word in words if word not in free]


def test_no_word_that_a_fact_hangs_on_may_be_dropped_or_change_places() -> None:
    false = [(made, text) for text in SENTENCES for made in mutilated(text) if told(made) != told(text)]
    assert len(false) > 200
    assert [(made, text) for made, text in false if not unsupported(made, [text])] == []
