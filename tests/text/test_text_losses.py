"""Losses of labelled tasks and their sum, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from socialrec.text.tasks import MISSING
from socialrec.text.training.losses import TaskWeights, class_weights, known_weight, masked_cross_entropy

EVEN = torch.zeros(3, 2)
"""Three texts of which nothing is known: each costs the log of two."""


def test_missing_labels_cost_nothing() -> None:
    weights = torch.ones(2)
    labels = torch.tensor([0, MISSING, 1])
    assert float(masked_cross_entropy(EVEN, labels, weights)) == pytest.approx(2 * math.log(2))
    assert known_weight(labels, weights) == 2
    nothing = torch.full((3,), MISSING)
    assert (float(masked_cross_entropy(EVEN, nothing, weights)), known_weight(nothing, weights)) == (0, 0)


def test_balanced_classes_weigh_the_same_in_all() -> None:
    counts = np.array([90, 10])
    weights = class_weights(counts, 1)
    np.testing.assert_allclose(weights.numpy() * counts, [50, 50], rtol=1e-6)
    assert class_weights(counts, 0).tolist() == [1, 1]


def test_classes_balanced_by_half_weigh_as_the_roots_of_their_counts() -> None:
    """Ninety to ten is three to one."""
    counts = np.array([90, 10])
    weights = class_weights(counts, 0.5).numpy() * counts
    assert weights[0] / weights[1] == pytest.approx(3)


def test_fixed_weights_multiply() -> None:
    weights = TaskWeights({"a": 2.0, "b": 1.0}, is_learned=False)
    assert float(weights("a", torch.tensor(3.0))) == 6
    assert list(weights.parameters()) == []


def test_learned_weights_start_where_they_are_set_and_fall_for_a_task_that_is_hard() -> None:
    """The best log variance of a loss L is log 2L: at 3 it is reached from 0 by growing."""
    weights = TaskWeights({"hard": 1.0}, is_learned=True)
    loss = weights("hard", torch.tensor(3.0))
    assert float(loss.detach()) == 3
    loss.backward()
    assert float(weights.log_variances[0].grad) == -3 + 0.5
