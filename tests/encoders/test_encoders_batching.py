"""Batches: a token budget, equal lengths together, every example once a round, any batch by its number."""

from __future__ import annotations

import numpy as np

from socialrec.encoders.batching import TrainingBatches, budget_batches

LENGTHS = np.random.default_rng(0).integers(1, 40, size=500)


def test_a_batch_holds_as_many_texts_as_fit_when_all_are_as_long_as_its_longest() -> None:
    assert list(budget_batches([9, 5, 4, 2, 1], 10)) == [slice(0, 1), slice(1, 3), slice(3, 8)]


def test_a_text_longer_than_the_budget_is_a_batch_of_its_own() -> None:
    assert list(budget_batches([50, 1], 10)) == [slice(0, 1), slice(1, 11)]
    assert list(budget_batches([50, 40], 10, at_least=2)) == [slice(0, 2)]


def one_round(batches: TrainingBatches) -> list[np.ndarray]:
    found: list[np.ndarray] = []
    while sum(map(len, found)) < len(LENGTHS):
        found.append(batches[len(found)])
    return found


def test_a_round_shows_every_example_once_within_the_budget() -> None:
    batches = one_round(TrainingBatches(LENGTHS, 120, [1]))
    assert sorted(np.concatenate(batches)) == list(range(len(LENGTHS)))
    assert all(len(batch) * LENGTHS[batch].max() <= 120 for batch in batches)


def test_a_batch_can_hold_a_given_number_whatever_its_tokens() -> None:
    batches = one_round(TrainingBatches(LENGTHS, 0, [1], at_least=50))
    assert [len(batch) for batch in batches] == [50] * 10


def test_little_is_padded() -> None:
    batches = one_round(TrainingBatches(LENGTHS, 120, [1]))
    computed = sum(len(batch) * LENGTHS[batch].max() for batch in batches)
    assert LENGTHS.sum() / computed > 0.9


def test_a_batch_is_the_same_whichever_was_asked_for_before() -> None:
    first, again, other = (TrainingBatches(LENGTHS, 120, seed) for seed in ([1], [1], [2]))
    np.testing.assert_array_equal(first[300], again[300])
    np.testing.assert_array_equal(first[7], again[7])
    assert list(first[7]) != list(other[7])
    assert list(first[0]) != list(first[len(one_round(again))])
