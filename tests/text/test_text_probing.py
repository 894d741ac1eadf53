"""Where heads start."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from socialrec.encoders.encoder import Encoder
from socialrec.settings.text import TextSettings
from socialrec.text.tasks import Labelled, labelled
from socialrec.text.training.probing import class_draw_weights, drawn_evenly, probe
from socialrec.text.understanding.heads import Heads

TEXTS = [f"{mood} {thing}" for mood in ("wonderful", "terrible") for thing in ("shoes", "hats", "coats", "gloves")]
MOODS = [text.split()[0] for text in TEXTS]
THINGS = [text.split()[1] for text in TEXTS]


def heads_of(task: Labelled, encoder: Encoder) -> Heads:
    torch.manual_seed(1)
    return Heads.of([task], encoder.dim, 0.0).eval()


def test_heads_tell_texts_apart_before_the_encoder_has_learned_anything(encoder: Encoder) -> None:
    task = labelled("texts", TEXTS, {"mood": MOODS, "thing": THINGS})
    heads = heads_of(task, encoder)
    probe(heads, [task], encoder, TextSettings(class_balance=0.0))
    assert heads["texts"].predict(encoder.encode(TEXTS)).tolist() == task.labels.tolist()


def test_a_head_of_two_classes_gives_the_probabilities_of_the_regression(encoder: Encoder) -> None:
    from sklearn.linear_model import LogisticRegression

    task = labelled("texts", TEXTS, {"mood": MOODS})
    heads = heads_of(task, encoder)
    probe(heads, [task], encoder, TextSettings(class_balance=0.0))
    vectors = encoder.encode(TEXTS)
    expected = LogisticRegression(max_iter=200).fit(vectors, task.labels[:, 0]).predict_proba(vectors)
    (found,) = heads["texts"].probabilities(vectors)
    assert found == pytest.approx(expected, abs=1e-4)


def test_what_is_not_labelled_or_not_drawn_leaves_the_head_as_it_was(encoder: Encoder) -> None:
    task = labelled("texts", TEXTS, {"mood": [*MOODS[:4], *[""] * 4], "thing": THINGS})
    for texts, outputs in ((0, slice(0, 5)), (500, slice(0, 1))):
        heads = heads_of(task, encoder)
        before = heads["texts"].linear.weight[outputs].clone()
        probe(heads, [task], encoder, TextSettings(probe_texts=texts))
        assert torch.equal(heads["texts"].linear.weight[outputs], before)


def test_the_encoder_is_left_as_it_was(encoder: Encoder) -> None:
    before = encoder.encode(TEXTS)
    task = labelled("texts", TEXTS, {"mood": MOODS})
    probe(heads_of(task, encoder), [task], encoder, TextSettings())
    assert np.array_equal(encoder.encode(TEXTS), before)


def test_as_many_texts_of_each_class_are_drawn_as_there_are() -> None:
    """Nine of ten complain: of six texts three are of each class, of four two are rare and two frequent."""
    task = labelled("texts", [f"text {n}" for n in range(30)], {"mood": ["down"] * 3 + ["up"] * 27})
    for n, expected in ((6, [3, 3]), (4, [2, 2]), (10, [3, 7]), (0, [0, 0])):
        drawn = drawn_evenly(task, n, np.random.default_rng(1))
        assert task.take(drawn).counts(0).tolist() == expected
        assert drawn.tolist() == sorted(set(drawn.tolist()))
    two = labelled("texts", TEXTS, {"mood": MOODS, "thing": THINGS})
    assert len(drawn_evenly(two, 5, np.random.default_rng(1))) == 5


def test_drawn_texts_count_as_if_they_had_been_drawn_at_random() -> None:
    """Of 3 and 27 texts 3 and 3 are drawn: 1 and 9 times, which is a mean weight of 5. Balanced, all count the same."""
    counts, drawn = np.array([3, 27]), np.array([3, 3])
    np.testing.assert_allclose(class_draw_weights(counts, drawn, 0.0), [1 / 5, 9 / 5], rtol=1e-6)
    np.testing.assert_allclose(class_draw_weights(counts, drawn, 1.0), [1, 1], rtol=1e-6)
