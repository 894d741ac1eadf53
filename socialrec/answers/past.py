"""Past questions that were answered, with what a night could have cited for them, one category at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.answers.evidence import read_evidence
from socialrec.answers.material import AnsweredQuestions, answers_by_question
from socialrec.answers.passages import PassageIndex
from socialrec.answers.tables import PASSAGES as PASSAGE_COLUMNS
from socialrec.answers.training import MAX_QUESTIONS
from socialrec.contracts.columns import Table
from socialrec.contracts.gold import PASSAGES
from socialrec.contracts.silver import SILVER_ANSWERS, SILVER_QUESTIONS
from socialrec.contracts.vocabulary import PassageSource
from socialrec.encoders.encoder import Encoder
from socialrec.encoders.prompts import Role
from socialrec.lake import Lake
from socialrec.vectors.arrays import vectors_of

_KEY = ("platform", "question_id")
Questions = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class PastQuestions:
    """Answered questions about products with passages, the newest MAX_QUESTIONS of them, in the order of their texts.

    questions: `question_id` (with its platform), `product_id`, `text`, `language`, `category` and `asked_ts`. answers:
    by question id, the texts that were given, those of the shop first.
    """

    lake: Lake
    ds: str
    encoder: Encoder
    questions: Questions
    answers: dict[str, list[str]]

    @classmethod
    def read(cls, lake: Lake, ds: str, encoder: Encoder, *, is_shared: bool) -> Self:
        """Read the questions up to a day; `is_shared`: ids of questions are the same on all platforms."""

        def until(table: Table, *columns: str) -> pa.Table:
            days = [day for day in lake.partitions(table) if day <= ds]
            return with_one_id(lake.read(table, days, [*_KEY, *columns]), is_shared)

        asked = until(SILVER_QUESTIONS, "product_id", "text", "language", "asked_ts")
        answered = until(SILVER_ANSWERS, "text", "author_kind", "n_votes")
        kinds = lake.read(PASSAGES, [ds], ["product_id", "category"], filter=pc.field("product_id").is_valid())
        category = dict(zip(*(kinds[name].to_pylist() for name in ("product_id", "category")), strict=True))
        given = answers_by_question(answered)
        rows = [
            {**row, "category": category[row["product_id"]]}
            for row in asked.to_pylist()
            if row["question_id"] in given and row["product_id"] in category
        ]
        newest = sorted(rows, key=lambda row: (str(row["asked_ts"] or ""), row["text"], row["question_id"]))
        kept = sorted(newest[-MAX_QUESTIONS:], key=lambda row: (row["text"], row["product_id"], row["question_id"]))
        return cls(lake, ds, encoder, kept, given)

    def blocks(self, questions: Questions, before: Any = None) -> Iterator[tuple[AnsweredQuestions, PassageIndex]]:
        """Some of the questions by category, each time with the passages of it.

        before: a time; earlier answers that were given then or later are left out. None: nothing is.
        """
        members: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for one in questions:
            members[f"category {one['category']}" if one["category"] else f"product {one['product_id']}"].append(one)
        for _, asked in sorted(members.items()):
            vectors = self.encoder.encode([one["text"] for one in asked])
            yield AnsweredQuestions(asked, vectors, self.answers), self._index(asked[0], before)

    def _index(self, question: dict[str, Any], before: Any) -> PassageIndex:
        names = (question[name] for name in ("product_id", "category"))
        passages = read_evidence(self.lake, self.ds, self.encoder.reading(Role.PASSAGE).version, *names)
        if before is not None:
            is_answer = pc.equal(passages["source"], PassageSource.ANSWER.value)
            later = pc.and_kleene(is_answer, pc.greater_equal(passages["said_ts"], before))
            passages = passages.filter(pc.invert(pc.fill_null(later, False)))
        return PassageIndex.of(passages.select(PASSAGE_COLUMNS.names), vectors_of(passages["embedding"]))


def with_one_id(rows: pa.Table, is_shared: bool) -> pa.Table:
    """Join platform and id of questions to one id, unless the id alone is one on all platforms."""
    if is_shared:
        return rows.drop_columns("platform")
    ids = pc.binary_join_element_wise(rows["platform"], rows["question_id"], ":")
    place = rows.schema.get_field_index("question_id")
    return rows.set_column(place, "question_id", ids).drop_columns("platform")
