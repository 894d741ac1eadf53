"""Judged passages of a test set, ranked and decided about by a model, beside words alone and vectors alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa

from socialrec.answers.answering import Ranked, rank
from socialrec.answers.model import AnswersModel
from socialrec.answers.pairs import JudgedQuestions
from socialrec.answers.passages import PassageIndex
from socialrec.answers.ranking import F64
from socialrec.answers.training import judged_index
from socialrec.encoders.encoder import Encoder
from socialrec.settings.answers import AnswersSettings
from socialrec.vectors.arrays import F32, Flags


@dataclass(frozen=True)
class Pool:
    """Questions with judged passages, each question's as those of one product, and the vectors of the questions."""

    judged: JudgedQuestions
    index: PassageIndex
    vectors: F32

    @classmethod
    def of(cls, pairs: pa.Table, encoder: Encoder) -> Self:
        """Encode and index the pairs."""
        judged = JudgedQuestions.of(pairs)
        return cls(judged, *judged_index(judged, encoder))

    def settings(self, settings: AnswersSettings) -> AnswersSettings:
        """Settings under which all passages of a question, and no others, are its candidates."""
        longest = max(len(rows) for rows in self.judged.rows)
        return settings.model_copy(update={"top_k": longest, "other_products": False})

    def asked(self) -> pa.Table:
        """Questions as `answer` takes them."""
        rows = [
            {"question_id": str(place), "product_id": str(place), "text": rows[0]["question"]}
            for place, rows in enumerate(self.judged.rows)
        ]
        empty = {"language": None, "intent": None, "intent_confidence": None}
        return pa.Table.from_pylist([row | empty for row in rows])

    def ranked(self, model: AnswersModel, settings: AnswersSettings) -> Rankings:
        """Rank all passages of each question."""
        found = rank(self.asked().to_pylist(), self.vectors, self.index, model, self.settings(settings))
        return Rankings(found, [self._right(one) for one in found])

    def _right(self, one: Ranked) -> Flags:
        """Judgements of a question's candidates, in their order."""
        places = (str(self.index.columns["passage_id"][row]).split("/") for row in one.found.rows)
        return np.array([self.judged.rows[int(place)][int(at)]["is_right"] for place, at in places], dtype=bool)


@dataclass(frozen=True)
class Rankings:
    """Candidates of each question, best first, and which of them are right."""

    found: Sequence[Ranked]
    is_right: Sequence[Flags]

    @property
    def confidences(self) -> F64:
        """Confidence in each question's first passage, (n,)."""
        return np.array([one.confidence for one in self.found])

    @property
    def first_right(self) -> Flags:
        """True where the first passage is right, (n,)."""
        return np.array([one[0] for one in self.is_right], dtype=bool)

    @property
    def is_answerable(self) -> Flags:
        """True where some passage is right, (n,)."""
        return np.array([one.any() for one in self.is_right], dtype=bool)

    def by(self, values: str) -> list[Flags]:
        """Judgements in the order of the candidates' `bm25` or `cosines`: the peers."""
        orders = [np.argsort(-getattr(one.found, values), kind="stable") for one in self.found]
        return [right[order] for right, order in zip(self.is_right, orders, strict=True)]
