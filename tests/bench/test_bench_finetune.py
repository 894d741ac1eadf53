"""The fine-tuning benchmark, tiny: both sides learn the same, and what it says of too few pairs."""

from __future__ import annotations

import json

import numpy as np
import pytest

from socialrec.bench.text.finetune import HELD_OUT, StepClock, demo_pairs, read_pairs, run
from socialrec.errors import UserError
from socialrec.settings.text import Precision, TextSettings


@pytest.mark.slow
def test_both_learn_from_the_same_pairs_to_about_the_same_loss() -> None:
    settings = TextSettings(precision=Precision.FLOAT32, max_tokens=48)
    found = json.loads(run(demo_pairs(4 * 8 + HELD_OUT, 1), 8, 4, 1, settings).to_json())
    peer = found["peers"]["sentence-transformers"]
    assert found["metrics"]["loss"] < found["metrics"]["loss_before"]
    assert found["metrics"]["loss"] == pytest.approx(peer["metrics"]["loss"], rel=0.1)
    assert found["ratio"] == pytest.approx(peer["seconds"]["step"] / found["seconds"]["step"], rel=0.05)


def test_a_step_is_what_passed_between_its_end_and_the_one_befores_with_its_part_of_what_was_done_for_all() -> None:
    clock = StepClock(skipped=1, before=3.0)
    clock.marks = [(10.0, 1.0), (12.0, 2.0), (14.0, 3.0)]
    assert clock.step_seconds == (2 + 1, 1 + 1)


def test_demo_pairs_are_as_many_as_asked_for_each_on_a_product_of_its_own() -> None:
    pairs = demo_pairs(50, 1)
    assert len(pairs) == len(set(pairs.products)) == 50
    assert pairs.comments == demo_pairs(50, 1).comments != demo_pairs(50, 2).comments


def test_equal_products_of_a_file_are_one_and_rows_without_a_text_are_left_out() -> None:
    pairs = read_pairs(["a", "b", "", "c", "d"], ["x", "y", "x", "x", ""])
    assert (pairs.comments, pairs.products) == (["a", "b", "c"], ["x", "y", "x"])
    np.testing.assert_array_equal(pairs.product_ids, [0, 1, 0])


def test_too_few_pairs_are_refused() -> None:
    with pytest.raises(UserError, match="only 10 pairs: 136 are needed, of which 128 are held out"):
        run(demo_pairs(10, 1), 8, 4, 1, TextSettings())
