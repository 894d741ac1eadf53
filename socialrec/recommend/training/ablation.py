"""Ablation: the value of each signal alone, and the loss without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from socialrec.evaluate.measure import measure
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.blend import CandidateFeatures
from socialrec.recommend.model import Recommender
from socialrec.recommend.training.blend_weights import relearn_weights
from socialrec.recommend.training.offline import HeldOut, Scorer, rank
from socialrec.settings import Settings

Figures = dict[str, float]
BLEND = "blend"
"""Name of the whole blend beside those of its signals."""
COLUMNS = ("signal", "weight", "alone", "without")


@dataclass(frozen=True)
class Ablation:
    """Row of one signal: its weight, NDCG of it alone, and NDCG of the blend relearned without it.

    others: weights of that blend, by signal.
    """

    signal: str
    weight: float
    alone: float
    without: float
    others: Mapping[str, float]

    def row(self) -> tuple[Any, ...]:
        """Values in the order of `COLUMNS`."""
        return tuple(getattr(self, name) for name in COLUMNS)


def ablate(
    recommender: Recommender,
    data: FeatureSet,
    held: HeldOut,
    settings: Settings,
    *,
    known: list[CandidateFeatures],
    figures: Mapping[str, Figures],
) -> list[Ablation]:
    """Make the ablation of a fitted recommender on held-out pairs, one row per signal, in the order of its signals.

    `known` are the candidates that the blend was learned from, and `figures` those that `measure_each` measured on the
    same held-out pairs. All are measured on the whole catalogue; for a signal of weight 0 nothing is relearned.
    """
    cutoff = settings.evaluate.cutoff
    ndcg = f"ndcg_at_{cutoff}"
    names, rows = [signal.name for signal in recommender.signals], []
    for place, name in enumerate(names):
        without, weight, weights = figures[BLEND][ndcg], recommender.weights[name], recommender.weights
        if weight > 0:
            others = [other for other in range(len(names)) if other != place]
            start = [recommender.weights[names[other]] for other in others]
            learned = relearn_weights([_only(block, others) for block in known], start, cutoff)
            weights = {name: 0.0} | {names[other]: w for other, w in zip(others, learned, strict=True)}
            without = _measure(recommender.with_weights(weights), data, held, settings)[ndcg]
        rows.append(Ablation(name, weight, figures[name][ndcg], without, weights))
    return rows


def measure_each(recommender: Recommender, data: FeatureSet, held: HeldOut, settings: Settings) -> dict[str, Figures]:
    """Measure the blend, and each of its signals alone, on held-out pairs; by `BLEND` and the names of the signals."""
    scorers: dict[str, Scorer] = {BLEND: recommender, **{signal.name: signal for signal in recommender.signals}}
    return {name: _measure(scorer, data, held, settings) for name, scorer in scorers.items()}


def _measure(scorer: Scorer, data: FeatureSet, held: HeldOut, settings: Settings) -> Figures:
    cutoff = settings.evaluate.cutoff
    return measure(rank(scorer, data, held, cutoff, settings.recommend).ranked, held.relevant, cutoff)


def _only(block: CandidateFeatures, signals: list[int]) -> CandidateFeatures:
    return CandidateFeatures(
        np.ascontiguousarray(block.features[:, :, signals]), block.absent, block.relevant, block.n_relevant
    )
