"""Search of the signals' settings on held-out validation pairs, never on test."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from socialrec.evaluate.measure import measure
from socialrec.features.data import TrainingData
from socialrec.recommend.signals import Collaborative, Factors, Signal, Trend
from socialrec.recommend.training.offline import HeldOut, rank
from socialrec.settings import RecommendSettings, Settings

Space = Mapping[str, Sequence[float]]
Objective = Callable[[RecommendSettings], float]
DataAt = Callable[[RecommendSettings], TrainingData]

FIT_SPACES: Mapping[type[Signal], Space] = {
    Collaborative: {
        "popularity_weighting": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5),
        "regularization": (12.5, 25.0, 50.0, 100.0, 200.0, 400.0, 800.0),
        "text_weight": (0.0, 0.05, 0.2, 0.5, 1.0, 2.0),
        "social_weight": (0.0, 0.1, 0.3, 1.0),
    },
    Factors: {
        "factor_regularization": (0.001, 0.003, 0.01, 0.03, 0.1),
        "factor_unobserved_weight": (0.01, 0.03, 0.1, 0.3),
        "factor_text": (0.0, 0.3, 1.0, 3.0, 10.0),
        "factor_dim": (32, 64, 128, 256),
    },
}
"""Settings that a fit alone depends on: a model may have its own, whatever the nights that it scores are set to."""
ALL_SPACES: Mapping[type[Signal], Space] = {
    Collaborative: {**FIT_SPACES[Collaborative], "affinity_exponent": (0.0, 0.5, 1.0, 1.5)},
    Factors: FIT_SPACES[Factors],
    Trend: {"trend_half_life": (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32)},
}
"""Also settings that affinities and trend are made with, in training and at night alike."""
SEARCH_DIMENSION = 5_000
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

    A start between two levels is a level of its own. The objective is evaluated once for each combination, and at most
    `max_trials` times; `trials` keeps every value, in the order of evaluation. With few settings of one smooth peak
    each this needs a tenth of the trials of a grid, and gives the same answer every time.
    """

    objective: Objective
    space: Space
    max_trials: float = math.inf
    trials: dict[tuple[float, ...], float] = field(default_factory=dict)

    def best(self, start: RecommendSettings) -> RecommendSettings:
        """The best settings found."""
        levels = {name: sorted({*known, getattr(start, name)}) for name, known in self.space.items()}
        place = {name: known.index(getattr(start, name)) for name, known in levels.items()}

        def at(place: Mapping[str, int]) -> RecommendSettings:
            return start.model_copy(update={name: levels[name][step] for name, step in place.items()})

        value = self._value(at(place))
        for _ in range(MAX_PASSES):
            before = value
            for name, known in levels.items():
                for step in (1, -1):
                    while 0 <= place[name] + step < len(known):
                        tried = {**place, name: place[name] + step}
                        if (new := self._value(at(tried))) < value + MIN_GAIN:
                            break
                        place, value = tried, new
            if value == before:
                break
        return at(place)

    def _value(self, settings: RecommendSettings) -> float:
        key = tuple(getattr(settings, name) for name in self.space)
        if key not in self.trials:
            if len(self.trials) >= self.max_trials:
                return -math.inf
            self.trials[key] = self.objective(settings)
        return self.trials[key]


@dataclass(frozen=True)
class SearchTrial:
    """One trial of a search: its number, from 0, the signal, what it set, and the signal's own NDCG."""

    number: int
    signal: str
    values: dict[str, float]
    ndcg: float


@dataclass(frozen=True)
class SearchResult:
    """The settings to use, and the number of trials by signal."""

    settings: RecommendSettings
    n_trials: dict[str, int]


def search_settings(
    data_at: DataAt,
    held: HeldOut,
    settings: Settings,
    report: Callable[[SearchTrial], None],
    *,
    spaces: Mapping[type[Signal], Space] = ALL_SPACES,
    max_trials: float = math.inf,
) -> SearchResult:
    """Search settings on validation pairs, each signal's for its own NDCG; the first trial is what the settings say.

    `data_at` gives the training data under settings that say how affinities are made. `report` takes each trial as it
    ends. Signals have equal shares of `max_trials`, and what one leaves goes to the next. Settings that cannot matter
    (no text, no ties, equal affinities) are not searched.
    """
    cutoff, chosen, n_trials = settings.evaluate.cutoff, settings.recommend, dict[str, int]()
    sampled, numbers = held.sample(SEARCH_USERS, settings.evaluate.seed), count()
    for place, (kind, levels) in enumerate(spaces.items()):
        idle = idle_settings(data_at(chosen))
        space = {name: steps for name, steps in levels.items() if name not in idle}
        share = (max_trials - sum(n_trials.values())) / (len(spaces) - place)
        if share <= 0:
            break

        def objective(tried: RecommendSettings, kind: type[Signal] = kind, space: Space = space) -> float:
            ndcg = _ndcg(kind, tried, data_at, sampled, cutoff)
            report(SearchTrial(next(numbers), kind.name, {name: getattr(tried, name) for name in space}, ndcg))
            return ndcg

        search = Search(objective, space, share)
        chosen = search.best(chosen)
        n_trials[kind.name] = len(search.trials)
    return SearchResult(chosen, n_trials)


def _ndcg(kind: type[Signal], tried: RecommendSettings, data_at: DataAt, held: HeldOut, cutoff: int) -> float:
    """NDCG of one signal alone on the held-out pairs."""
    tried = tried.model_copy(update={"max_dimension": min(tried.max_dimension, SEARCH_DIMENSION)})
    data = data_at(tried)
    ranked = rank(kind.fit(data, tried), data, held, cutoff, tried).ranked
    return measure(ranked, held.relevant, cutoff)[f"ndcg_at_{cutoff}"]


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
