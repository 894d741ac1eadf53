"""Hard negatives, by hand: the nearest products that are surely wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from socialrec.encoders.encoder import Encoder
from socialrec.settings.text import TextSettings
from socialrec.text.tasks import MISSING, TextPairs
from socialrec.text.training.feeds import PairFeed
from socialrec.text.training.losses import info_nce
from socialrec.text.training.mining import hard_negatives

LINE = np.array([[1.0, 0.0], [0.95, 0.0], [0.8, 0.0], [0.5, 0.0], [-1.0, 0.0]], dtype=np.float32)
"""Five products whose likeness to the comment (1, 0) is their first number."""
COMMENT = np.array([[1.0, 0.0]], dtype=np.float32)


def test_the_nearest_wrong_products_below_the_margin_are_taken_nearest_first() -> None:
    assert hard_negatives(COMMENT, LINE, np.array([0]), count=2, margin=0.1).tolist() == [[2, 3]]
    assert hard_negatives(COMMENT, LINE, np.array([0]), count=2, margin=0.01).tolist() == [[1, 2]]


def test_what_is_nearer_than_a_comments_own_product_may_be_as_right() -> None:
    assert hard_negatives(COMMENT, LINE, np.array([2]), count=1, margin=0.1).tolist() == [[3]]


def test_too_few_products_leave_places_missing() -> None:
    found = hard_negatives(COMMENT, LINE[:3], np.array([0]), count=5, margin=0.1)
    assert found.tolist() == [[2, MISSING, MISSING, MISSING, MISSING]]


def test_equal_products_go_by_their_row() -> None:
    same = LINE[[0, 3, 3, 3]]
    assert hard_negatives(COMMENT, same, np.array([0]), count=2, margin=0).tolist() == [[1, 2]]


def test_a_hard_negative_costs_comments_and_a_comments_own_product_or_a_missing_one_nothing() -> None:
    """Two pairs at right angles, whose loss is ln(1 + 1/e); further products lie at a right angle to both."""
    pairs, further = torch.eye(3)[:2], torch.eye(3)[2:]
    plain = math.log(1 + math.exp(-1))
    with_one = math.log(1 + 2 * math.exp(-1))
    products = torch.cat([pairs, further])
    assert float(info_nce(pairs, products, np.array([1, 2, 3]), 1)) == pytest.approx((with_one + plain) / 2)
    assert float(info_nce(pairs, products, np.array([1, 2, MISSING]), 1)) == pytest.approx(plain)
    half = (with_one + plain) / 2
    assert float(info_nce(pairs, products, np.array([1, 2, 1]), 1)) == pytest.approx((half + plain) / 2)


def test_a_feed_mines_other_texts_than_the_own_whatever_their_product_numbers(
    encoder: Encoder, tiny: TextSettings
) -> None:
    """Products 7 and 9 are the same lamp: neither is a negative of the other."""
    pairs = TextPairs(["lamp", "lamp", "shoe"], ["lamp", "lamp", "shoe"], np.array([7, 9, 8]))
    feed = PairFeed(pairs, encoder, tiny.model_copy(update={"hard_negatives": 1}), 0)
    batch = np.array([0, 1, 2])
    texts = feed.tokens(batch)
    lamp, shoe = encoder.tokenize(["lamp", "shoe"])
    assert texts == [lamp, lamp, shoe, lamp, lamp, shoe, shoe, shoe, lamp]
    assert feed.lengths.tolist() == [9, 9, 9]
    vectors = encoder.embed_tokens(texts).detach()
    other = float(vectors[0] @ vectors[2]) - 1
    # The lamps' one wrong product is there three times, the shoe's, once as its own pair's and once as a negative.
    n_wrong = [3, 3, 3]
    to_products = np.mean([math.log(1 + n * math.exp(other / tiny.temperature)) for n in n_wrong])
    to_comments = np.mean([math.log(1 + n * math.exp(other / tiny.temperature)) for n in (1, 1, 2)])
    assert float(feed.part_loss(vectors, batch)) == pytest.approx((to_products + to_comments) / 2, rel=1e-4)
