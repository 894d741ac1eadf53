"""Search of the signals' settings on held-out validation pairs, never on test."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
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
SEARCH_ITERATIONS = 6
"""Most iterations of a trial of the factors: regularizations are in their last order even earlier, dimensions later."""
SEARCH_USERS = 2_000
MIN_GAIN = 2e-4
"""Smallest gain of a step: less is noise."""


@dataclass
class Search:
    """Coordinate search: from its current value, each setting moves along its levels while that gains `MIN_GAIN`.

    Then each tries the level halfway to the better of the two beside it, because a peak may be narrower than a step. A
    start between two levels is a level of its own; whole numbers have no levels between. The objective is evaluated
    once for each combination, and at most `max_trials` times; `trials` keeps every value, in the order of evaluation.
    With few settings of one smooth peak each this needs a tenth of the trials of a grid, and gives the same answer
    every time.
    """

    objective: Objective
    space: Space
    max_trials: float = math.inf
    trials: dict[tuple[float, ...], float] = field(default_factory=dict)

    def best(self, start: RecommendSettings) -> RecommendSettings:
        """The best settings found."""
        best, beside = start, dict[str, float]()
        self._value(start)
        for name, known in self.space.items():
            levels = sorted({*known, getattr(start, name)})
            best = self._climb(best, name, levels)
            if not isinstance(levels[0], int) and len(levels) > 1:
                beside[name] = self._best_beside(best, name, levels)
        for name, level in beside.items():
            best = self._better(best, name, halfway(getattr(best, name), level))
        return best

    def _climb(self, best: RecommendSettings, name: str, levels: Sequence[float]) -> RecommendSettings:
        """Move one setting along its levels."""
        for step in (1, -1):
            place = levels.index(getattr(best, name)) + step
            while 0 <= place < len(levels) and (moved := self._better(best, name, levels[place])) is not best:
                best, place = moved, place + step
        return best

    def _best_beside(self, best: RecommendSettings, name: str, levels: Sequence[float]) -> float:
        """The better of the levels next to that of a setting which has climbed: both were tried."""
        place = levels.index(getattr(best, name))
        beside = [*levels[max(place - 1, 0) : place], *levels[place + 1 : place + 2]]
        return max(beside, key=lambda level: self._value(best.model_copy(update={name: level})))

    def _better(self, best: RecommendSettings, name: str, level: float) -> RecommendSettings:
        """The settings with this level where that gains enough, or else the same as before."""
        tried = best.model_copy(update={name: level})
        return tried if self._value(tried) >= self._value(best) + MIN_GAIN else best

    def _value(self, settings: RecommendSettings) -> float:
        key = tuple(getattr(settings, name) for name in self.space)
        if key not in self.trials:
            if len(self.trials) >= self.max_trials:
                return -math.inf
            self.trials[key] = self.objective(settings)
        return self.trials[key]


def halfway(level: float, other: float) -> float:
    """Level between two: their geometric mean, or half of one where the other is 0, to three digits."""
    between = math.sqrt(level * other) if level > 0 and other > 0 else (level + other) / 2
    return float(f"{between:.3g}")


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
        if not space:
            continue

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
    bounds = {"max_dimension": SEARCH_DIMENSION, "factor_iterations": SEARCH_ITERATIONS}
    tried = tried.model_copy(update={name: min(getattr(tried, name), bound) for name, bound in bounds.items()})
    data = data_at(tried)
    ranked = rank(kind.fit(data, tried), data, held, cutoff, tried).ranked
    return measure(ranked, held.relevant, cutoff)[f"ndcg_at_{cutoff}"]
