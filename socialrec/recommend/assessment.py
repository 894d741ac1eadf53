"""A recipe on the test window: fitted before it, asked for lists of the held-out users, and what that cost."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from socialrec.evaluate.catalogue import Catalogue
from socialrec.evaluate.measure import Figures, HeldOutSet
from socialrec.evaluate.slices import UserFacts, make_slices
from socialrec.evaluate.split import Split
from socialrec.recommend.arrays import ABSENT, Indices, positions, vocabulary
from socialrec.recommend.data import TrainingData
from socialrec.recommend.inputs import Inputs
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.offline import HeldOut, Lists, held_out, rank
from socialrec.settings import Settings


@dataclass(frozen=True)
class Trial:
    """A recipe refitted before the test window, and its lists for the users of that window.

    cost: `fit_seconds`, and `score_milliseconds_per_user`.
    """

    data: TrainingData
    held: HeldOut
    recommender: Recommender
    lists: Lists
    cost: Figures

    @property
    def constant_share(self) -> float:
        """Share of the held-out users to whom all products score the same."""
        return float(self.lists.is_constant.mean()) if len(self.lists.is_constant) else 0.0


def try_recipe(inputs: Inputs, split: Split, settings: Settings, weights: Mapping[str, float]) -> Trial:
    """Fit before the test window with a given blend, and rank for its users. Raises ValueError on broken scores."""
    data = inputs.training_data(split, "test", settings)
    training = split.training_interactions(inputs.interactions, "test")
    held = held_out(data, training, split.test_pairs(inputs.interactions))
    started = time.perf_counter()
    recommender = Recommender.fit(data, settings.recommend, weights, ModelInfo(""))
    fitted = time.perf_counter()
    lists = rank(recommender, data, held, settings.evaluate.cutoff, settings.recommend)
    per_user = (time.perf_counter() - fitted) / max(len(held.rows), 1)
    cost = {"fit_seconds": fitted - started, "score_milliseconds_per_user": 1000 * per_user}
    return Trial(data, held, recommender, lists, cost)


def held_out_set(trial: Trial, inputs: Inputs, split: Split, settings: Settings) -> HeldOutSet:
    """What every model's lists are measured against, with the slices, as the trial's training data tell them."""
    data, held = trial.data, trial.held
    users = vocabulary(split.test_pairs(inputs.interactions)["user_key"])
    facts = UserFacts(
        n_products=np.diff(held.seen.indptr).astype(np.int64),
        n_ties=_n_ties(data, held.rows),
        platform=_platforms(inputs.interactions, users),
    )
    catalogue = Catalogue(data.popularity, len(data.users), data.text, category_numbers(inputs.products, data.products))
    slices = make_slices(facts, held.relevant, data.popularity, settings.evaluate)
    return HeldOutSet(held.relevant, held.seen, catalogue, slices)


def category_numbers(products: pa.Table, names: pa.Array) -> Indices:
    """A number for each product's category, int64 (n_products,) in order of `names`; ABSENT where it has none."""
    known = products.filter(products["category"].is_valid())
    numbers = np.full(len(names), ABSENT, dtype=np.int64)
    rows = positions(known["product_id"], names)
    numbers[rows[rows >= 0]] = positions(known["category"], vocabulary(known["category"]))[rows >= 0]
    return numbers


def _n_ties(data: TrainingData, rows: Indices) -> Indices:
    counts = np.append(np.diff(data.ties.indptr), 0)
    return counts[np.where(rows == ABSENT, len(counts) - 1, rows)].astype(np.int64)


def _platforms(interactions: pa.Table, users: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    """The platform of each user: pseudonyms are made from platform and id, so each has one."""
    found = interactions.select(["user_key", "platform"]).group_by("user_key").aggregate([("platform", "min")])
    rows = pa.array(positions(users, found["user_key"].combine_chunks()))
    return np.asarray(found["platform_min"].take(rows).to_pylist(), dtype=np.str_)
