"""Bound, confidence and retrieval, with figures that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from small_service import index_of, passages_of

from socialrec.answers.passages import PassageIndex
from socialrec.answers.ranking import NOBODY, Logistic, bound_of, passage_features, question_features
from socialrec.answers.retrieval import GENERAL, KIND, OWN, Candidates, retrieve
from socialrec.encoders.encoder import Encoder
from socialrec.errors import UserError


def test_the_bound_asks_for_more_than_luck() -> None:
    # Without a wrong one among n, the lower limit is 0.2 ** (1 / n): it reaches 0.95 from n = 32 on.
    right = np.ones(40, dtype=bool)
    confidences = np.linspace(0.99, 0.60, 40)
    assert bound_of(confidences, right, 0.95, 0.8) == pytest.approx(0.60)
    assert bound_of(confidences[:31], right[:31], 0.95, 0.8) == NOBODY
    assert bound_of(confidences[:32], right[:32], 0.95, 0.8) == pytest.approx(confidences[31])


def test_wrong_answers_raise_the_bound_above_themselves() -> None:
    confidences = np.linspace(0.99, 0.60, 40)
    is_right = np.arange(40) < 35
    assert bound_of(confidences, is_right, 0.95, 0.8) == pytest.approx(confidences[34])


def test_equally_confident_answers_are_shown_together_or_not_at_all() -> None:
    is_right = np.array([True] * 40 + [False] * 20)
    assert bound_of(np.full(60, 0.9), is_right, 0.95, 0.8) == NOBODY
    assert bound_of(np.zeros(0), np.zeros(0, dtype=bool), 0.95, 0.8) == NOBODY


def test_a_feature_that_never_varies_keeps_its_usual_weight() -> None:
    usual = Logistic({"a": 1.0, "b": -2.0}, 0.0)
    features = np.array([[0.0, 0.0], [1.0, 0.0]] * 20)
    fitted = Logistic.fit(("a", "b"), features, features[:, 0] > 0.5, usual)
    assert fitted.weights["b"] == -2.0
    assert fitted.weights["a"] > 1.0
    assert Logistic.fit(("a", "b"), features, np.ones(40, dtype=bool), usual) == usual


def test_equal_values_are_constant_though_their_standard_deviation_is_rounded() -> None:
    usual = Logistic({"a": 1.0, "b": 5.0}, 0.0)
    features = np.column_stack([np.linspace(0, 1, 40), np.full(40, np.log1p(4.0))])
    assert features.std(axis=0)[1] > 0
    fitted = Logistic.fit(("a", "b"), features, features[:, 0] > 0.5, usual)
    assert fitted.weights["a"] > 1
    assert fitted.weights["b"] == 5.0


def test_the_margin_is_to_the_best_passage_that_says_something_else() -> None:
    found = Candidates(np.arange(3), np.zeros(3, dtype=np.int64), np.zeros(3, np.float32), np.zeros(3, np.float32))
    features = passage_features(found, ["comment"] * 3, [1, 1, 1], np.zeros(3, dtype=np.float32))
    scores = np.array([2.0, 1.5, 0.5])
    assert question_features(scores, features, np.array([True, True, False]))[:2].tolist() == [2.0, 1.5]
    assert question_features(scores, features, np.array([True, True, True]))[1] == 0.0


def test_the_products_own_passages_come_first_and_a_quarter_of_the_places_is_for_others(encoder: Encoder) -> None:
    index = index_of(encoder)
    [found] = retrieve(["batteries"], ["kite"], encoder.encode(["batteries"]), index, 4, other_products=True)
    assert found.origins.tolist() == [OWN, OWN, OWN, KIND]
    [found] = retrieve(["batteries"], ["kite"], encoder.encode(["batteries"]), index, 20, other_products=True)
    assert found.origins.tolist() == [OWN] * 5 + [KIND, GENERAL]
    assert index.texts[found.rows[5]] == "The train needs 2 AA batteries."
    [found] = retrieve(["batteries"], ["kite"], encoder.encode(["batteries"]), index, 20, other_products=False)
    assert found.origins.tolist() == [OWN] * 5


def test_products_of_unknown_kind_share_nothing(encoder: Encoder) -> None:
    said = [("a", "cup", None, "description", 1, "The cup is red."), ("b", "pan", None, "description", 1, "It is red.")]
    table = passages_of(said)
    index = PassageIndex.of(table, encoder.encode(table["text"].to_pylist()))
    [found] = retrieve(["Is it red?"], ["cup"], encoder.encode(["Is it red?"]), index, 20, other_products=True)
    assert [index.texts[row] for row in found.rows] == ["The cup is red."]


def test_an_index_without_passages_answers_nothing(encoder: Encoder) -> None:
    index = PassageIndex.of(passages_of([]), np.zeros((0, encoder.dim), dtype=np.float32))
    [found] = retrieve(["Is it red?"], ["cup"], encoder.encode(["Is it red?"]), index, 20, other_products=True)
    assert len(found) == 0


def test_wrong_tables_are_named(encoder: Encoder) -> None:
    table = passages_of([("a", "cup", None, "description", 1, "The cup is red.")])
    with pytest.raises(UserError, match="the table of passages lacks text"):
        PassageIndex.of(table.drop_columns(["text"]), np.zeros((1, 2), dtype=np.float32))
    with pytest.raises(UserError, match="1 passages and 2 vectors"):
        PassageIndex.of(table, np.zeros((2, 2), dtype=np.float32))
    twice = passages_of([(n, "cup", kind, "description", 1, "Red.") for n, kind in (("a", "toys"), ("b", None))])
    with pytest.raises(UserError, match="several categories of cup"):
        PassageIndex.of(twice, np.zeros((2, 2), dtype=np.float32))
    with pytest.raises(UserError, match="two passages have the same id"):
        PassageIndex.of(pa.concat_tables([table, table]), np.zeros((2, 2), dtype=np.float32))
