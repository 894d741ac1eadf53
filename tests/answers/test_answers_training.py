"""Training on judged pairs: what is learned, from what, and what is saved."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tiny_encoders import bert

from socialrec.answers.model import AnswersModel, load_answers
from socialrec.answers.pair_scorer import load_pair_scorer
from socialrec.answers.pairs import JudgedQuestions, with_wrong_passages
from socialrec.answers.tables import PAIRS
from socialrec.answers.training import fit_answers
from socialrec.encoders.encoder import Encoder, load_encoder
from socialrec.errors import UserError
from socialrec.settings.answers import AnswersSettings
from socialrec.settings.text import Precision, TextSettings

__all__ = ["bert"]
COLORS, THINGS = ("red", "blue", "green", "grey"), ("shoe", "lamp", "book", "chair")
SMALL = AnswersSettings(
    min_pairs=10, min_calibration_questions=10, train_epochs=10.0, learning_rate=0.003, max_tokens=24
)


def pair(name: str, question: str, passage: str, *, is_right: bool, product: str | None = None) -> dict[str, object]:
    origin = {"passage_id": f"{name} {passage}", "passage": passage, "source": "comment", "n_agreeing": 1}
    return {"question_id": name, "product_id": product or name, "question": question, **origin, "is_right": is_right}


def judged() -> pa.Table:
    """Each thing in each colour, twice: the colour that is asked for is right, the next one is wrong."""
    rows = [
        pair(f"{thing} {color} {n}", f"a {color} {thing}", f"the {said} {thing}", is_right=said == color)
        for thing in THINGS
        for place, color in enumerate(COLORS)
        for n in range(2)
        for said in (color, COLORS[place - 1])
    ]
    return pa.Table.from_pylist(rows, PAIRS)


def judged_beyond_words() -> pa.Table:
    """Of four passages about another thing, those that say warm or soft are right, whatever the question's words."""
    rows = [
        pair(
            f"{thing} {color} {n}",
            f"a {color} {thing}",
            f"the {said} {COLORS[(place + n) % 4]} {THINGS[(number + place + n + 1) % 4]}",
            is_right=said in {"warm", "soft"},
        )
        for number, thing in enumerate(THINGS)
        for place, color in enumerate(COLORS)
        for n in range(2)
        for said in ("warm", "soft", "cold", "hard")
    ]
    return pa.Table.from_pylist(rows, PAIRS)


@pytest.fixture(scope="module")
def text(bert: Path) -> TextSettings:
    return TextSettings(model=str(bert), precision=Precision.FLOAT32, max_tokens=16)


@pytest.fixture(scope="module")
def tiny_encoder(text: TextSettings) -> Encoder:
    return load_encoder(text.model, text)


def fit(pairs: pa.Table, encoder: Encoder, text: TextSettings, settings: AnswersSettings = SMALL) -> AnswersModel:
    return fit_answers(pairs, encoder, settings, text, lambda step, loss: None)


def test_the_same_pairs_in_any_order_give_the_same_model(tiny_encoder: Encoder, text: TextSettings) -> None:
    pairs = judged_beyond_words()
    first, again = (fit(rows, tiny_encoder, text) for rows in (pairs, pairs.take(np.arange(len(pairs))[::-1])))
    assert first.figures["n_questions"] == 32
    assert replace(first, scorer=None) == replace(again, scorer=None)
    assert first.scorer is not None
    assert again.scorer is not None
    asked, said = ["a red shoe", "a red shoe"], ["the red shoe", "the blue shoe"]
    scores = first.scorer.score(asked, said)
    assert np.array_equal(scores, again.scorer.score(asked, said))
    assert np.array_equal(scores[::-1], first.scorer.score(asked, said[::-1]))


def test_a_saved_model_is_read_back_as_it_was(tiny_encoder: Encoder, text: TextSettings, tmp_path: Path) -> None:
    model = fit(judged_beyond_words(), tiny_encoder, text)
    model.save(tmp_path)
    found = load_answers(tmp_path, tiny_encoder.version, text)
    assert replace(found, scorer=None) == replace(model, scorer=None)
    assert found.scorer is not None
    assert model.scorer is not None
    assert found.scorer.score(["a red shoe"], ["the lamp"]) == model.scorer.score(["a red shoe"], ["the lamp"])


def test_a_shop_with_few_pairs_gets_what_they_are_enough_for(tiny_encoder: Encoder, text: TextSettings) -> None:
    pairs = judged()
    few = fit(pairs, tiny_encoder, text, AnswersSettings())
    assert few == replace(AnswersModel.untrained(tiny_encoder.version, AnswersSettings()), figures=few.figures)
    assert few.figures == {"n_questions": 32.0, "n_answerable": 32.0, "n_known": 32.0}
    calibrated = fit(pairs, tiny_encoder, text, AnswersSettings(min_calibration_questions=10))
    assert calibrated.scorer is None
    assert calibrated.ranking != few.ranking


def test_what_a_scorer_of_pairs_adds_to_words_and_vectors_is_measured(
    tiny_encoder: Encoder, text: TextSettings
) -> None:
    figures = fit(judged_beyond_words(), tiny_encoder, text).figures
    assert figures["val/first_right"] > figures["val/first_right_without_scorer"]
    # Here the words of the question alone tell.
    plain = fit(judged(), tiny_encoder, text).figures
    assert plain["val/first_right_without_scorer"] == plain["val/first_right"] == 1


def test_a_model_of_another_encoder_or_format_is_refused_in_one_line(
    tiny_encoder: Encoder, text: TextSettings, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="is no saved model of answers"):
        load_answers(tmp_path, tiny_encoder.version, text)
    AnswersModel.untrained("old", SMALL).save(tmp_path)
    with pytest.raises(UserError, match="was made for the encoder old, not "):
        load_answers(tmp_path, tiny_encoder.version, text)
    file = tmp_path / "answers.json"
    document = json.loads(file.read_text())
    for change, message in (
        ({"format": 0}, "has format 0"),
        ({"bound": 7}, "no share"),
        ({"ranking": {"weights": {}, "intercept": 0}}, "damaged"),
        ({"has_scorer": True}, "is no saved scorer of pairs"),
    ):
        file.write_text(json.dumps(document | change))
        with pytest.raises(UserError, match=message):
            load_answers(tmp_path, "old", text)
    with pytest.raises(UserError, match="is no saved scorer of pairs"):
        load_pair_scorer(tmp_path, text)


def test_questions_about_one_product_are_in_one_fold() -> None:
    rows = [pair(f"q{n}", f"question {n}", "yes", is_right=True, product=f"p{n % 7}") for n in range(70)]
    found = JudgedQuestions.of(pa.Table.from_pylist(rows, PAIRS))
    products = [{found.rows[place][0]["product_id"] for place in found.fold(number)} for number in range(2)]
    assert not products[0] & products[1]
    assert products[0] | products[1] == {f"p{n}" for n in range(7)}


def test_wrong_passages_are_those_of_other_questions_about_the_product_first() -> None:
    rows = [
        pair("size", "how big is the lamp", "it is 2 m", is_right=True, product="lamp"),
        pair("color", "what color is it", "the lamp is red", is_right=True, product="lamp"),
        pair("same", "how big is the lamp", "it is quite big", is_right=True, product="lamp"),
        pair("shoe", "does it fit", "it fits", is_right=True, product="shoe"),
    ]
    found = with_wrong_passages(pa.Table.from_pylist(rows, PAIRS), 1, seed=1).to_pylist()
    wrong = {row["question_id"]: row["passage"] for row in found if not row["is_right"]}
    # "it is quite big" answers the same question, asked twice.
    assert wrong["size"] == "the lamp is red"
    assert wrong["same"] == "the lamp is red"
    assert wrong["shoe"] != "it fits"
    assert len(found) == 8
