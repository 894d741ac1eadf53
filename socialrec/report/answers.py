"""Answers of a day on a page: how many questions were answered, why others were not, and examples of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from socialrec.contracts.gold import ANSWERS
from socialrec.contracts.silver import SILVER_PRODUCTS, SILVER_QUESTIONS
from socialrec.contracts.vocabulary import AnswerDecision, HandOverReason
from socialrec.display.visible import label
from socialrec.lake import Lake
from socialrec.lake.export import database

EXAMPLES = 10
"""Answers of each decision that the page shows."""
TO_DO_PRODUCTS, TO_DO_QUESTIONS = 20, 3
"""Products of which nothing tells what is asked, and questions shown of each."""
SHOWN_CHARACTERS = 300
"""Characters of a cited passage that a person is shown."""
UNTOLD = (HandOverReason.NO_EVIDENCE, HandOverReason.UNSURE, HandOverReason.BAD_TEMPLATE)
"""Reasons of questions that a sentence of the shop would answer."""
DECISIONS = {
    AnswerDecision.TEMPLATE: "answered by a template",
    AnswerDecision.EVIDENCE: "answered by a passage",
    AnswerDecision.HAND_OVER: "handed over to a person",
}
REASONS = {
    HandOverReason.EMPTY: "nothing to read",
    HandOverReason.TOO_LONG: "too long",
    HandOverReason.SEVERAL_QUESTIONS: "several questions in one",
    HandOverReason.OTHER_LANGUAGE: "in another language",
    HandOverReason.PERSONAL_DATA: "with personal data",
    HandOverReason.INSULT: "an insult",
    HandOverReason.INSTRUCTIONS: "gives orders to the program",
    HandOverReason.UNKNOWN_PRODUCT: "about an unknown or withdrawn product",
    HandOverReason.OUT_OF_SCOPE: "about nothing that the shop sells",
    HandOverReason.NO_EVIDENCE: "nothing is known that may be cited",
    HandOverReason.BAD_TEMPLATE: "its template cannot be filled",
    HandOverReason.UNSURE: "no passage answers it surely enough",
}
"""Words for decisions and reasons."""


_COUNT = "SELECT {column}, count(*) AS n FROM answers GROUP BY {column}"
_ASKED = """
    CREATE VIEW asked AS
    SELECT answers.* EXCLUDE (text), answers.text AS text, questions.text AS question, coalesce(title, '') AS title
    FROM answers JOIN questions USING (platform, question_id)
    LEFT JOIN products ON products.product_id = answers.product_id
"""
# Ordered by a hash, so that examples are not those of one product; the same on every run.
_EXAMPLES = """
    SELECT question, title, text, language, reason, [citation.quote FOR citation IN citations] AS quotes FROM asked
    WHERE decision = ? ORDER BY md5(question_id), question_id LIMIT ?
"""
_TO_DO = """
    SELECT any_value(title) AS title, count(*) AS n, array_agg(question ORDER BY question)[:?] AS questions
    FROM asked WHERE list_contains(?, reason) AND product_id IS NOT NULL
    GROUP BY product_id ORDER BY n DESC, product_id LIMIT ?
"""


@dataclass(frozen=True)
class AnswersFacts:
    """Facts of one day's answers for its page.

    phrased: answers in other words than their passage's, by the model that phrased them. decisions and reasons: counts
    by their words. examples: by decision, rows of question, title (empty without a
    product), text, language, reason (in words) and quotes. to_do: the products with most questions that no passage
    answers: title, number of questions, and some of them.
    """

    ds: str
    version: str
    phrased: dict[str, int]
    decisions: dict[str, int]
    reasons: dict[str, int]
    examples: dict[str, list[dict[str, Any]]]
    to_do: list[dict[str, Any]]

    @property
    def n_questions(self) -> int:
        """Number of open questions."""
        return sum(self.decisions.values())

    @property
    def n_answered(self) -> int:
        """Number of those that were answered."""
        return self.n_questions - self.decisions[DECISIONS[AnswerDecision.HAND_OVER]]


def read_answers(lake: Lake, ds: str, days: Sequence[str]) -> AnswersFacts:
    """Read the facts of a day's answers; days: landing days of the questions. Rows are not held in memory."""
    tables = {
        "answers": lake.dataset(ANSWERS, [ds]),
        "questions": lake.dataset(SILVER_QUESTIONS, days),
        "products": lake.dataset(SILVER_PRODUCTS, [ds]),
    }
    with database(tables) as connection:
        connection.execute(_ASKED)

        def rows(sql: str, *values: Any) -> list[dict[str, Any]]:
            answered = connection.execute(sql, values)
            names = [column[0] for column in answered.description or ()]
            return [dict(zip(names, row, strict=True)) for row in answered.fetchall()]

        decided = {row["decision"]: row["n"] for row in rows(_COUNT.format(column="decision"))}
        reasons = {row["reason"]: row["n"] for row in rows(_COUNT.format(column="reason")) if row["reason"]}
        examples = {words: rows(_EXAMPLES, decision.value, EXAMPLES) for decision, words in DECISIONS.items()}
        to_do = rows(_TO_DO, TO_DO_QUESTIONS, [reason.value for reason in UNTOLD], TO_DO_PRODUCTS)
        phrased = {row["phrased_by"]: row["n"] for row in rows(_COUNT.format(column="phrased_by")) if row["phrased_by"]}
        versions = rows("SELECT DISTINCT answers_version FROM answers ORDER BY 1")
    for row in (row for shown in examples.values() for row in shown):
        row["reason"] = REASONS[HandOverReason(row["reason"])] if row["reason"] else ""
    return AnswersFacts(
        ds,
        ", ".join(row["answers_version"] for row in versions),
        dict(sorted(phrased.items())),
        {words: decided.get(decision.value, 0) for decision, words in DECISIONS.items()},
        {words: n for reason, words in REASONS.items() if (n := reasons.get(reason.value, 0))},
        examples,
        to_do,
    )


def said_of(row: Mapping[str, Any]) -> list[str]:
    """Say a row of gold.answers in lines: the answer, what it cites, the products beside it, and the model; or the
    reason why a person should answer.
    """
    if row["decision"] == AnswerDecision.HAND_OVER:
        return [f"handed over to a person: {REASONS[HandOverReason(row['reason'])]}"]
    phrased = f", phrased by {row['phrased_by']}" if row["phrased_by"] else ""
    return [
        label(row["text"], 2 * SHOWN_CHARACTERS),
        *(f"{one['source']}: {label(one['quote'], SHOWN_CHARACTERS)}" for one in row["citations"]),
        *([f"in the user's list: {', '.join(map(label, row['products']))}"] if row["products"] else []),
        f"confidence {row['confidence']:.2f}, model of answers {row['answers_version']}{phrased}",
    ]
