"""Training of the model of answers on judged pairs: scorer, ranking, confidence, and the bounds of showing an answer.

Every figure and every weight that decides is learned on scores of questions that the scorer had not seen: pairs are
split in two folds by product, and each is scored by the scorer of the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from socialrec.answers.calibration import Example, HeldOutQuestions, calibrated
from socialrec.answers.model import AnswersModel
from socialrec.answers.pair_scorer import PairScorer
from socialrec.answers.pair_training import Progress, train_pair_scorer
from socialrec.answers.pairs import N_FOLDS, JudgedQuestions
from socialrec.answers.passages import PassageIndex
from socialrec.answers.ranking import passage_features
from socialrec.answers.retrieval import OWN, Candidates
from socialrec.answers.tables import PASSAGES
from socialrec.answers.words import tokens
from socialrec.encoders.encoder import Encoder
from socialrec.encoders.prompts import Role
from socialrec.settings.answers import AnswersSettings
from socialrec.settings.text import TextSettings
from socialrec.vectors.arrays import F32

MAX_QUESTIONS = 20_000
"""Most questions that a training learns from."""


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
    found = _found(judged, encoder)
    scorer, held_out = None, HeldOutQuestions.of(_examples(judged, found), judged)
    if n_known >= settings.min_pairs:
        figures["val/first_right_without_scorer"] = held_out.first_right
        scores = _unseen_scores(judged, beside, settings, text, progress)
        held_out = HeldOutQuestions.of(_examples(judged, found, scores), judged)
        scorer = train_pair_scorer([*judged.judged(), *beside.judged()], settings, text, progress)
    return calibrated(held_out, start=replace(untrained, scorer=scorer), settings=settings, figures=figures)


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


def _found(judged: JudgedQuestions, encoder: Encoder) -> list[Candidates]:
    """Passages of each question with their similarity by words and by vectors."""
    index, vectors = judged_index(judged, encoder)
    found = []
    for place, (rows, vector) in enumerate(zip(judged.rows, vectors, strict=True)):
        own, shelf = index.products[str(place)], index.shelf_of(str(place))
        assert shelf is not None
        bm25 = shelf.lexical(rows[0]["question"])[own.start : own.stop]
        near = np.einsum("nd,d->n", index.vectors[own.start : own.stop], vector)
        found.append(Candidates(np.array(own), np.full(len(own), OWN), bm25, near))
    return found


def _examples(
    judged: JudgedQuestions, found: Sequence[Candidates], pair_scores: Sequence[F32] | None = None
) -> list[Example]:
    """Features of all questions, with the scores of a scorer of pairs or without."""
    examples = []
    for place, (rows, candidates) in enumerate(zip(judged.rows, found, strict=True)):
        scores = np.zeros(len(rows), dtype=np.float32) if pair_scores is None else pair_scores[place]
        words = [tokens(row["passage"]) for row in rows]
        sources, n_agreeing = ([row[name] for row in rows] for name in ("source", "n_agreeing"))
        features = passage_features(candidates, sources, n_agreeing, scores)
        is_right = np.array([row["is_right"] for row in rows], dtype=bool)
        examples.append(Example(features, is_right, words, float(candidates.cosines.max())))
    return examples


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
