"""Disturbed texts, and classifiers of which it is known how many predictions flip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from socialrec.encoders.encoder import Encoder
from socialrec.text.tasks import Ints, Output, TextPairs, labelled
from socialrec.text.understanding.heads import Head, Heads
from socialrec.text.understanding.perturbation import EMOJI, Perturbation, flip_shares, flips, perturbed

LINE = "the warm red lamp is soft and the cold grey chair is not"


def counted(text: str) -> dict[str, int]:
    return {letter: text.count(letter) for letter in set(text)}


def test_swapped_letters_are_the_same_letters_in_another_order() -> None:
    made = perturbed(LINE, Perturbation.SWAPPED_LETTERS, 1)
    assert made != LINE
    assert counted(made) == counted(LINE)
    assert [len(word) for word in made.split()] == [len(word) for word in LINE.split()]


def test_dropped_and_doubled_letters_change_the_length_by_one_in_twenty() -> None:
    assert len(LINE) == 56
    assert len(perturbed(LINE, Perturbation.DROPPED_LETTERS, 1)) == 54
    assert len(perturbed(LINE, Perturbation.DOUBLED_LETTERS, 1)) == 58
    assert len(perturbed("lamp", Perturbation.DROPPED_LETTERS, 1)) == 3
    doubled = perturbed("lamp", Perturbation.DOUBLED_LETTERS, 1)
    assert doubled in {"llamp", "laamp", "lammp", "lampp"}


def test_of_ten_words_one_is_dropped_and_a_single_word_stays() -> None:
    made = perturbed(LINE, Perturbation.DROPPED_WORDS, 1).split()
    assert len(made) == len(LINE.split()) - 1
    assert perturbed("lamp", Perturbation.DROPPED_WORDS, 1) == "lamp"
    assert perturbed("red lamp", Perturbation.DROPPED_WORDS, 1) in {"red", "lamp"}
    assert perturbed("质量很好", Perturbation.DROPPED_WORDS, 1) in {"质量很", "质量好", "很好"}


def test_case_is_turned_and_an_emoji_put_at_the_end() -> None:
    assert perturbed("Red lamp", Perturbation.CASE, 1) == "RED LAMP"
    assert perturbed("RED LAMP", Perturbation.CASE, 1) == "red lamp"
    assert perturbed("lamp", Perturbation.EMOJI, 1) in {f"lamp {emoji}" for emoji in EMOJI}


@pytest.mark.parametrize("kind", list(Perturbation))
def test_one_seed_disturbs_in_one_way_and_another_seed_in_another(kind: Perturbation) -> None:
    lines = [f"{LINE} number {number}" for number in range(20)]
    first, again, other = ([perturbed(line, kind, seed) for line in lines] for seed in (1, 1, 2))
    assert first == again
    assert (first != other) is (kind is not Perturbation.CASE)


@pytest.mark.parametrize("kind", list(Perturbation))
@pytest.mark.parametrize("text", ["", "a", "😀", "\x00", "\ud800", "aa", "12 34"])
def test_what_is_hardly_a_text_is_no_error(kind: Perturbation, text: str) -> None:
    perturbed(text, kind, 1)


def lengths_and_capitals(texts: Sequence[str]) -> Ints:
    """Tells two things of a text: whether it has five letters or more, and whether they are capitals."""
    return np.array([[len(text) > 4, text.isupper()] for text in texts], dtype=np.int64)


def test_flips_are_counted_by_hand() -> None:
    """One text of four letters and one of eight: what a change of length by one or two does to them is known."""
    shares = flip_shares(lengths_and_capitals, ["lamp", "lampshad"], seed=1)
    assert shares == {
        Perturbation.SWAPPED_LETTERS: 0,
        Perturbation.DROPPED_LETTERS: 0,
        # `lamp` becomes long.
        Perturbation.DOUBLED_LETTERS: 1 / 4,
        # Both become capitals.
        Perturbation.CASE: 2 / 4,
        # `lamp` becomes long.
        Perturbation.EMOJI: 1 / 4,
        Perturbation.DROPPED_WORDS: 0,
    }


def test_every_labelled_task_with_a_head_is_measured_under_its_name(encoder: Encoder) -> None:
    mood = labelled("mood", ["warm", "cold"], {"mood": ["up", "down"]})
    kind = labelled("kind", ["warm", "cold"], {"kind": ["a", "b"]})
    head = Head(encoder.dim, [Output("mood", ("down", "up"))], 0.0)
    # It says "up" of everything, so that nothing flips.
    head.linear.weight.data.zero_()
    head.linear.bias.data = head.linear.bias.data.new_tensor([0.0, 1.0])
    assert head.predict(encoder.encode(["warm", "cold"])).tolist() == [[1], [1]]
    pairs = TextPairs(["red"], ["shoe"], np.array([0]))
    figures = flips(encoder, Heads({"mood": head}), [pairs, mood, kind, mood.take([])], seed=1)
    assert figures == {f"flips_{name}_mood": 0.0 for name in Perturbation}


def test_the_tiny_bert_that_reads_no_case_never_flips_on_it(encoder: Encoder) -> None:
    texts = ["warm red shoe", "cold blue lamp", "a soft chair"]
    head = Head(encoder.dim, [Output("mood", ("down", "up", "sideways"))], 0.0)
    shares = flip_shares(lambda given: head.predict(encoder.encode(given)), texts, seed=1)
    assert shares[Perturbation.CASE] == 0
