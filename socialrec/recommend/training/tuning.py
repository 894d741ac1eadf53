"""Search of the signals' settings for the whole blend by Optuna on held-out validation pairs, never on test.

Unlike `search`, which takes one signal and one setting at a time, a trial here is a whole blend: all settings at once,
every signal fitted, weights learned. Only settings of the fit are searched: those of affinities and ties must be the
same for a model and the nights that it scores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from socialrec.evaluate.measure import measure
from socialrec.features.data import TrainingData
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.signals import SIGNALS
from socialrec.recommend.training.offline import HeldOut, learn_blend, rank
from socialrec.recommend.training.search import SEARCH_SIDE, SEARCH_USERS, idle_settings
from socialrec.settings import RecommendSettings, Settings

if TYPE_CHECKING:
    import optuna

RANGES = {
    "popularity_weighting": (0.0, 0.5),
    "text_weight": (0.0, 2.0),
    "social_weight": (0.0, 1.0),
    "factor_text": (0.0, 3.0),
    "sequence_decay": (0.3, 1.0),
}
LOG_RANGES = {"ridge": (10.0, 1000.0), "factor_ridge": (0.001, 0.1), "factor_unobserved": (0.01, 0.3)}
"""Settings that are searched by their logarithm."""


@dataclass(frozen=True)
class Tried:
    """One trial: its number from 0, its settings, and its NDCG."""

    number: int
    values: dict[str, float]
    ndcg: float


def tune(
    data: TrainingData, held: HeldOut, settings: Settings, n_trials: int, report: Callable[[Tried], None]
) -> RecommendSettings:
    """Search for the best settings in `n` trials, the first of which uses the current settings.

    By a tree-structured Parzen estimator (Bergstra et al., "Algorithms for hyper-parameter optimization", NIPS 2011)
    with the seed of the evaluation: the same data gives the same trials. `report` takes each as it ends. Settings that
    cannot matter (no text, no ties) are not searched.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    idle = idle_settings(data)
    ranges = {name: limits for name, limits in {**RANGES, **LOG_RANGES}.items() if name not in idle}
    held = held.sample(SEARCH_USERS, settings.evaluate.seed)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=settings.evaluate.seed))
    study.enqueue_trial(
        {name: min(max(getattr(settings.recommend, name), low), high) for name, (low, high) in ranges.items()}
    )

    def objective(trial: optuna.Trial) -> float:
        values = {name: trial.suggest_float(name, *ends, log=name in LOG_RANGES) for name, ends in ranges.items()}
        ndcg = blended_ndcg(data, held, _with(settings, values))
        report(Tried(trial.number, values, ndcg))
        return ndcg

    study.optimize(objective, n_trials=n_trials)
    return _with(settings, study.best_params).recommend


def blended_ndcg(data: TrainingData, held: HeldOut, settings: Settings) -> float:
    """NDCG on held-out pairs of all signals under these settings, with the best blend for those pairs."""
    cutoff, equal = settings.evaluate.cutoff, {signal.name: 1.0 / len(SIGNALS) for signal in SIGNALS}
    # Inverting a larger side costs minutes per trial, and hardly moves the best settings.
    tried = settings.recommend.model_copy(update={"max_side": min(settings.recommend.max_side, SEARCH_SIDE)})
    recommender = Recommender.fit(data, tried, equal, ModelInfo(""))
    learned = learn_blend(recommender, data, held, settings)
    blend = recommender.with_weights(dict(zip(equal, learned, strict=True)))
    ranked = rank(blend, data, held, cutoff, settings.recommend).ranked
    return measure(ranked, held.relevant, cutoff)[f"ndcg_at_{cutoff}"]


def _with(settings: Settings, values: dict[str, float]) -> Settings:
    return settings.model_copy(update={"recommend": settings.recommend.model_copy(update=values)})
