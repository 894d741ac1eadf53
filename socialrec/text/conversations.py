"""Tasks made from questions of customers and their answers: what a question wants, and which text answers it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.evaluate.split import Split
from socialrec.settings.text import TaskName
from socialrec.text.tasks import Labelled, TextPairs, labelled

_SLOT = re.compile(r"\{[^{}]*\}")
_LAST_SIGNS = " .!?\u3002\uff01\uff1f"
_SHOP = "shop"
QUESTION_COLUMNS = ("question_id", "product_id", "text", "asked_ts")
ANSWER_COLUMNS = ("question_id", "text", "author_kind", "n_votes")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Conversations:
    """Rows of silver.questions, silver.answers and silver.templates."""

    questions: pa.Table
    answers: pa.Table
    templates: pa.Table

    def windows(self, split: Split) -> tuple[Conversations, Conversations]:
        """Conversations whose question is from before the validation cut, and those of the validation window.

        Undated questions are in neither where the split is by time. An answer goes with its question.
        """
        # Where the split is a sample, it is drawn by user and product. Here the words are used instead of the user,
        # whose pseudonym is another in each home; questions without a product are of one that nobody has.
        product = pc.fill_null(self.questions["product_id"], "")
        keys = {"user_key": self.questions["text"], "product_id": product, "created_ts": self.questions["asked_ts"]}
        dated = pa.table({**keys, "question_id": self.questions["question_id"]})
        before, until_test = (split.training_comments(dated, until)["question_id"] for until in ("validation", "test"))
        is_early = pc.is_in(self.questions["question_id"], before.combine_chunks())
        is_in_time = pc.is_in(self.questions["question_id"], until_test.combine_chunks())
        within = pc.and_(is_in_time, pc.invert(is_early))
        early, late = self.questions.filter(is_early), self.questions.filter(within)
        return Conversations(early, self.answers, self.templates), Conversations(late, self.answers, self.templates)


def conversation_task(name: TaskName, conversations: Conversations) -> Labelled | TextPairs:
    """Make the task `intent` or `answers_question`."""
    return intents(conversations) if name is TaskName.INTENT else answered_questions(conversations)


def intents(conversations: Conversations) -> Labelled:
    """Make the intent task: questions labelled by the template of which the shop's answer is an instance.

    Slots match any words. Where several templates match, that with most words of its own counts. Questions without such
    an answer are left out.
    """
    templates = _patterns(conversations.templates)
    answers = _by_question(conversations.answers)
    texts, values = [], []
    for question in _in_order(conversations.questions):
        shop = [row["text"] for row in answers[question["question_id"]] if row["author_kind"] == _SHOP]
        found = next((intent for text in shop if (intent := _intent_of(text, templates))), None)
        if found:
            texts.append(question["text"])
            values.append(found)
    return labelled(TaskName.INTENT, texts, {"intent": values})


def answered_questions(conversations: Conversations) -> TextPairs:
    """Make pairs of questions and the answer to each: the shop's, else the customer's with most votes for it.

    Equal answers have the same number, so that none is a wrong answer to the other's question.
    """
    answers = _by_question(conversations.answers)
    pairs = [
        (question["text"], known[0]["text"])
        for question in _in_order(conversations.questions)
        if (known := answers[question["question_id"]])
    ]
    asked, said = [question for question, _ in pairs], [text for _, text in pairs]
    numbers = np.unique(np.array(said, dtype=str), return_inverse=True)[1]
    return TextPairs(asked, said, numbers.astype(np.int64), TaskName.ANSWERS_QUESTION)


def _in_order(questions: pa.Table) -> list[Row]:
    """Questions with words, by text: ids are of the source, and two shops with the same texts learn the same."""
    rows: list[Row] = questions.select(["question_id", "text"]).filter(pc.field("text") != "").to_pylist()
    return sorted(rows, key=lambda row: (row["text"], row["question_id"]))


def _by_question(answers: pa.Table) -> dict[str, list[Row]]:
    """Answers of each question, best first: the shop's, then by votes."""
    rows = answers.select(["question_id", "text", "author_kind", "n_votes"]).filter(pc.field("text") != "").to_pylist()
    rows.sort(key=lambda row: (row["author_kind"] != _SHOP, -(row["n_votes"] or 0), row["text"]))
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["question_id"]].append(row)
    return found


def _patterns(templates: pa.Table) -> list[tuple[re.Pattern[str], str]]:
    """Templates as patterns with their intents; those with most characters of their own first."""
    rows = templates.select(["intent", "text"]).to_pylist()
    rows.sort(key=lambda row: (-len(_SLOT.sub("", row["text"])), row["text"], row["intent"]))
    return [
        (
            re.compile(".+?".join(re.escape(_plain(part)) for part in _SLOT.split(row["text"].rstrip(_LAST_SIGNS)))),
            row["intent"],
        )
        for row in rows
        if re.search(r"\w", _SLOT.sub("", row["text"]))
    ]


def _intent_of(text: str, templates: Sequence[tuple[re.Pattern[str], str]]) -> str | None:
    plain = _plain(text).strip().rstrip(_LAST_SIGNS)
    return next((intent for pattern, intent in templates if pattern.fullmatch(plain)), None)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.casefold())
