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
from socialrec.recommend.training.offline import HeldOut, rank
from socialrec.settings import Settings

MAX_USERS = 2_000
"""Users of the ablation, drawn with the seed."""
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
    recommender: Recommender, known: list[CandidateFeatures], data: FeatureSet, held: HeldOut, settings: Settings
) -> list[Ablation]:
    """Make the ablation of a fitted recommender on held-out pairs, one row per signal, in the order of its signals.

    `known` are the candidates that the blend was learned from. Both figures are measured on the whole catalogue; for a
    signal of weight 0 nothing is relearned.
    """
    held, cutoff = held.sample(MAX_USERS, settings.evaluate.seed), settings.evaluate.cutoff
    names = [signal.name for signal in recommender.signals]

    def ndcg(weights: dict[str, float]) -> float:
        ranked = rank(recommender.with_weights(weights), data, held, cutoff, settings.recommend).ranked
        return measure(ranked, held.relevant, cutoff)[f"ndcg_at_{cutoff}"]

    whole, rows = ndcg(recommender.weights), []
    for place, name in enumerate(names):
        without, weight, weights = whole, recommender.weights[name], recommender.weights
        if weight > 0:
            others = [other for other in range(len(names)) if other != place]
            start = [recommender.weights[names[other]] for other in others]
            learned = relearn_weights([_only(block, others) for block in known], start, cutoff)
            weights = {name: 0.0} | {names[other]: w for other, w in zip(others, learned, strict=True)}
            without = ndcg(weights)
        rows.append(Ablation(name, weight, ndcg({other: float(other == name) for other in names}), without, weights))
    return rows


def _only(block: CandidateFeatures, signals: list[int]) -> CandidateFeatures:
    return CandidateFeatures(
        np.ascontiguousarray(block.features[:, :, signals]), block.absent, block.relevant, block.n_relevant
    )
