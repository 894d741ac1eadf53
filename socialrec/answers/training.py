"""Training of the model of answers on judged pairs: scorer, ranking, confidence, and the bounds of showing an answer.

Every figure and every weight that decides is learned on scores of questions that the scorer had not seen: pairs are
split in two folds by product, and each is scored by the scorer of the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from socialrec.answers.model import UNTRAINED_SCOPE_BOUND, AnswersModel
from socialrec.answers.pair_scorer import PairScorer
from socialrec.answers.pair_training import Progress, train_pair_scorer
from socialrec.answers.pairs import N_FOLDS, JudgedQuestions
from socialrec.answers.passages import PassageIndex
from socialrec.answers.ranking import (
    F64,
    PASSAGE_FEATURES,
    QUESTION_FEATURES,
    UNTRAINED_CONFIDENCE,
    UNTRAINED_RANKING,
    Logistic,
    bound_of,
    passage_features,
    question_features,
    ranked,
)
from socialrec.answers.retrieval import OWN, Candidates
from socialrec.answers.tables import PASSAGES
from socialrec.answers.words import tokens
from socialrec.encoders.encoder import Encoder
from socialrec.encoders.prompts import Role
from socialrec.settings.answers import AnswersSettings
from socialrec.settings.text import TextSettings
from socialrec.vectors.arrays import F32, Flags

MAX_QUESTIONS = 20_000
"""Most questions that a training learns from."""
_CALIBRATION_FOLDS = 10
"""Folds for which ranking and confidence, a few weights, are fitted without the fold: half of the questions is too few
for what the other half is to be measured by.
"""
_SCOPE_QUANTILE = 0.01
"""Share of answered questions that may be less similar to every passage than the bound of the scope."""


@dataclass(frozen=True)
class _Example:
    """One question: features of its passages (n, n_features), which are right (n,), and which have equal words."""

    features: F64
    is_right: Flags
    words: Sequence[Sequence[str]]

    def question_features(self, ranking: Logistic) -> tuple[F64, bool]:
        """Features of the question under a ranking, and if its first passage is right."""
        scores = ranking.logits(self.features)
        best = int(ranked(scores)[0])
        is_same = np.array([one == self.words[best] for one in self.words])
        return question_features(scores, self.features, is_same), bool(self.is_right[best])


def fit_answers(
    pairs: pa.Table,
    encoder: Encoder,
    settings: AnswersSettings,
    text: TextSettings,
    progress: Progress,
    *,
    more: pa.Table | None = None,
) -> AnswersModel:
    """Fit the model of answers on judged pairs (PAIRS): passages of questions, right and wrong ones.

    `more` are pairs that the scorer of pairs learns from too, but on which nothing is calibrated, such as questions
    whose wrong passages were drawn. With fewer than `min_pairs` questions with a right passage there is no scorer; with
    fewer than `min_calibration_questions` judged ones the model is `AnswersModel.untrained`, with the number of
    questions in its figures.
    """
    judged = JudgedQuestions.of(pairs, MAX_QUESTIONS)
    beside = JudgedQuestions.of(pairs.slice(0, 0) if more is None else more, MAX_QUESTIONS)
    n_known = judged.n_answerable + beside.n_answerable
    figures = {"n_questions": float(len(judged)), "n_answerable": float(judged.n_answerable), "n_known": float(n_known)}
    untrained = AnswersModel.untrained(encoder.version, settings)
    if judged.n_answerable < settings.min_calibration_questions or all(
        row["is_right"] for rows in judged.rows for row in rows
    ):
        return replace(untrained, figures=figures)
    scorer, pair_scores = None, [np.zeros(len(rows), dtype=np.float32) for rows in judged.rows]
    if n_known >= settings.min_pairs:
        pair_scores = _unseen_scores(judged, beside, settings, text, progress)
        scorer = train_pair_scorer([*judged.judged(), *beside.judged()], settings, text, progress)
    examples, cosines = _examples(judged, encoder, pair_scores)
    return _calibrated(
        examples, judged, cosines, start=replace(untrained, scorer=scorer), settings=settings, figures=figures
    )


def _unseen_scores(
    judged: JudgedQuestions, beside: JudgedQuestions, settings: AnswersSettings, text: TextSettings, progress: Progress
) -> list[F32]:
    """Scores of each question's passages by a scorer that learned from the products of the other fold."""
    scores: dict[int, F32] = {}
    for number in range(N_FOLDS):
        learned = [
            one
            for other in range(N_FOLDS)
            if other != number
            for one in (*judged.judged(judged.fold(other)), *beside.judged(beside.fold(other)))
        ]
        scorer = train_pair_scorer(learned, settings, text, progress)
        scores |= dict(zip(judged.fold(number), _scores_of(scorer, judged, judged.fold(number)), strict=True))
    return [scores[place] for place in range(len(judged))]


def _scores_of(scorer: PairScorer, judged: JudgedQuestions, places: Sequence[int]) -> list[F32]:
    """Scores of the passages of some questions, float32 (n,) each."""
    chosen = judged.judged(places)
    asked = [one.question for one in chosen for _ in one.passages]
    said = [passage for one in chosen for passage in one.passages]
    return np.split(scorer.score(asked, said), np.cumsum([len(one.passages) for one in chosen])[:-1])


def _examples(judged: JudgedQuestions, encoder: Encoder, pair_scores: Sequence[F32]) -> tuple[list[_Example], F64]:
    """Features of all questions, and the greatest cosine of each, (n,)."""
    index, vectors = judged_index(judged, encoder)
    examples, cosines = [], []
    for place, (rows, scores) in enumerate(zip(judged.rows, pair_scores, strict=True)):
        own = index.products[str(place)]
        shelf = index.shelf_of(str(place))
        assert shelf is not None
        bm25 = shelf.lexical(rows[0]["question"])[own.start : own.stop]
        near = np.einsum("nd,d->n", index.vectors[own.start : own.stop], vectors[place])
        found = Candidates(np.array(own), np.full(len(own), OWN), bm25, near)
        words = [tokens(row["passage"]) for row in rows]
        sources, n_agreeing = ([row[name] for row in rows] for name in ("source", "n_agreeing"))
        question = rows[0]["question"]
        features = passage_features(question, found, words, sources=sources, n_agreeing=n_agreeing, scores=scores)
        is_right = np.array([row["is_right"] for row in rows], dtype=bool)
        examples.append(_Example(features, is_right, words))
        cosines.append(near.max())
    return examples, np.array(cosines)


def judged_index(judged: JudgedQuestions, encoder: Encoder) -> tuple[PassageIndex, F32]:
    """Index in which the judged passages of each question are those of one product, named after the question's place;
    and the vectors of the questions, float32 (n, dim).

    All are of one kind, so that the rarity of words is that of all passages, as it is in a night.
    """
    rows = [
        {
            **row,
            "passage_id": f"{place}/{at:04}",
            "product_id": str(place),
            "category": "judged",
            "place": 0,
            "text": row["passage"],
            "language": None,
        }
        for place, one in enumerate(judged.rows)
        for at, row in enumerate(one)
    ]
    passages = pa.Table.from_pylist([{name: row[name] for name in PASSAGES.names} for row in rows], PASSAGES)
    index = PassageIndex.of(passages, encoder.reading(Role.PASSAGE).encode([row["text"] for row in rows]))
    return index, encoder.encode([one[0]["question"] for one in judged.rows])


def _calibrated(
    examples: Sequence[_Example],
    judged: JudgedQuestions,
    cosines: F64,
    *,
    start: AnswersModel,
    settings: AnswersSettings,
    figures: dict[str, float],
) -> AnswersModel:
    """Fit ranking and confidence on all examples; the bound on confidences of models that had not seen the question."""
    confidences, is_right = np.zeros(len(examples)), np.zeros(len(examples), dtype=bool)
    for number in range(_CALIBRATION_FOLDS):
        held_out = judged.fold(number, _CALIBRATION_FOLDS)
        ranking, confidence = _fitted([examples[place] for place in sorted(set(range(len(examples))) - set(held_out))])
        for place in held_out:
            features, is_right[place] = examples[place].question_features(ranking)
            confidences[place] = confidence.probabilities(features[None])[0]
    ranking, confidence = _fitted(examples)
    bound = bound_of(confidences, is_right, settings.precision, settings.limit_confidence)
    answerable = np.array([one.is_right.any() for one in examples])
    scope_bound = min(UNTRAINED_SCOPE_BOUND, float(np.quantile(cosines[answerable], _SCOPE_QUANTILE)))
    shown = confidences >= bound
    figures |= {
        "val/first_right": float(is_right[answerable].mean()),
        "val/shown_share": float(shown.mean()),
        "val/shown_right": float(is_right[shown].mean()) if shown.any() else 1.0,
    }
    return replace(start, ranking=ranking, confidence=confidence, bound=bound, scope_bound=scope_bound, figures=figures)


def _fitted(examples: Sequence[_Example]) -> tuple[Logistic, Logistic]:
    """Ranking of passages, then the confidence in the first one."""
    features, is_right = (
        np.concatenate([one.features for one in examples]),
        np.concatenate([one.is_right for one in examples]),
    )
    ranking = Logistic.fit(PASSAGE_FEATURES, features, is_right, UNTRAINED_RANKING)
    asked, firsts = zip(*(one.question_features(ranking) for one in examples), strict=True)
    return ranking, Logistic.fit(QUESTION_FEATURES, np.stack(asked), np.array(firsts), UNTRAINED_CONFIDENCE)
