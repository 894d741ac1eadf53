"""Deletion test of answers: without the passages that an answer cites, it must change or be handed over."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from socialrec.answers.answering import answer
from socialrec.answers.model import AnswersModel
from socialrec.answers.passages import PassageIndex
from socialrec.answers.templates import TemplateBook
from socialrec.contracts.vocabulary import AnswerDecision
from socialrec.settings.answers import AnswersSettings
from socialrec.vectors.arrays import F32, Flags


def deletion_valid(
    answers: pa.Table,
    questions: pa.Table,
    question_vectors: F32,
    passages: PassageIndex,
    book: TemplateBook,
    *,
    model: AnswersModel,
    settings: AnswersSettings,
) -> Flags:
    """Test each answer from evidence, bool (n_evidence,): True where it depends on the passages that it cites.

    answers: of `answer`, with the same other arguments. Each question is asked again, of an index without the passages
    that its own answer cites.
    """
    valid = []
    for place, row in enumerate(answers.to_pylist()):
        if row["decision"] != AnswerDecision.EVIDENCE:
            continue
        cited = {citation["passage_id"] for citation in row["citations"]}
        asked, vector = questions.slice(place, 1), question_vectors[place : place + 1]
        again = answer(asked, vector, passages.without(cited), book, model=model, settings=settings).to_pylist()[0]
        valid.append(again["text"] != row["text"])
    return np.array(valid, dtype=bool)
