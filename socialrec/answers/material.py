"""Pairs to learn from, made of the shop's own past: questions with the answers that were given to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from socialrec.answers.generator_training import Phrasing
from socialrec.answers.passages import PassageIndex
from socialrec.answers.retrieval import retrieve
from socialrec.answers.tables import PAIRS
from socialrec.answers.words import content, n_negations, numbers
from socialrec.contracts.vocabulary import AuthorKind, PassageSource
from socialrec.vectors.arrays import F32

SAME, OTHER = 0.6, 0.3
"""Share of the content words of the shorter text that both have: from SAME on two texts say the same, below OTHER
they do not; between them nobody can tell, and the passage is left out.
"""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class AnsweredQuestions:
    """Past questions (`question_id`, `product_id`, `text`) with their unit vectors, and the answers to each.

    answers: by question id, the texts that were given, those of the shop first.
    """

    questions: Sequence[Row]
    vectors: F32
    answers: Mapping[str, Sequence[str]]

    def pairs(self, index: PassageIndex, k: int, *, other_products: bool) -> Iterator[dict[str, Any]]:
        """Judge the passages that a night would find for each question: rows of PAIRS.

        A passage is right if it says what one of the answers says. The answers' own sentences are left out, because
        they were not there yet when the question was asked.
        """
        texts, products = ([one[name] for one in self.questions] for name in ("text", "product_id"))
        for one, found in zip(
            self.questions,
            retrieve(texts, products, self.vectors, index, k, other_products=other_products),
            strict=True,
        ):
            given = self.answers[one["question_id"]]
            for row in found.rows:
                text = index.texts[row]
                verdict = judge(text, given)
                if verdict is not None and not any(text in answer for answer in given):
                    yield _pair(one, index, int(row), is_right=verdict)


def _pair(question: Row, index: PassageIndex, row: int, *, is_right: bool) -> dict[str, Any]:
    return {
        "question_id": question["question_id"],
        "product_id": question["product_id"],
        "question": question["text"],
        "passage_id": index.columns["passage_id"][row],
        "passage": index.texts[row],
        "source": index.columns["source"][row],
        "n_agreeing": index.columns["n_agreeing"][row],
        "is_right": is_right,
    }


def judge(passage: str, answers: Sequence[str]) -> bool | None:
    """Tell if a passage says what one of the answers says; None where that is open.

    Both need the same numbers where both have some, and as many negations, and share most words that carry content.
    """
    verdicts = [_agree(passage, answer) for answer in answers]
    if True in verdicts:
        return True
    return None if None in verdicts else False


def _agree(passage: str, answer: str) -> bool | None:
    here, there = content(passage), content(answer)
    if not here or not there:
        return None
    shared = len(here & there) / min(len(here), len(there))
    if shared < OTHER:
        return False
    if (numbers(passage) and numbers(answer) and not numbers(passage) & numbers(answer)) or (
        n_negations(passage) % 2 != n_negations(answer) % 2
    ):
        return False
    return True if shared >= SAME else None


def own_pairs(questions: Sequence[Row], answers: Mapping[str, Sequence[str]]) -> pa.Table:
    """Pairs of questions and the answers that were given to them, all right: rows of PAIRS."""
    rows = [
        {
            **{name: one[name] for name in ("question_id", "product_id")},
            "question": one["text"],
            "passage_id": f"{one['question_id']}/{place}",
            "passage": text,
            "source": PassageSource.ANSWER.value,
            "n_agreeing": 1,
            "is_right": True,
        }
        for one in questions
        for place, text in enumerate(answers[one["question_id"]])
    ]
    return pa.Table.from_pylist(rows, PAIRS)


def phrasings(pairs: Sequence[Row], answers: Mapping[str, Sequence[str]]) -> list[Phrasing]:
    """Answers that were given in other words than the passages (rows of PAIRS) that answer the same questions."""
    return [
        Phrasing(one["question"], one["passage"], text)
        for one in pairs
        if one["is_right"]
        for text in answers[one["question_id"]]
    ]


def answers_by_question(answers: pa.Table) -> dict[str, list[str]]:
    """Texts of the answers (`question_id`, `text`, `author_kind`, `n_votes`) by question: the shop's first, then those
    with most votes.
    """
    ordered = sorted(
        answers.to_pylist(),
        key=lambda row: (row["author_kind"] != AuthorKind.SHOP, -(row["n_votes"] or 0), row["text"]),
    )
    found: dict[str, list[str]] = defaultdict(list)
    for row in ordered:
        found[row["question_id"]].append(row["text"])
    return dict(found)
