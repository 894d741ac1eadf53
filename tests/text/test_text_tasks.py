"""Tasks: what is given is numbered, and what cannot be learned is refused in a line."""

from __future__ import annotations

import numpy as np
import pytest

from socialrec.errors import UserError
from socialrec.text.tasks import MISSING, Output, Task, TextPairs, labelled, require_learnable

TEXTS = ["a", "b", "c", "d"]
SENTIMENT = labelled("sentiment", TEXTS, {"sentiment": ["good", "bad", "bad", "good"]})


def test_values_become_numbers_of_their_sorted_classes_and_gaps_are_missing() -> None:
    task = labelled("attributes", TEXTS, {"colour": ["red", "", "blue", "red"], "size": ["", "", "L", "M"]})
    assert [output.classes for output in task.outputs] == [("blue", "red"), ("L", "M")]
    assert task.labels.tolist() == [[1, MISSING], [MISSING, MISSING], [0, 0], [1, 1]]
    assert task.counts(0).tolist() == [1, 2]
    assert task.take([3, 0]).labels.tolist() == [[1, 1], [1, MISSING]]


def test_classes_that_training_has_not_seen_are_missing_in_validation() -> None:
    task = labelled("sentiment", ["x", "y"], {"sentiment": ["good", "odd"]}, SENTIMENT.outputs)
    assert task.labels.tolist() == [[1], [MISSING]]


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ([], "no task to train on"),
        ([SENTIMENT, SENTIMENT], "task sentiment is given twice"),
        ([TextPairs([], [], np.array([], dtype=np.int64))], "task retrieval: there are no pairs"),
        (
            [labelled("topic", TEXTS, {"topic": [""] * 4}, [Output("topic", ("a", "b"))])],
            "no text has a label for topic",
        ),
        ([labelled("topic", TEXTS, {"topic": ["size"] * 4})], "too few for a second class"),
        ([labelled("topic", TEXTS, {"topic": ["size", "size", "size", "price"]})], "too few for price"),
    ],
)
def test_what_cannot_be_learned_is_refused(tasks: list[Task], message: str) -> None:
    with pytest.raises(UserError, match=message):
        require_learnable(tasks)
