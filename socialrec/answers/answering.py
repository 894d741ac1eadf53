"""Answering: questions in, one decision each, with a text and its citations or the reason for handing over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from socialrec.answers.composing import Citation, cite, compose
from socialrec.answers.model import AnswersModel
from socialrec.answers.passages import PassageIndex
from socialrec.answers.questions import UNKNOWN_LANGUAGE, why_handed_over
from socialrec.answers.ranking import F64, passage_features, question_features, ranked
from socialrec.answers.retrieval import Candidates, retrieve
from socialrec.answers.tables import ANSWERS, ATTRIBUTE_SOURCES, QUESTIONS, columns_of
from socialrec.answers.templates import Filled, TemplateBook
from socialrec.answers.words import tokens
from socialrec.contracts.vocabulary import AnswerDecision, HandOverReason
from socialrec.display.messages.catalogue import first_known, messages_in
from socialrec.errors import UserError
from socialrec.settings.answers import AnswersSettings
from socialrec.vectors.arrays import F32

BLOCK_QUESTIONS = 512
"""Questions that are answered at a time."""
_MIN_CHANCE = 0.3
"""Probability of the ranking from which another passage counts as contrary evidence."""
_UNKNOWN = frozenset({None, "", UNKNOWN_LANGUAGE})
Question = Mapping[str, Any]


@dataclass(frozen=True)
class Ranked:
    """Candidates of one question, best first, with their ranking scores (n,), and the confidence in the first."""

    found: Candidates
    scores: F64
    confidence: float


@dataclass(frozen=True)
class _Answer:
    decision: AnswerDecision
    reason: HandOverReason | None = None
    text: str = ""
    language: str | None = None
    citations: list[Citation] = field(default_factory=list)
    confidence: float = 0.0
    is_phrased: bool = False


def answer(
    questions: pa.Table,
    question_vectors: F32,
    passages: PassageIndex,
    book: TemplateBook,
    *,
    model: AnswersModel,
    settings: AnswersSettings,
) -> pa.Table:
    """Answer questions, in their order, as rows of ANSWERS.

    question_vectors: unit vectors, float32 (n, dim), of the encoder that made those of the passages. Equal questions
    about equal evidence have equal answers, in any order and number. Questions, passages and values of attributes are
    data: nothing in them changes a rule. Raises UserError where a table lacks a column or a vector is missing.
    """
    asked = columns_of(questions, QUESTIONS, "questions")
    if len(asked) != len(question_vectors):
        raise UserError(f"there are {len(asked):,} questions and {len(question_vectors):,} vectors: encode them again")
    service = _Service(passages, book, model, settings)
    starts = range(0, len(asked), BLOCK_QUESTIONS)
    blocks = [
        service.answers(
            asked.slice(start, BLOCK_QUESTIONS).to_pylist(), question_vectors[start : start + BLOCK_QUESTIONS]
        )
        for start in starts
    ]
    return pa.concat_tables([ANSWERS.empty_table(), *blocks])


def rank(
    questions: Sequence[Question], vectors: F32, passages: PassageIndex, model: AnswersModel, settings: AnswersSettings
) -> list[Ranked]:
    """Retrieve and rank the candidates of each question, and say how sure the first one answers it."""
    texts, products = [one["text"] for one in questions], [one["product_id"] for one in questions]
    retrieved = retrieve(texts, products, vectors, passages, settings.top_k, other_products=settings.other_products)
    found = [
        _readable(candidates, one["language"], passages) for one, candidates in zip(questions, retrieved, strict=True)
    ]
    pair_scores = _pair_scores(texts, found, passages, model)
    return [_ranked(one, scores, passages, model) for one, scores in zip(found, pair_scores, strict=True)]


def _readable(found: Candidates, language: str | None, passages: PassageIndex) -> Candidates:
    """Candidates in the language of the question, as far as both are known."""
    languages = passages.columns["language"]
    kept = [
        place
        for place, row in enumerate(found.rows)
        if {language, languages[row]} & _UNKNOWN or languages[row] == language
    ]
    return found.take(np.array(kept, dtype=np.int64))


def _pair_scores(
    texts: Sequence[str], found: Sequence[Candidates], passages: PassageIndex, model: AnswersModel
) -> list[F32]:
    sizes = [len(one) for one in found]
    if model.scorer is None or not sum(sizes):
        return [np.zeros(size, dtype=np.float32) for size in sizes]
    asked = [text for text, size in zip(texts, sizes, strict=True) for _ in range(size)]
    said = [passages.texts[row] for one in found for row in one.rows]
    return np.split(model.scorer.score(asked, said), np.cumsum(sizes)[:-1])


def _ranked(found: Candidates, pair_scores: F32, passages: PassageIndex, model: AnswersModel) -> Ranked:
    if not len(found):
        return Ranked(found, np.zeros(0), 0.0)
    sources, n_agreeing = ([passages.columns[name][row] for row in found.rows] for name in ("source", "n_agreeing"))
    features = passage_features(found, sources, n_agreeing, pair_scores)
    scores = model.ranking.logits(features)
    order = ranked(scores)
    words = [tokens(passages.texts[row]) for row in found.rows]
    is_same = np.array([one == words[order[0]] for one in words])
    confidence = model.confidence.probabilities(question_features(scores, features, is_same)[None])[0]
    return Ranked(found.take(order), scores[order], float(confidence))


@dataclass(frozen=True)
class _Service:
    """Everything that answers one block of questions after the other."""

    passages: PassageIndex
    book: TemplateBook
    model: AnswersModel
    settings: AnswersSettings

    def answers(self, asked: Sequence[Question], vectors: F32) -> pa.Table:
        """Answer a block, as rows of ANSWERS."""
        made: dict[int, _Answer] = {}
        bad_templates = set()
        for place, question in enumerate(asked):
            found = self._without_evidence(question)
            if isinstance(found, _Answer):
                made[place] = found
            elif found is not None:
                bad_templates.add(place)
        rest = [place for place in range(len(asked)) if place not in made]
        ranks = rank([asked[at] for at in rest], vectors[rest], self.passages, self.model, self.settings)
        phrased = self._phrased([asked[at] for at in rest], ranks)
        for place, one, words in zip(rest, ranks, phrased, strict=True):
            made[place] = (
                self._from_evidence(asked[place], one, words)
                if self._is_shown(one)
                else self._handed_over(one, is_template_bad=place in bad_templates)
            )
        return pa.Table.from_pylist(list(_rows(asked, made)), ANSWERS)

    def _without_evidence(self, question: Question) -> _Answer | str | None:
        """Answer by template, or hand over what no evidence may answer; else the problem of the template, or None."""
        product, settings = question["product_id"], self.settings
        if reason := why_handed_over(question["text"] or "", question["language"], settings):
            return _Answer(AnswerDecision.HAND_OVER, reason)
        if product is not None and product not in self.passages.products and product not in self.book.values:
            return _Answer(AnswerDecision.HAND_OVER, HandOverReason.UNKNOWN_PRODUCT)
        intent, confidence = question["intent"], question["intent_confidence"] or 0.0
        if intent is None or confidence < settings.min_intent_confidence:
            return None
        language = question["language"] if question["language"] in settings.languages else settings.languages[0]
        filled = self.book.filled(intent, language, product)
        if not isinstance(filled, Filled):
            return filled
        citations = list(_cited(filled, product, self.passages))
        return _Answer(AnswerDecision.TEMPLATE, None, filled.text, language, citations, confidence)

    def _is_shown(self, one: Ranked) -> bool:
        return bool(len(one.found)) and one.confidence >= self.model.bound and self._is_in_scope(one)

    def _is_in_scope(self, one: Ranked) -> bool:
        return float(one.found.cosines.max(initial=-1.0)) >= self.model.scope_bound

    def _phrased(self, asked: Sequence[Question], ranks: Sequence[Ranked]) -> list[str]:
        """Words of the generator for the first passage of each question that is answered; else empty."""
        words = [""] * len(asked)
        if self.model.generator is not None:
            places = [place for place, one in enumerate(ranks) if self._is_shown(one)]
            said = [self.passages.texts[ranks[place].found.rows[0]] for place in places]
            texts = self.model.generator.phrase([asked[place]["text"] for place in places], said)
            for place, text in zip(places, texts, strict=True):
                words[place] = text
        return words

    def _from_evidence(self, question: Question, one: Ranked, phrased: str) -> _Answer:
        found = one.found
        chances = 1 / (1 + np.exp(-one.scores))
        is_like_first = (found.origins == found.origins[0]) & (chances >= min(_MIN_CHANCE, chances[0]))
        others = found.rows[is_like_first].tolist()
        best, language = int(found.rows[0]), self._language(question, int(found.rows[0]))
        messages = messages_in(first_known([language]))
        made = compose(best, others, int(found.origins[0]), self.passages, messages, phrased=phrased)
        evidence = AnswerDecision.EVIDENCE
        return _Answer(evidence, None, made.text, language, made.citations, one.confidence, made.is_phrased)

    def _handed_over(self, one: Ranked, *, is_template_bad: bool) -> _Answer:
        if is_template_bad:
            reason = HandOverReason.BAD_TEMPLATE
        elif not len(one.found):
            reason = HandOverReason.NO_EVIDENCE
        else:
            reason = HandOverReason.UNSURE if self._is_in_scope(one) else HandOverReason.OUT_OF_SCOPE
        return _Answer(AnswerDecision.HAND_OVER, reason, confidence=one.confidence)

    def _language(self, question: Question, best: int) -> str:
        """Language of an answer: the question's, or else that of the passage, as far as they are known."""
        spoken = (question["language"], self.passages.columns["language"][best])
        return next((str(one) for one in spoken if one not in _UNKNOWN), self.settings.languages[0])


def _cited(filled: Filled, product: str | None, passages: PassageIndex) -> Iterator[Citation]:
    """Cite the value of each slot where a passage states it."""
    for value in dict.fromkeys(filled.values.values()):
        for row in passages.products.get(product, ()) if product is not None else ():
            start = passages.texts[row].find(value)
            if passages.columns["source"][row] in ATTRIBUTE_SOURCES and start >= 0:
                yield cite(passages, row, start, start + len(value))
                break


def _rows(asked: Sequence[Question], made: Mapping[int, _Answer]) -> Iterator[dict[str, Any]]:
    for place, question in enumerate(asked):
        one = made[place]
        yield {
            "question_id": question["question_id"],
            "decision": one.decision.value,
            "reason": one.reason.value if one.reason else None,
            "text": one.text,
            "language": one.language,
            "citations": one.citations,
            "confidence": one.confidence,
            "is_phrased": one.is_phrased,
        }
