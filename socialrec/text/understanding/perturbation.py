"""Robustness of predictions: flips for the same texts with typos, in other case, with an emoji, or without some words.

In the spirit of the invariance tests of CheckList (Ribeiro et al. 2020): the meaning stays, so the prediction should.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import pairwise

from socialrec.encoders.encoder import Encoder
from socialrec.encoders.tokens import readable
from socialrec.language.segmenting import spaced
from socialrec.text.tasks import Ints, Labelled, Task
from socialrec.text.understanding.heads import Head, Heads

LETTERS_PER_TYPO = 20
WORDS_PER_GAP = 10
EMOJI = "👀📦🛒✨🔖"
"""Emoji that carry no opinion."""
Predict = Callable[[Sequence[str]], Ints]
"""Function from texts to predicted classes: int64 (n, n_outputs)."""


class Perturbation(StrEnum):
    """Kind of perturbation of a text."""

    SWAPPED_LETTERS = "swapped_letters"
    DROPPED_LETTERS = "dropped_letters"
    DOUBLED_LETTERS = "doubled_letters"
    CASE = "case"
    """All capitals; small letters where the text is all capitals."""
    EMOJI = "emoji"
    DROPPED_WORDS = "dropped_words"


def perturbed(text: str, kind: Perturbation, seed: int) -> str:
    """Perturb a text, always the same under one seed; unchanged where it offers no place for it.

    One typo in LETTERS_PER_TYPO characters and one word in WORDS_PER_GAP, at least one; of two words or more one stays.
    """
    text = readable(text)
    rng = random.Random(f"{seed} {kind} {text}")  # noqa: S311 (nobody must not guess it)
    if kind is Perturbation.CASE:
        return text.lower() if text.isupper() else text.upper()
    if kind is Perturbation.EMOJI:
        return f"{text} {rng.choice(EMOJI)}"
    if kind is Perturbation.DROPPED_WORDS:
        cut = spaced(text)
        words, between = cut.split(), " " if cut == text else ""
        dropped = _drawn(rng, range(len(words)), len(words) // WORDS_PER_GAP) if len(words) > 1 else []
        return between.join(word for place, word in enumerate(words) if place not in dropped) if dropped else text
    letters = list(text)
    for place in sorted(_drawn(rng, _places(text, kind), len(text) // LETTERS_PER_TYPO), reverse=True):
        if kind is Perturbation.SWAPPED_LETTERS:
            letters[place : place + 2] = letters[place + 1], letters[place]
        else:
            letters[place : place + 1] = [] if kind is Perturbation.DROPPED_LETTERS else [letters[place]] * 2
    return "".join(letters)


def flip_shares(predict: Predict, texts: Sequence[str], seed: int) -> dict[Perturbation, float]:
    """Share of predictions, over all texts and outputs, that change under each kind of perturbation."""
    before = predict(texts)
    return {
        kind: float((predict([perturbed(text, kind, seed) for text in texts]) != before).mean())
        for kind in Perturbation
    }


def flips(encoder: Encoder, heads: Heads, tasks: Sequence[Task], seed: int) -> dict[str, float]:
    """Flips of each labelled task that has texts and a head, as `flips_<kind>_<task>`."""
    figures: dict[str, float] = {}
    for task in tasks:
        if isinstance(task, Labelled) and len(task) and task.name in heads:
            shares = flip_shares(_predictor(encoder, heads[task.name]), task.texts, seed)
            figures |= {f"flips_{kind}_{task.name}": share for kind, share in shares.items()}
    return figures


def _predictor(encoder: Encoder, head: Head) -> Predict:
    return lambda texts: head.predict(encoder.encode(texts), texts)


def _places(text: str, kind: Perturbation) -> list[int]:
    """Places for a typo of this kind."""
    if kind is not Perturbation.SWAPPED_LETTERS:
        return [place for place, letter in enumerate(text) if letter.isalpha()]
    pairs = enumerate(pairwise(text))
    return [place for place, (one, next_one) in pairs if one.isalpha() and next_one.isalpha() and one != next_one]


def _drawn(rng: random.Random, places: Sequence[int], n: int) -> list[int]:
    return rng.sample(places, min(len(places), max(1, n)))
