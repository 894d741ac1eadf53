"""Two fits of a training: one before the validation window to learn the blend, one on everything to use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from socialrec.evaluate.split import Split
from socialrec.features.feature_set import FeatureSet
from socialrec.features.inputs import Inputs
from socialrec.recommend.blend import CandidateFeatures
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.signals import SIGNALS
from socialrec.recommend.training.ablation import Ablation, Figures, ablate, measure_each
from socialrec.recommend.training.blend_weights import learn_weights
from socialrec.recommend.training.new_product_weight import calibrate_new_products
from socialrec.recommend.training.newcomers import learn_newcomer_weights
from socialrec.recommend.training.offline import (
    MAX_BLEND_USERS,
    HeldOut,
    blend_candidates,
    held_out,
)
from socialrec.recommend.training.pruning import prune_closed_form
from socialrec.recommend.training.search import FIT_SPACES, SearchTrial, search_settings
from socialrec.settings import RecommendSettings, Settings
from socialrec.settings.etl import EtlSettings
from socialrec.settings.names import current_names

RECIPE_SECTIONS: dict[str, type[EtlSettings] | type[RecommendSettings]] = {
    "etl": EtlSettings,
    "recommend": RecommendSettings,
}
"""Settings that a fit depends on."""


@dataclass(frozen=True)
class LearnedBlend:
    """Recommender under its learned weights, what these were learned from, and the settings to fit it again with."""

    recommender: Recommender
    known: list[CandidateFeatures]
    settings: Settings


@dataclass(frozen=True)
class Blend:
    """Weights by signal, validation figures of the blend and of each signal alone, the ablation, and the settings to
    fit it with.
    """

    weights: dict[str, float]
    figures: dict[str, Figures]
    ablation: list[Ablation]
    settings: Settings


def tuned(
    inputs: Inputs, split: Split, settings: Settings, n_trials: int, report: Callable[[SearchTrial], None]
) -> Settings:
    """Settings with those of the signals as a search of at most `n_trials` on the validation window finds them best."""
    data, held = validation_window(inputs, split, settings)
    found = search_settings(lambda tried: data, held, settings, report, spaces=FIT_SPACES, max_trials=n_trials)
    return settings.model_copy(update={"recommend": found.settings})


def validation_window(inputs: Inputs, split: Split, settings: Settings) -> tuple[FeatureSet, HeldOut]:
    """Training data before the validation window, and the pairs in it."""
    data = inputs.features(split, "validation", settings)
    training = split.training_interactions(inputs.interactions, "validation")
    return data, held_out(data, training, split.validation_pairs(inputs.interactions))


def fit_blend(inputs: Inputs, split: Split, settings: Settings) -> Blend:
    """Fit before the validation window and learn the blend on it."""
    return measured_blend(*validation_window(inputs, split, settings), settings)


def measured_blend(data: FeatureSet, held: HeldOut, settings: Settings) -> Blend:
    """Learn the blend on held-out pairs, and measure it, each signal and each signal's absence on a sample of them."""
    learned = learn_blend(data, held, settings)
    recommender = learned.recommender
    # One sample for all, because figures such as coverage grow with the number of users.
    few = held.sample(MAX_BLEND_USERS, settings.evaluate.seed)
    figures = measure_each(recommender, data, few, settings)
    ablation = ablate(recommender, data, few, settings, known=learned.known, figures=figures)
    return Blend(recommender.weights, figures, ablation, learned.settings)


def learn_blend(data: FeatureSet, held: HeldOut, settings: Settings) -> LearnedBlend:
    """Fit all signals and learn their weights on held-out pairs; then choose what else a validation window tells."""
    equal = {signal.name: 1.0 / len(SIGNALS) for signal in SIGNALS}
    recommender = Recommender.fit(data, settings.recommend, equal, ModelInfo(""))
    recommender, known = _with_learned_weights(recommender, data, held, settings)
    calibrated, weight = calibrate_new_products(recommender, data, held, settings)
    if weight != settings.recommend.new_product_weight:
        recommender, known = _with_learned_weights(calibrated, data, held, settings)
    newcomers = learn_newcomer_weights(recommender, data, held, settings)
    recommender = recommender.with_newcomers(newcomers)
    recommender, n_weights = prune_closed_form(recommender, data, held, settings)
    changes = {"closed_form_weights": n_weights, "new_product_weight": weight, "newcomer_weights": newcomers}
    chosen = settings.recommend.model_copy(update=changes)
    return LearnedBlend(recommender, known, settings.model_copy(update={"recommend": chosen}))


def _with_learned_weights(
    recommender: Recommender, data: FeatureSet, held: HeldOut, settings: Settings
) -> tuple[Recommender, list[CandidateFeatures]]:
    """Learn the weights of the recommender's signals; also returns what they are learned from."""
    known = blend_candidates(recommender, data, held, settings)
    learned = learn_weights(known, len(recommender.signals), settings.evaluate.cutoff)
    fitted = {signal.name: weight for signal, weight in zip(recommender.signals, learned, strict=True)}
    return recommender.with_weights({kind.name: fitted.get(kind.name, 0.0) for kind in SIGNALS}), known


def fit_everything(
    inputs: Inputs, split: Split, settings: Settings, weights: Mapping[str, float], encoder_version: str
) -> Recommender:
    """Fit the model to use on all evidence up to the end of the day."""
    info = ModelInfo(encoder_version, inputs.ds, split.label, recipe_settings(settings), inputs.versions)
    return Recommender.fit(inputs.features(split, "all", settings), settings.recommend, weights, info)


def recipe_settings(settings: Settings) -> dict[str, Any]:
    """Settings that a fit depends on, as plain data."""
    return {name: getattr(settings, name).model_dump(mode="json") for name in RECIPE_SECTIONS}


def settings_of_recipe(settings: Settings, recipe: Mapping[str, Mapping[str, Any]]) -> Settings:
    """Apply a recipe's settings over these settings; settings that no longer exist are left out."""
    sections = {}
    for name, kind in RECIPE_SECTIONS.items():
        if name in recipe:
            values = current_names(name, recipe[name])
            sections[name] = kind.model_validate({k: v for k, v in values.items() if k in kind.model_fields})
    return settings.model_copy(update=sections)
