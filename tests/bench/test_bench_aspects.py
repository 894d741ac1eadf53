"""The benchmark of aspects: its mapping of categories, its figures by hand, and a run on four sentences."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from socialrec.bench.text.aspects import Review, aspect_of, figures, learned_figures, read_reviews, run, written
from socialrec.errors import UserError
from socialrec.settings.text import TextSettings

LINES = (
    "the price isn ' t bad , do n't buy\t1,2 LAPTOP#PRICE 2 3,4\t-1,-1 LAPTOP#GENERAL 0 6,7\t-1,-1 OS#GENERAL 0 6,7",
    "great look but it arrived late\t1,2 LAPTOP#DESIGN_FEATURES 2 0,1\t-1,-1 SHIPPING#GENERAL 0 5,6",
)


def test_the_entity_decides_for_service_and_delivery_else_the_attribute() -> None:
    categories = ("SUPPORT#PRICE", "SHIPPING#QUALITY", "DISPLAY#QUALITY", "LAPTOP#PRICE", "LAPTOP#GENERAL")
    assert [aspect_of(category) for category in categories] == ["service", "delivery", "quality", "price", None]


def test_clitics_are_joined_as_people_write_them() -> None:
    assert written("it ' s what i do n't like , ca n't say ' so '") == "it's what i don't like , can't say ' so '"


def test_a_review_has_its_aspects_and_the_most_frequent_sentiment(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("\n".join(LINES))
    assert read_reviews(tmp_path / "a.tsv") == [
        Review("the price isn't bad , don't buy", frozenset({("price", "positive")}), "negative", frozenset({"price"})),
        Review(
            "great look but it arrived late",
            frozenset({("design", "positive"), ("delivery", "negative")}),
            "negative",
            frozenset({"look"}),
        ),
    ]
    (tmp_path / "b.tsv").write_text("text\tno quadruple")
    for name in ("b.tsv", "c.tsv"):
        with pytest.raises(UserError, match=f"{name} cannot be read as reviews of ACOS"):
            read_reviews(tmp_path / name)


def test_figures_count_aspects_and_their_sentiments_over_all_reviews() -> None:
    actual = [frozenset({("price", "positive"), ("size", "negative")}), frozenset[tuple[str, str]]()]
    predicted = [frozenset({("price", "negative")}), frozenset({("size", "negative")})]
    assert figures(actual, predicted) == {
        **{"pair_precision": 0.0, "pair_recall": 0.0, "pair_f1": 0.0},
        **{"aspect_precision": 0.5, "aspect_recall": 0.5, "aspect_f1": 0.5},
        **{"price_f1": 1.0, "size_f1": 0.0},
    }


def test_a_learned_aspect_is_right_where_its_word_is_annotated() -> None:
    nothing = frozenset[tuple[str, str]]()
    reviews = [
        Review("the keys are nice", nothing, "positive", frozenset({"key"})),
        Review("lost the key", nothing, "negative", frozenset({"shop"})),
        Review("it is nice", nothing, "positive", frozenset()),
    ]
    learned = {"keys": ("keys", "key")}
    assert learned_figures(learned, reviews) == {"learned_aspects": 1, "learned_named": 2, "learned_precision": 0.5}
    assert learned_figures({}, reviews) == {"learned_aspects": 0, "learned_named": 0}


def test_both_ways_are_scored_on_the_part_that_is_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "acos-laptop"
    folder.mkdir()
    (folder / "laptop_quad_train.tsv").write_text("\n".join([LINES[0], "lovely\t-1,-1 LAPTOP#GENERAL 2 -1,-1"]))
    (folder / "laptop_quad_dev.tsv").write_text(LINES[1])
    found = json.loads(run(tmp_path, "dev", TextSettings(max_tokens=16)).to_json())
    assert (found["metrics"]["reviews"], found["metrics"]["pair_f1"]) == (1, 1.0)
    # The mood of the whole sentence is right about one of its two aspects, and the plain list knows both.
    peer = found["peers"]["word-lists-and-mood"]["metrics"]
    assert (peer["pair_f1"], peer["aspect_f1"]) == (0.5, 1.0)
    assert found["metrics"]["gain_pair_f1"] == 50.0
