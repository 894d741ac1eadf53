"""Weight of new products' scores: as many places as they deserve, calibrated on the validation window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from socialrec.evaluate.metrics.hits import Values, n_relevant
from socialrec.evaluate.metrics.ndcg import ndcg
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.model import Recommender
from socialrec.recommend.training.offline import MAX_BLEND_USERS, HeldOut, rank
from socialrec.settings import Settings

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
"""Weights that are tried, lowest first."""
MIN_PAIRS = 50
"""Held-out pairs with new products from which on there is something to calibrate by."""


def calibrate_new_products(
    recommender: Recommender, data: FeatureSet, held: HeldOut, settings: Settings
) -> tuple[Recommender, float]:
    """Choose the highest weight that costs no quality, and gives new products no more places than held-out pairs.

    A lower weight makes them vanish, a higher one lets them flood the lists. A weight costs quality where its NDCG is
    more than a standard error below the best one's (Breiman et al., "Classification and regression trees", 1984, the
    rule of one standard error). Where the window has too few pairs with new products, the settings' weight stays.
    Returns the recommender to use, and its weight.
    """
    mixing, is_new = recommender.learned.mixing, recommender.is_new(data)
    held = held.sample(MAX_BLEND_USERS, settings.evaluate.seed)
    n_new = int(is_new[held.relevant.indices].sum())
    if n_new < MIN_PAIRS:
        return recommender, mixing.weight
    deserved, cutoff = n_new / held.relevant.nnz, settings.evaluate.cutoff
    is_tested = n_relevant(held.relevant) > 0
    found: list[tuple[Recommender, Values]] = []
    for level in LEVELS:
        tried = recommender.with_mixing(replace(mixing, weight=level))
        ranked = rank(tried, data, held, cutoff, settings.recommend).ranked
        if found and float(is_new[ranked[ranked >= 0]].mean()) > deserved:
            break
        found.append((tried, ndcg(ranked, held.relevant, cutoff)[is_tested]))
    highest = max((values for _, values in found), key=np.mean)
    best = [tried for tried, values in found if is_chance(highest - values)][-1]
    return best, best.learned.mixing.weight


def is_chance(losses: Values) -> bool:
    """Check if the users' losses, float64 (n_users,), are in their mean no more than a standard error of it."""
    return bool(losses.mean() <= losses.std() / np.sqrt(max(len(losses) - 1, 1)))
