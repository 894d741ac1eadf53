"""Search of the signals' settings on held-out validation pairs, never on test."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count

from socialrec.evaluate.measure import measure
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.signals import SIGNALS
from socialrec.recommend.signals.base import Signal, Space
from socialrec.recommend.training.offline import HeldOut, rank
from socialrec.settings import RecommendSettings, Settings

Objective = Callable[[RecommendSettings], float]
DataAt = Callable[[RecommendSettings], FeatureSet]

Spaces = Mapping[type[Signal], Space]
FIT_SPACES: Spaces = {kind: kind.space for kind in SIGNALS if kind.space}
"""Settings that a fit alone depends on: a model may have its own, whatever the nights that it scores are set to."""
ALL_SPACES: Spaces = {kind: {**kind.space, **kind.data_space} for kind in SIGNALS if kind.space or kind.data_space}
"""Also settings that features are made with, in training and at night alike."""
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
    spaces: Spaces = ALL_SPACES,
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
        idle = kind.idle_settings(data_at(chosen))
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
