"""Figures of a model of answers on past questions that it was not trained on, beside the model in use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from socialrec.answers.answering import rank
from socialrec.answers.material import AnsweredQuestions, judge
from socialrec.answers.model import AnswersModel
from socialrec.answers.passages import PassageIndex
from socialrec.answers.past import Questions
from socialrec.evaluate.paired import PairedTest, paired_test
from socialrec.settings.answers import AnswersSettings
from socialrec.settings.evaluate import EvaluateSettings

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """Outcome of each question: 1 for a right answer, 0 for silence, and for a wrong answer the loss at which an answer
    that is right with the probability `precision` is worth nothing.

    utilities: float64 (n,). n_right, n_wrong, n_open: answers shown, by what can be told of them.
    """

    utilities: F64
    n_right: int
    n_wrong: int
    n_open: int

    @property
    def precision(self) -> float:
        """Right ones among the answers that can be judged; NaN without any."""
        n_judged = self.n_right + self.n_wrong
        return self.n_right / n_judged if n_judged else float("nan")

    @property
    def coverage(self) -> float:
        """Share of the questions that are answered."""
        n_shown = self.n_right + self.n_wrong + self.n_open
        return n_shown / len(self.utilities) if len(self.utilities) else 0.0

    @classmethod
    def together(cls, parts: Sequence[Outcome]) -> Self:
        """Put the outcomes of several parts of the questions together."""
        utilities = np.concatenate([np.zeros(0), *(part.utilities for part in parts)])
        return cls(
            utilities, *(sum(getattr(part, name) for part in parts) for name in ("n_right", "n_wrong", "n_open"))
        )

    def figures(self, prefix: str) -> dict[str, float]:
        """Figures by name, those that are numbers."""
        named = {"precision": self.precision, "coverage": self.coverage, "utility": float(self.utilities.mean())}
        return {f"{prefix}{name}": value for name, value in named.items() if np.isfinite(value)}


def outcome_of(
    asked: AnsweredQuestions, index: PassageIndex, model: AnswersModel, settings: AnswersSettings
) -> Outcome:
    """Answer questions as a night does, but without their own answers, and judge what is shown."""
    loss = settings.precision / (1 - settings.precision)
    rows = [{"language": None, **one} for one in asked.questions]
    utilities, verdicts = np.zeros(len(rows)), []
    for place, (one, found) in enumerate(zip(rows, rank(rows, asked.vectors, index, model, settings), strict=True)):
        given = asked.answers[one["question_id"]]
        texts = [index.texts[row] for row in found.found.rows]
        if not texts or found.confidence < model.bound or found.found.cosines.max() < model.scope_bound:
            continue
        if any(texts[0] in answer for answer in given):
            # Its own answer: nothing is learned from finding it.
            continue
        verdict = judge(texts[0], given)
        verdicts.append(verdict)
        utilities[place] = 0.0 if verdict is None else 1.0 if verdict else -loss
    return Outcome(utilities, verdicts.count(True), verdicts.count(False), verdicts.count(None))


@dataclass(frozen=True)
class AnswersDecision:
    """Decision about a candidate, with its reasons in words."""

    promote: bool
    reasons: tuple[str, ...]
    test: PairedTest


def decide(ours: Outcome, theirs: Outcome, settings: AnswersSettings, evaluate: EvaluateSettings) -> AnswersDecision:
    """Promote a candidate that answers rightly often enough, and more usefully than the model in use.

    The paired test is over questions; a tie goes to the model in use.
    """
    test = paired_test(ours.utilities, theirs.utilities, evaluate.n_resamples, evaluate.seed)
    against: list[str] = []
    if not ours.n_right + ours.n_wrong:
        against.append("it answers none of the held-out questions whose answers can be judged")
    elif ours.precision < settings.precision:
        against.append(
            f"{ours.precision:.1%} of its answers to held-out questions are right, at least {settings.precision:.1%} "
            "(answers.precision) are needed"
        )
    if test.p_better > evaluate.max_p_value:
        against.append(
            f"its answers are not more useful than those of the model in use by a paired test over {test.n_users:,} "
            f"questions (p = {test.p_better:.3f}, at most {evaluate.max_p_value:g})"
        )
    said = f"right among the answered {ours.precision:.1%}, {ours.coverage:.1%} of the held-out questions answered"
    return AnswersDecision(not against, tuple(against) or (said,), test)


def split_by_time(questions: Questions, share: float) -> tuple[Questions, Questions]:
    """Split questions into the older ones and the newest share, in their order; undated ones are old."""
    order = sorted(range(len(questions)), key=lambda place: (str(questions[place]["asked_ts"] or ""), place))
    n_old = len(order) - round(share * len(order))
    return [questions[place] for place in sorted(order[:n_old])], [questions[place] for place in sorted(order[n_old:])]
