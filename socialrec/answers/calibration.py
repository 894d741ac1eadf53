"""Calibration on judged questions: ranking and confidence, what they reach on questions held out, and the bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from socialrec.answers.model import UNTRAINED_SCOPE_BOUND, AnswersModel
from socialrec.answers.pairs import JudgedQuestions
from socialrec.answers.ranking import (
    F64,
    PASSAGE_FEATURES,
    QUESTION_FEATURES,
    UNTRAINED_CONFIDENCE,
    UNTRAINED_RANKING,
    Logistic,
    bound_of,
    question_features,
    ranked,
)
from socialrec.settings.answers import AnswersSettings
from socialrec.vectors.arrays import Flags

_CALIBRATION_FOLDS = 10
"""Folds for which ranking and confidence, a few weights, are fitted without the fold: half of the questions is too few
for what the other half is to be measured by.
"""
_SCOPE_QUANTILE = 0.01
"""Share of answered questions that may be less similar to every passage than the bound of the scope."""


@dataclass(frozen=True)
class Example:
    """One question: features of its passages (n, n_features), which are right (n,), their words, and the greatest
    cosine.
    """

    features: F64
    is_right: Flags
    words: Sequence[Sequence[str]]
    cosine: float

    def question_features(self, ranking: Logistic) -> tuple[F64, bool]:
        """Features of the question under a ranking, and if its first passage is right."""
        scores = ranking.logits(self.features)
        best = int(ranked(scores)[0])
        is_same = np.array([one == self.words[best] for one in self.words])
        return question_features(scores, self.features, is_same), bool(self.is_right[best])


@dataclass(frozen=True)
class HeldOutQuestions:
    """Examples, the confidence in the first passage of each by a ranking that had not seen it, and if that is right."""

    examples: Sequence[Example]
    confidences: F64
    is_right: Flags

    @classmethod
    def of(cls, examples: Sequence[Example], judged: JudgedQuestions) -> Self:
        """Fit ranking and confidence without each fold in turn, and rank that fold."""
        confidences, is_right = np.zeros(len(examples)), np.zeros(len(examples), dtype=bool)
        for number in range(_CALIBRATION_FOLDS):
            places = judged.fold(number, _CALIBRATION_FOLDS)
            others = sorted(set(range(len(examples))) - set(places))
            ranking, confidence = _fitted([examples[place] for place in others])
            for place in places:
                features, is_right[place] = examples[place].question_features(ranking)
                confidences[place] = confidence.probabilities(features[None])[0]
        return cls(examples, confidences, is_right)

    @property
    def is_answerable(self) -> Flags:
        """True for questions that some passage answers, (n,)."""
        return np.array([one.is_right.any() for one in self.examples])

    @property
    def first_right(self) -> float:
        """Share of the answerable questions whose first passage is right."""
        return float(self.is_right[self.is_answerable].mean())


def calibrated(
    held_out: HeldOutQuestions, *, start: AnswersModel, settings: AnswersSettings, figures: dict[str, float]
) -> AnswersModel:
    """Fit ranking and confidence on all examples; the bound on confidences of models that had not seen the question."""
    examples, confidences, is_right = held_out.examples, held_out.confidences, held_out.is_right
    ranking, confidence = _fitted(examples)
    bound = bound_of(confidences, is_right, settings.precision, settings.limit_confidence)
    cosines = np.array([one.cosine for one in examples])[held_out.is_answerable]
    scope_bound = min(UNTRAINED_SCOPE_BOUND, float(np.quantile(cosines, _SCOPE_QUANTILE)))
    shown = confidences >= bound
    figures |= {
        "val/first_right": held_out.first_right,
        "val/shown_share": float(shown.mean()),
        "val/shown_right": float(is_right[shown].mean()) if shown.any() else 1.0,
    }
    return replace(start, ranking=ranking, confidence=confidence, bound=bound, scope_bound=scope_bound, figures=figures)


def _fitted(examples: Sequence[Example]) -> tuple[Logistic, Logistic]:
    """Ranking of passages, then the confidence in the first one."""
    features, is_right = (
        np.concatenate([one.features for one in examples]),
        np.concatenate([one.is_right for one in examples]),
    )
    ranking = Logistic.fit(PASSAGE_FEATURES, features, is_right, UNTRAINED_RANKING)
    asked, firsts = zip(*(one.question_features(ranking) for one in examples), strict=True)
    return ranking, Logistic.fit(QUESTION_FEATURES, np.stack(asked), np.array(firsts), UNTRAINED_CONFIDENCE)
