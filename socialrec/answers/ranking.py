"""Ranking of a question's candidates, the confidence in the first one, and the bound from which it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from socialrec.answers.retrieval import GENERAL, KIND, Candidates
from socialrec.answers.tables import SOURCES
from socialrec.vectors.arrays import F32, Flags, Indices

F64 = npt.NDArray[np.float64]
PASSAGE_FEATURES = (
    *("pair_score", "pair_score_below_best", "bm25", "bm25_share", "cosine", "cosine_below_best", "agreement"),
    *("other_product", "no_product"),
    *(f"source_{source}" for source in SOURCES),
)
QUESTION_FEATURES = ("rank_score", "margin", "pair_score", "bm25", "cosine", "agreement", "other_product", "no_product")
NOBODY = 1.01
"""Bound that no confidence reaches: nothing is shown."""
_MAX_ITERATIONS = 1_000
_STRENGTH = 0.3
"""Inverse strength of the regularisation: questions with judged passages are few."""
_DECIMALS = 4
_LEAST_RANGE = 1e-9
"""Range of a feature below which it counts as constant."""


@dataclass(frozen=True)
class Logistic:
    """Logistic regression over named features: probability of 1 is sigmoid(weights · features + intercept)."""

    weights: Mapping[str, float]
    intercept: float

    def logits(self, features: F64) -> F64:
        """Logits of rows, float64 (n, n_features) to (n,), rounded so that they do not depend on the order of sums."""
        sums: F64 = np.einsum("nf,f->n", features, np.array(list(self.weights.values())))
        return np.round(sums + self.intercept, _DECIMALS)

    def probabilities(self, features: F64) -> F64:
        """Probabilities of 1, (n,)."""
        found: F64 = np.round(1 / (1 + np.exp(-self.logits(features))), _DECIMALS)
        return found

    @classmethod
    def fit(cls, names: Sequence[str], features: F64, is_one: Flags, usual: Logistic) -> Self:
        """Fit on rows, features in units of their standard deviation; one that never varies keeps its usual weight.

        With rows of one class alone nothing is fitted.
        """
        from sklearn.linear_model import LogisticRegression

        if is_one.all() or not is_one.any():
            return cls(usual.weights, usual.intercept)
        # The standard deviation of equal values is not always 0 in floating point.
        is_constant = np.ptp(features, axis=0) < _LEAST_RANGE
        scales = np.where(is_constant, 1.0, features.std(axis=0))
        fitted = LogisticRegression(C=_STRENGTH, max_iter=_MAX_ITERATIONS).fit(features / scales, is_one)
        weights = np.where(is_constant, [usual.weights[name] for name in names], fitted.coef_[0] / scales)
        return cls(dict(zip(names, weights.tolist(), strict=True)), float(fitted.intercept_[0]))

    @classmethod
    def read(cls, said: Mapping[str, Any], names: Sequence[str]) -> Self:
        """Read weights from JSON; ValueError where the features are others or a number is not finite."""
        weights = {name: float(said["weights"][name]) for name in names}
        if len(said["weights"]) != len(names) or not np.isfinite([*weights.values(), said["intercept"]]).all():
            raise ValueError("its weights are of other features")
        return cls(weights, float(said["intercept"]))


UNTRAINED_RANKING = Logistic(
    dict.fromkeys(PASSAGE_FEATURES, 0.0)
    | {"bm25_share": 1.0, "cosine": 6.0, "agreement": 0.2, "other_product": -2.0, "source_predicted": -0.5},
    -3.0,
)
"""Ranking of a shop that has nothing to learn from: words and vectors together."""
UNTRAINED_CONFIDENCE = Logistic(dict.fromkeys(QUESTION_FEATURES, 0.0) | {"cosine": 15.0, "other_product": -9.0}, -9.8)
"""Confidence of a shop that has nothing to learn from, by the cosine alone: a half at 0.65, and 0.95 from 0.85 on."""


def passage_features(found: Candidates, sources: Sequence[str], n_agreeing: Sequence[int], scores: F32) -> F64:
    """Features of the candidates of one question, float64 (n, n_features) in the order of PASSAGE_FEATURES.

    scores: float32 (n,), logits of the scorer of pairs; zeros where there is none.
    """
    bm25, cosines, pairs = (values.astype(np.float64) for values in (found.bm25, found.cosines, scores))
    columns = [
        pairs,
        pairs - pairs.max(initial=-np.inf),
        np.log1p(bm25),
        bm25 / max(bm25.max(initial=0.0), 1e-9),
        cosines,
        cosines - cosines.max(initial=-np.inf),
        np.log(np.maximum(np.asarray(n_agreeing, dtype=np.float64), 1.0)),
        (found.origins == KIND).astype(np.float64),
        (found.origins == GENERAL).astype(np.float64),
        *(np.array([source == one for source in sources], dtype=np.float64) for one in SOURCES),
    ]
    return np.stack(columns, axis=1) if len(found) else np.zeros((0, len(PASSAGE_FEATURES)))


def ranked(scores: F64) -> Indices:
    """Places of the candidates from best to worst; ties go to the earlier one."""
    order: Indices = np.argsort(-scores, kind="stable")
    return order


def question_features(scores: F64, features: F64, is_same: Flags) -> F64:
    """Features of a question with candidates, float64 (n_features,) in the order of QUESTION_FEATURES.

    scores: of the ranking, (n,). is_same: (n,), candidates with the text of the first one, which are no rivals.
    """
    best = int(ranked(scores)[0])
    rivals = scores[~is_same]
    margin = scores[best] - rivals.max() if len(rivals) else 0.0
    column = {name: features[best, place] for place, name in enumerate(PASSAGE_FEATURES)}
    return np.array([scores[best], margin, *(column[name] for name in QUESTION_FEATURES[2:])])


def bound_of(confidences: F64, is_right: Flags, precision: float, limit_confidence: float) -> float:
    """Find the lowest confidence from which answers are right often enough; NOBODY where there is none.

    Often enough: the lower limit (Clopper and Pearson 1934) of the share that is right, of all that are at least as
    confident, reaches `precision`. confidences and is_right: (n,), of questions that nothing was fitted on.
    """
    from scipy.stats import beta

    order = np.argsort(-confidences, kind="stable")
    sorted_confidences, right = confidences[order], np.cumsum(is_right[order])
    numbers = np.arange(1, len(order) + 1)
    limits = np.where(right > 0, beta.ppf(1 - limit_confidence, np.maximum(right, 1), numbers - right + 1), 0.0)
    # Only where a confidence ends: equal ones are shown together.
    is_last = np.append(np.diff(sorted_confidences) != 0, True) if len(order) else np.zeros(0, dtype=bool)
    passing = np.flatnonzero((limits >= precision) & is_last)
    return float(sorted_confidences[passing[-1]]) if len(passing) else NOBODY
