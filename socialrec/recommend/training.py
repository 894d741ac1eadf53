"""Two fits of a training: learn the blend on the validation window, keep the fit on everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from socialrec.evaluate.measure import measure
from socialrec.evaluate.split import Split
from socialrec.recommend.inputs import Inputs
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.offline import Scorer, held_out, learn_blend, rank
from socialrec.recommend.signals import SIGNALS
from socialrec.settings import EtlSettings, RecommendSettings, Settings

Figures = dict[str, float]
RECIPE_SECTIONS: dict[str, type[EtlSettings] | type[RecommendSettings]] = {
    "etl": EtlSettings,
    "recommend": RecommendSettings,
}
"""Settings that a fit depends on."""


@dataclass(frozen=True)
class Blend:
    """Weights by signal, and validation figures of the blend and of each signal alone."""

    weights: dict[str, float]
    figures: dict[str, Figures]


def fit_blend(inputs: Inputs, split: Split, settings: Settings) -> Blend:
    """Fit before the validation window and learn the blend on it."""
    data = inputs.training_data(split, "validation", settings)
    training = split.training_interactions(inputs.interactions, "validation")
    held = held_out(data, training, split.validation_pairs(inputs.interactions))
    equal = {signal.name: 1.0 / len(SIGNALS) for signal in SIGNALS}
    recommender = Recommender.fit(data, settings.recommend, equal, ModelInfo(""))
    cutoff, chosen = settings.evaluate.cutoff, settings.recommend
    learned = learn_blend(recommender, data, held, settings)
    recommender.weights = {signal.name: weight for signal, weight in zip(SIGNALS, learned, strict=True)}
    scorers: dict[str, Scorer] = {"blend": recommender, **{signal.name: signal for signal in recommender.signals}}
    figures = {
        name: measure(rank(scorer, data, held, cutoff, chosen).ranked, held.relevant, cutoff)
        for name, scorer in scorers.items()
    }
    return Blend(recommender.weights, figures)


def fit_everything(
    inputs: Inputs, split: Split, settings: Settings, weights: Mapping[str, float], encoder_version: str
) -> Recommender:
    """The model to use: fitted on all evidence up to the end of the day."""
    info = ModelInfo(encoder_version, inputs.ds, split.label, recipe_settings(settings), inputs.versions)
    return Recommender.fit(inputs.training_data(split, "all", settings), settings.recommend, weights, info)


def recipe_settings(settings: Settings) -> dict[str, Any]:
    """The settings that a fit depends on, as plain data."""
    return {name: getattr(settings, name).model_dump(mode="json") for name in RECIPE_SECTIONS}


def settings_of_recipe(settings: Settings, recipe: Mapping[str, Mapping[str, Any]]) -> Settings:
    """These settings with a recipe's own in place; settings that no longer exist are left out."""
    sections = {
        name: kind.model_validate({k: v for k, v in recipe[name].items() if k in kind.model_fields})
        for name, kind in RECIPE_SECTIONS.items()
        if name in recipe
    }
    return settings.model_copy(update=sections)
