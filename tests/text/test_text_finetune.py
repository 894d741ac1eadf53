"""Fine-tuning: the loss by hand, the order of pairs, and a tiny model that learns what it is shown."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from socialrec.encoders.body import ADAPTER, ADAPTER_CONFIG
from socialrec.encoders.encoder import Encoder
from socialrec.settings.text import TextSettings
from socialrec.text.tasks import TextPairs
from socialrec.text.training.finetune import FineTuned, fine_tune
from socialrec.text.training.losses import info_nce
from socialrec.text.understanding.recall import recall_at, recall_of

PLANE = torch.eye(2)
"""Two comments, each exactly at its product and at a right angle to the other."""
ALIASES = {"red": "shoe", "blue": "lamp", "green": "book", "grey": "chair"}
"""What comments call products: nothing in the letters says which belongs to which."""


def silent(step: int, loss: float) -> None:
    pass


@pytest.fixture(scope="module")
def pairs() -> TextPairs:
    """Every alias in four wordings; 16 pairs about 4 products."""
    comments = [f"{frame}{alias}" for frame in ("", "the ", "a ", "warm ") for alias in ALIASES]
    return TextPairs(comments, list(ALIASES.values()) * 4, np.array([0, 1, 2, 3] * 4))


@pytest.fixture(scope="module")
def tuned(pairs: TextPairs, tiny: TextSettings) -> FineTuned:
    return fine_tune([pairs], tiny, silent)


def test_the_loss_of_two_pairs_at_right_angles_is_the_log_of_one_plus_one_over_e() -> None:
    loss = info_nce(PLANE, PLANE, np.array([1, 2]), temperature=1)
    assert float(loss) == pytest.approx(math.log(1 + math.exp(-1)))


def test_a_lower_temperature_sharpens_the_loss() -> None:
    loss = info_nce(PLANE, PLANE, np.array([1, 2]), temperature=0.5)
    assert float(loss) == pytest.approx(math.log(1 + math.exp(-2)))


def test_both_directions_count_the_same() -> None:
    """One comment lies at the first product, one between the two: the directions differ, their mean does not turn."""
    comments = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    to_products = (math.log(1 + math.exp(-1)) + math.log(1 + math.exp(-0.2))) / 2
    to_comments = (math.log(1 + math.exp(-0.4)) + math.log(1 + math.exp(-0.8))) / 2
    loss = info_nce(comments, PLANE, np.array([1, 2]), temperature=1)
    assert float(loss) == pytest.approx((to_products + to_comments) / 2)
    assert float(info_nce(PLANE, comments, np.array([1, 2]), temperature=1)) == pytest.approx(float(loss))


def test_another_comment_on_the_same_product_is_no_negative() -> None:
    assert float(info_nce(PLANE, PLANE, np.array([5, 5]), temperature=1)) == 0
    three = torch.eye(3)
    one_negative, two_negatives = math.log(1 + math.exp(-1)), math.log(1 + 2 * math.exp(-1))
    loss = info_nce(three, three, np.array([5, 5, 6]), temperature=1)
    assert float(loss) == pytest.approx((2 * one_negative + two_negatives) / 3)


def test_recall_is_the_share_of_comments_with_their_product_in_reach() -> None:
    products = np.eye(3, dtype=np.float32)
    comments = np.array([[0.8, 0.6, 0.0], [0.8, 0.6, 0.0], [0.6, 0.8, 0.1]], dtype=np.float32)
    own = np.array([0, 1, 2])
    assert recall_of(comments, products, own, cutoff=1) == pytest.approx(1 / 3)
    assert recall_of(comments, products, own, cutoff=2) == pytest.approx(2 / 3)
    assert recall_of(comments, products, own, cutoff=3) == 1


def test_an_encoder_that_tells_nothing_apart_recalls_by_chance() -> None:
    same = np.ones((4, 1), dtype=np.float32)
    assert recall_of(same, same, np.arange(4), cutoff=1) == 0.25


def test_recall_finds_each_comments_product_whatever_its_number(encoder: Encoder) -> None:
    words, numbers = ["shoe", "lamp", "lamp"], np.array([70, 5, 5])
    assert recall_at(encoder, TextPairs(words, words, numbers), cutoff=1) == 1
    assert recall_at(encoder, TextPairs(words, ["lamp", "shoe", "shoe"], numbers), cutoff=1) == 0


def test_tuning_lowers_the_loss_and_brings_comments_to_their_products(
    tuned: FineTuned, encoder: Encoder, pairs: TextPairs, tiny: TextSettings
) -> None:
    assert len(tuned.losses) == tiny.train_steps
    assert np.mean(tuned.losses[-5:]) < np.mean(tuned.losses[:5]) / 2
    assert recall_at(tuned.encoder, pairs, cutoff=1) > recall_at(encoder, pairs, cutoff=1) + 0.4


def test_tuning_changes_the_adapter_alone(tuned: FineTuned, encoder: Encoder) -> None:
    assert tuned.encoder.base.sha256 == encoder.base.sha256
    assert tuned.encoder.version != encoder.version


def test_a_tuned_encoder_does_not_drop_out(tuned: FineTuned) -> None:
    np.testing.assert_array_equal(tuned.encoder.encode(["red shoe"]), tuned.encoder.encode(["red shoe"]))


def test_progress_is_told_every_step_and_its_loss(pairs: TextPairs, tiny: TextSettings) -> None:
    told: list[tuple[int, float]] = []
    made = fine_tune([pairs], tiny.model_copy(update={"train_steps": 3}), lambda step, loss: told.append((step, loss)))
    assert told == [(1, made.losses[0]), (2, made.losses[1]), (3, made.losses[2])]


def test_the_same_seed_gives_the_same_adapter_to_the_byte(
    tuned: FineTuned, pairs: TextPairs, tiny: TextSettings, tmp_path: Path
) -> None:
    again = fine_tune([pairs], tiny, silent)
    other = fine_tune([pairs], tiny.model_copy(update={"seed": 1}), silent)
    for name, made in {"first": tuned, "again": again, "other": other}.items():
        made.encoder.save(tmp_path / name)
    for file in (ADAPTER, ADAPTER_CONFIG):
        assert (tmp_path / "again" / file).read_bytes() == (tmp_path / "first" / file).read_bytes()
    assert (tmp_path / "other" / ADAPTER).read_bytes() != (tmp_path / "first" / ADAPTER).read_bytes()
    assert len({made.encoder.version for made in (tuned, again, other)}) == 2


def test_a_single_pair_can_be_trained_on_though_it_teaches_nothing(tiny: TextSettings) -> None:
    one = TextPairs(["red"], ["shoe"], np.array([0]))
    assert fine_tune([one], tiny.model_copy(update={"train_steps": 2}), silent).losses == [0, 0]


def test_pairs_are_taken_in_the_order_asked_for(pairs: TextPairs) -> None:
    taken = pairs.take([6, 0])
    assert (taken.comments, taken.products, list(taken.product_ids)) == (["the green", "red"], ["book", "shoe"], [2, 0])
