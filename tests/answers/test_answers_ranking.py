"""Bound, confidence and retrieval, with figures that can be worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pytest
from small_service import index_of, passages_of

from socialrec.answers.passages import PassageIndex
from socialrec.answers.ranking import (
    F64,
    NOBODY,
    PASSAGE_FEATURES,
    UNTRAINED_RANKING,
    Logistic,
    bound_of,
    passage_features,
    question_features,
)
from socialrec.answers.retrieval import GENERAL, KIND, OWN, Candidates, retrieve
from socialrec.answers.words import asks_for_number, tokens
from socialrec.encoders.encoder import Encoder
from socialrec.errors import UserError


def features_of(question: str, passages: Sequence[str], found: Candidates | None = None) -> F64:
    """Features of comments of one buyer each, with the scores of `found`, or else none."""
    nothing = np.zeros(len(passages), dtype=np.float32)
    words = [tokens(passage) for passage in passages]
    return passage_features(
        question,
        found or Candidates(np.arange(len(passages)), np.full(len(passages), OWN), nothing, nothing),
        words,
        sources=["comment"] * len(passages),
        n_agreeing=[1] * len(passages),
        scores=nothing,
    )


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
    features = features_of("red?", ["red"] * 3, found)
    scores = np.array([2.0, 1.5, 0.5])
    assert question_features(scores, features, np.array([True, True, False]))[:2].tolist() == [2.0, 1.5]
    assert question_features(scores, features, np.array([True, True, True]))[1] == 0.0


def test_passages_with_the_words_and_the_number_that_are_asked_for_are_told_apart() -> None:
    columns = [
        PASSAGE_FEATURES.index(name) for name in ("coverage", "number_asked", "number_missing", "number_unasked")
    ]
    passages = ["the mast is 30 inches tall", "a red mast", "cm: 12"]
    asked = features_of("how tall is the red mast?", passages)[:, columns]
    assert asked == pytest.approx(np.array([[2 / 3, 1, 0, 0], [2 / 3, 0, 1, 0], [0, 1, 0, 0]]))
    # No number is asked for: one in the passage is another sign.
    assert features_of("is the mast red?", passages)[0, columns].tolist() == [0.5, 0, 0, 1]
    length = PASSAGE_FEATURES.index("length")
    assert features_of("red?", passages)[1, length] == pytest.approx(np.log(4))


def test_a_training_learns_that_a_question_for_a_number_is_answered_by_one() -> None:
    passages = ["it is tall", "it is 30 inches", "it is nice"]
    features = np.concatenate([features_of("how tall is it?", passages), features_of("is it nice?", passages)])
    is_right = np.array([False, True, False, False, False, True])
    ranking = Logistic.fit(PASSAGE_FEATURES, np.tile(features, (20, 1)), np.tile(is_right, 20), UNTRAINED_RANKING)
    scores = ranking.logits(features)
    assert scores[:3].argmax() == 1
    assert scores[3:].argmax() == 2


def test_a_model_made_before_features_of_wording_ranks_as_it_did() -> None:
    document = asdict(UNTRAINED_RANKING)
    for name in ("coverage", "number_asked", "number_missing", "number_unasked", "length"):
        del document["weights"][name]
    assert Logistic.read(document, PASSAGE_FEATURES) == UNTRAINED_RANKING
    with pytest.raises(ValueError, match="other features"):
        Logistic.read({**document, "weights": {**document["weights"], "colour": 1.0}}, PASSAGE_FEATURES)
    del document["weights"]["cosine"]
    with pytest.raises(KeyError, match="cosine"):
        Logistic.read(document, PASSAGE_FEATURES)


def test_questions_for_an_amount_or_a_size_ask_for_a_number() -> None:
    for question in (
        "How many batteries does it need?",
        "what are the dimensions?",
        "多少钱?",
        "它有多高？",
        "有几个口袋？",
    ):
        assert asks_for_number(question), question
    for question in ("How do I fold it?", "Is it red?", "怎么样?", "几乎新吗？"):
        assert not asks_for_number(question), question


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
