"""Calibration by hand, and what heads keep of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from socialrec.encoders.encoder import Encoder
from socialrec.errors import UserError
from socialrec.text.tasks import Labelled, TextPairs, labelled
from socialrec.text.understanding.calibration import (
    MAX_FACTOR,
    calibration_bins,
    expected_calibration_error,
    fit_temperature,
)
from socialrec.text.understanding.classification import calibrate
from socialrec.text.understanding.heads import DOCUMENT, Heads, load_heads

SURE = np.log(np.array([[0.9, 0.1]] * 4, dtype=np.float32))
"""Four texts, each told to be the first class with nine in ten."""
MANY = 10_000


def mood() -> Labelled:
    return labelled(
        "mood", ["warm", "soft", "cold", "hard"], {"mood": ["up", "up", "down", "down"], "age": ["", *"ab", ""]}
    )


def test_a_model_that_is_right_three_times_in_four_and_says_nine_in_ten_is_cooled_to_say_so() -> None:
    labels = np.array([0, 0, 0, 1])
    temperature = fit_temperature(np.tile(SURE, (MANY, 1)), np.tile(labels, MANY))
    # softmax of (ln .9, ln .1) / T is .75 where the odds of 9 become odds of 3: T = ln 9 / ln 3.
    assert temperature == pytest.approx(2, abs=1e-3)
    assert expected_calibration_error(np.exp(SURE), labels) == pytest.approx(0.15)
    cooled = np.exp(SURE / 2)
    assert expected_calibration_error(cooled / cooled.sum(1, keepdims=True), labels) == pytest.approx(0, abs=1e-6)


def test_errors_of_one_bin_do_not_make_up_for_those_of_another() -> None:
    told = np.array([[0.9, 0.1], [0.6, 0.4]], dtype=np.float32)
    assert expected_calibration_error(told, np.array([1, 0])) == pytest.approx((0.9 + 0.4) / 2)


def test_confidence_is_compared_with_accuracy_bin_by_bin() -> None:
    """Bins are fifteenths: .9 and .92 are in the fourteenth, which begins at 13 / 15, and .6 in the tenth."""
    told = np.array([[0.9, 0.1], [0.92, 0.08], [0.6, 0.4]], dtype=np.float32)
    low, high = calibration_bins(told, np.array([0, 1, 0]))
    assert (low.lower, low.n, low.accuracy, high.n, high.accuracy) == (9 / 15, 1, 1, 2, 0.5)
    assert (high.lower, high.confidence) == (pytest.approx(13 / 15), pytest.approx(0.91))
    assert expected_calibration_error(told, np.array([0, 1, 0])) == pytest.approx((0.4 + 2 * 0.41) / 3)


def test_a_few_examples_that_are_all_told_right_do_not_call_for_certainty_and_many_do() -> None:
    right = np.zeros(4, dtype=np.int64)
    assert 0.5 < fit_temperature(SURE, right) < 1
    many = fit_temperature(np.tile(SURE, (MANY, 1)), np.tile(right, MANY))
    assert 1 / MAX_FACTOR < many < 0.3
    assert fit_temperature(SURE[:0], right[:0]) == 1


def test_heads_are_calibrated_measured_and_kept_with_their_temperatures(encoder: Encoder, tmp_path: Path) -> None:
    torch.manual_seed(1)
    task = mood()
    heads = Heads.of([task], encoder.dim, dropout=0.0)
    pairs = TextPairs(["red"], ["shoe"], np.array([0]))
    mood_found, age_found = calibrate(encoder, heads, [pairs, task])
    told = heads["mood"].logits(encoder.encode(task.texts))[0].argmax(1)
    assert mood_found.name == "mood_mood"
    assert mood_found.confusion.trace() == (told == task.labels[:, 0]).sum()
    assert mood_found.confusion.sum() == sum(n for _, _, n in mood_found.cells) == 4
    assert mood_found.figures["accuracy"] == (told == task.labels[:, 0]).mean()
    assert mood_found.figures["recall_down"] == (told[2:] == 0).mean()
    assert sum(one.n for one in mood_found.bins) == 4
    # Two of the four texts say how old they are.
    assert age_found.confusion.sum() == 2
    assert heads["mood"].temperatures == [mood_found.figures["temperature"], age_found.figures["temperature"]]
    heads.save(tmp_path)
    again = load_heads(tmp_path)
    vectors = encoder.encode(task.texts)
    for ours, theirs in zip(heads["mood"].probabilities(vectors), again["mood"].probabilities(vectors), strict=True):
        np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_allclose(ours.sum(1), 1, rtol=1e-6)


def test_an_output_without_held_out_labels_keeps_its_temperature(encoder: Encoder) -> None:
    task = mood()
    heads = Heads.of([task], encoder.dim, dropout=0.0)
    unknown = Labelled(task.name, task.texts, task.outputs, np.full((4, 2), -1))
    assert calibrate(encoder, heads, [unknown, task.take([])]) == []
    assert heads["mood"].temperatures == [1.0, 1.0]


def test_heads_without_temperatures_are_refused_in_a_line(encoder: Encoder, tmp_path: Path) -> None:
    Heads.of([mood()], encoder.dim, dropout=0.0).save(tmp_path)
    file = tmp_path / DOCUMENT
    file.write_text(file.read_text().replace("temperature", "heat"))
    with pytest.raises(UserError, match="holds no heads that can be read: 'temperature'"):
        load_heads(tmp_path)


@pytest.mark.parametrize(
    "content", ["[]", '{"mood": 7}', '{"mood": [7]}', "[" * 100_000, '{"mood": [{"name": "x", "classes": 7}]}']
)
def test_a_document_of_no_heads_is_refused_in_a_line(encoder: Encoder, tmp_path: Path, content: str) -> None:
    Heads.of([mood()], encoder.dim, dropout=0.0).save(tmp_path)
    (tmp_path / DOCUMENT).write_text(content)
    with pytest.raises(UserError, match="holds no heads that can be read") as told:
        load_heads(tmp_path)
    assert "\n" not in str(told.value)


def test_a_temperature_beyond_all_numbers_is_refused_in_a_line(encoder: Encoder, tmp_path: Path) -> None:
    Heads.of([mood()], encoder.dim, dropout=0.0).save(tmp_path)
    file = tmp_path / DOCUMENT
    file.write_text(file.read_text().replace('"temperature": 1.0', '"temperature": 1' + "0" * 400))
    with pytest.raises(UserError, match="holds no heads that can be read"):
        load_heads(tmp_path)
