"""Training defaults of `bench text`: steps enough for a public task of its size."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from socialrec.bench.text.tasks import SplitTask
from socialrec.encoders.shipped.choice import with_model
from socialrec.encoders.shipped.multilingual import MULTILINGUAL
from socialrec.encoders.tokens import tokenize
from socialrec.encoders.weights import load_weights
from socialrec.settings.text import TextSettings, Tuning

RECIPE: Mapping[str, object] = MappingProxyType(
    {
        "tuning": Tuning.FULL,
        "max_tokens": 128,
        "probe_texts": 4000,
        "learning_rate": 3e-4,
        "train_tokens": 2048,
        "train_steps": 1200,
        "validate_every": 100,
        "patience": 12,
    }
)
"""Values found on validation data, mostly Myntra's genders. The nightly defaults are for a few minutes beside other
work.
"""
MULTILINGUAL_RECIPE: Mapping[str, object] = MappingProxyType(
    {"tuning": Tuning.LAYERS, "learning_rate": 1.5e-4, "train_steps": 1800, "validate_every": 300}
)
"""Other values for the multilingual model, found on validation data of Chinese sentiment. Of its vocabulary, four
fifths of its weights, a task's texts use few.
"""
MEASURED_TEXTS = 2_000
"""Training texts by which a model is chosen where `text.model` is `auto`."""
MAX_ROUNDS = 8
"""Limit on passes over the texts: on validation, Myntra's brands are predicted best after eight."""


def with_recipe(settings: TextSettings, task: SplitTask) -> TextSettings:
    """Choose a model and apply the recipe's values where nothing was set.

    The number of steps follows from the number of training texts. Where accuracy counts, every example counts the same.
    """
    recipe = dict(RECIPE) | ({"class_balance": 0.0} if task.metric == "accuracy" else {})
    silent = {name: value for name, value in recipe.items() if name not in settings.model_fields_set}
    chosen = with_model(settings.model_copy(update=silent), task.training.texts[:MEASURED_TEXTS])
    if chosen.model == MULTILINGUAL:
        own = {name: value for name, value in MULTILINGUAL_RECIPE.items() if name not in settings.model_fields_set}
        chosen = chosen.model_copy(update=own)
    if "train_steps" in settings.model_fields_set:
        return chosen
    tokens = tokenize(load_weights(chosen.model), task.training.texts, chosen.max_tokens)
    a_round = int(np.ceil(sum(map(len, tokens)) / chosen.train_tokens))
    return chosen.model_copy(update={"train_steps": min(chosen.train_steps, MAX_ROUNDS * a_round)})
