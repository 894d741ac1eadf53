"""Baseline that serves until a trained model is sound: popularity by a user's evidence, nothing learned.

Its weights are fixed (`baseline_weight` of each signal) and add up to 1, in this order: likes of connected people,
popularity in the categories that the user likes, similarity in words to the user's products beside overall popularity,
likes of the user's community, and similarity to the user's own words beside the trend.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from socialrec.contracts.vocabulary import ModelKind
from socialrec.evaluate.gate import n_users_missing
from socialrec.evaluate.split import Split
from socialrec.features.inputs import Inputs
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.signals import SIGNALS
from socialrec.recommend.training.fits import recipe_settings
from socialrec.settings import EvaluateSettings, Settings

FOLDER = "baseline"
"""Name of its folder below a candidate's folder, and of its artifacts in the training's MLflow run."""


def fit_baseline(inputs: Inputs, split: Split, settings: Settings, encoder_version: str) -> Recommender:
    """Fit the baseline on all evidence up to the end of the day; it also fits with next to none."""
    weights = {signal.name: signal.baseline_weight for signal in SIGNALS}
    recipe, kind = recipe_settings(settings), ModelKind.BASELINE.value
    info = ModelInfo(encoder_version, inputs.ds, split.label, recipe, inputs.versions, kind)
    return Recommender.fit(inputs.features(split, "all", settings), settings.recommend, weights, info)


def what_is_missing(evaluation: Mapping[str, Any], settings: EvaluateSettings) -> str:
    """Requirements for a trained model to serve in the baseline's place, in words."""
    if n := n_users_missing(evaluation, settings):
        users = "1 more user" if n == 1 else f"{n} more users"
        if evaluation.get("split_kind") == "time":
            return f"{users} with 2 products each, one of them among the last {settings.test_share:.0%} of the events"
        return f"{users} with 2 products each"
    if evaluation.get("faults"):
        return "a candidate without faults"
    return "a candidate that is better than popularity for the held-out users"
