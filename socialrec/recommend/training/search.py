"""Search of the signals' settings on held-out validation pairs, never on test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from socialrec.evaluate.measure import measure
from socialrec.features.data import TrainingData
from socialrec.recommend.signals import Collaborative, Factors, Signal, Trend
from socialrec.recommend.training.offline import HeldOut, rank
from socialrec.settings import RecommendSettings, Settings

Space = Mapping[str, Sequence[float]]
Objective = Callable[[RecommendSettings], float]
DataAt = Callable[[RecommendSettings], TrainingData]

CLOSED_FORM: Space = {
    "popularity_weighting": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5),
    "ridge": (12.5, 25.0, 50.0, 100.0, 200.0, 400.0, 800.0),
    "text_weight": (0.0, 0.05, 0.2, 0.5, 1.0, 2.0),
    "social_weight": (0.0, 0.1, 0.3, 1.0),
    "affinity_exponent": (0.0, 0.5, 1.0, 1.5),
}
FACTORS: Space = {
    "factor_ridge": (0.001, 0.003, 0.01, 0.03, 0.1),
    "factor_unobserved": (0.01, 0.03, 0.1, 0.3),
    "factor_text": (0.0, 0.3, 1.0, 3.0, 10.0),
    "factor_dim": (32, 64, 128, 256),
}
TREND: Space = {"trend_half_life": (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32)}
SEARCH_SIDE = 5_000
"""Most products that a trial of the closed form inverts: its cost grows with their cube, and the best settings hardly
depend on it.
"""
SEARCH_USERS = 2_000
MAX_PASSES = 2
MIN_GAIN = 2e-4
"""Smallest gain of a step: less is noise."""


@dataclass
class Search:
    """Coordinate search: from its current value, each setting moves along its levels while that gains `MIN_GAIN`.

    The objective is evaluated once for each combination; `trials` keeps every one, in the order of evaluation. With few
    settings of one smooth peak each this needs a tenth of the trials of a grid, and gives the same answer every time.
    """

    objective: Objective
    space: Space
    trials: dict[tuple[float, ...], float] = field(default_factory=dict)

    def best(self, start: RecommendSettings) -> RecommendSettings:
        """Find the best settings. A start between two levels is moved to the nearest."""
        place = {name: _nearest(levels, getattr(start, name)) for name, levels in self.space.items()}
        value = self._value(start, place)
        for _ in range(MAX_PASSES):
            before = value
            for name, levels in self.space.items():
                for step in (1, -1):
                    while 0 <= place[name] + step < len(levels):
                        tried = {**place, name: place[name] + step}
                        if (new := self._value(start, tried)) < value + MIN_GAIN:
                            break
                        place, value = tried, new
            if value == before:
                break
        return self._settings(start, place)

    def _value(self, start: RecommendSettings, place: Mapping[str, int]) -> float:
        key = tuple(levels[place[name]] for name, levels in self.space.items())
        if key not in self.trials:
            self.trials[key] = self.objective(self._settings(start, place))
        return self.trials[key]

    def _settings(self, start: RecommendSettings, place: Mapping[str, int]) -> RecommendSettings:
        return start.model_copy(update={name: levels[place[name]] for name, levels in self.space.items()})


@dataclass(frozen=True)
class Found:
    """Settings to use, and the number of trials for each signal."""

    settings: RecommendSettings
    n_trials: dict[str, int]


def search_settings(
    data_at: DataAt, held: HeldOut, settings: Settings, progress: Callable[[str], None] = lambda line: None
) -> Found:
    """Search the settings of closed form, factors and trend, each signal's for its own NDCG on validation pairs.

    `data_at` gives the training data under settings of the affinities. Settings that cannot matter
    (no text, no ties, equal affinities) are not searched.
    """
    cutoff, chosen, n_trials = settings.evaluate.cutoff, settings.recommend, {}
    sampled = held.sample(SEARCH_USERS, settings.evaluate.seed)
    for kind, levels in ((Collaborative, CLOSED_FORM), (Factors, FACTORS), (Trend, TREND)):
        idle = idle_settings(data_at(chosen))
        space = {name: steps for name, steps in levels.items() if name not in idle}
        search = Search(_objective(kind, space, data_at, sampled, cutoff=cutoff, progress=progress), space)
        chosen = search.best(chosen)
        n_trials[kind.name] = len(search.trials)
    return Found(chosen, n_trials)


def _objective(
    kind: type[Signal], space: Space, data_at: DataAt, held: HeldOut, *, cutoff: int, progress: Callable[[str], None]
) -> Objective:
    """NDCG of one signal alone on the held-out pairs, under settings of its search space."""

    def ndcg(tried: RecommendSettings) -> float:
        tried = tried.model_copy(update={"max_side": min(tried.max_side, SEARCH_SIDE)})
        data = data_at(tried)
        ranked = rank(kind.fit(data, tried), data, held, cutoff, tried).ranked
        value = measure(ranked, held.relevant, cutoff)[f"ndcg_at_{cutoff}"]
        progress(f"{kind.name} {value:.4f}: " + ", ".join(f"{name} {getattr(tried, name):g}" for name in space))
        return value

    return ndcg


def idle_settings(data: TrainingData) -> set[str]:
    """Names of settings that cannot matter for these data."""
    has_text = bool(data.text.any())
    idle = {
        "text_weight": not has_text,
        "factor_text": not has_text,
        "social_weight": data.ties.nnz == 0,
        "affinity_exponent": data.affinity.nnz == 0 or bool(np.ptp(data.affinity.data) == 0),
    }
    return {name for name, is_idle in idle.items() if is_idle}


def _nearest(levels: Sequence[float], value: float) -> int:
    return int(np.argmin([abs(level - value) for level in levels]))
