"""Scores of ranked and decided questions, and of texts beside those that people wrote."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from socialrec.answers.ranking import F64
from socialrec.answers.words import FUNCTION_WORDS
from socialrec.vectors.arrays import Flags

_WORD = re.compile(r"\w+")
_SAME_START = 4
"""Number of first letters that two forms of a word share."""


def average_precision(is_right: Flags) -> float:
    """Mean precision at the places of the right passages; is_right: (n,), best first, at least one True."""
    places = np.flatnonzero(is_right) + 1
    return float((np.arange(1, len(places) + 1) / places).mean())


def ranking_scores(ranked: Sequence[Flags]) -> dict[str, float]:
    """MAP and P@1 over the questions that have a right passage, each (n,) best first."""
    answerable = [one for one in ranked if one.any()]
    return {
        "map": float(np.mean([average_precision(one) for one in answerable])) if answerable else 0.0,
        "p_at_1": float(np.mean([one[0] for one in answerable])) if answerable else 0.0,
    }


def surest(confidences: F64, share: float) -> Flags:
    """Mark the most confident questions, at least this share of all, (n,); equally confident ones together."""
    if not len(confidences):
        return np.zeros(0, dtype=bool)
    least = np.sort(confidences)[::-1][max(0, int(np.ceil(share * len(confidences))) - 1)]
    marked: Flags = confidences >= least
    return marked


def decision_scores(confidences: F64, is_right: Flags, is_answerable: Flags, share: float) -> dict[str, float]:
    """Right share of the most confident questions, at least `share` of all, and the share of the unanswerable ones that
    are among them; arrays (n,).
    """
    shown, unanswerable = surest(confidences, share), ~is_answerable
    return {
        f"precision_at_coverage_{share:.0%}".removesuffix("%"): float(is_right[shown].mean()) if shown.any() else 0.0,
        "unanswerable_answered": float(shown[unanswerable].mean()) if unanswerable.any() else 0.0,
    }


def uncited_words(text: str, passage: str) -> list[str]:
    """List the words and numbers of a text that the passage lacks, function words apart, by plain comparison of their
    beginnings: a check of the verification by other means.
    """
    known = {word[:_SAME_START] for word in _WORD.findall(passage.lower())}
    said = _WORD.findall(text.lower())
    return [word for word in said if word not in FUNCTION_WORDS and word[:_SAME_START] not in known]
