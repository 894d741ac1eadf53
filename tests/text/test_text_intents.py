"""Intents from logits: the bound of the scope, and what is said of a question beyond it."""

from __future__ import annotations

import numpy as np
import pytest

from socialrec.text.understanding.intent_bound import IntentBound, scope_scores

LOGITS = np.array([[4.0, 0.0], [0.0, 3.0], [2.0, 0.0], [0.0, 1.0]], dtype=np.float32)


def test_a_score_is_the_logarithm_of_the_sum_of_exponentials() -> None:
    assert scope_scores(np.zeros((1, 2), dtype=np.float32))[0] == pytest.approx(np.log(2))
    assert scope_scores(np.array([[5.0, -50.0]], dtype=np.float32))[0] == pytest.approx(5.0)


def test_the_bound_takes_the_right_intent_from_no_more_questions_than_it_may() -> None:
    labels = np.array([0, 1, 0, 1])
    assert IntentBound.fit(LOGITS, labels, 0.0).is_known(LOGITS).all()
    assert IntentBound.fit(LOGITS, labels, 0.25).is_known(LOGITS).tolist() == [True, True, True, False]
    # A question with a wrong intent loses nothing: the lowest right score is that of the third.
    assert IntentBound.fit(LOGITS, np.array([0, 1, 0, 0]), 0.0).is_known(LOGITS).tolist() == [True, True, True, False]


def test_a_question_beyond_the_scope_has_no_intent() -> None:
    found = IntentBound(2.5).intents(LOGITS, 1.0, ("brand", "price")).to_pylist()
    assert [row["intent"] for row in found] == ["brand", "price", None, None]
    assert found[0]["intent_confidence"] == pytest.approx(1 / (1 + np.exp(-4)))
    assert found[3]["intent_confidence"] == 0.0


def test_without_a_validation_question_no_intent_is_known() -> None:
    nothing = IntentBound.fit(np.zeros((0, 2), dtype=np.float32), np.zeros(0, dtype=np.int64), 0.1)
    assert not nothing.is_known(LOGITS).any()
