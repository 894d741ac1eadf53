"""Weight of new products' scores at which they get as many places as they deserve, calibrated on validation."""

from __future__ import annotations

from dataclasses import replace

from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.model import Recommender
from socialrec.recommend.training.offline import HeldOut, rank
from socialrec.settings import Settings

LEVELS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0)
"""Weights that are tried, lowest first."""
MIN_PAIRS = 50
"""Held-out pairs with new products from which on there is something to calibrate by."""
MAX_USERS = 2_000
"""Users to measure on, drawn with the seed."""


def calibrate_new_products(
    recommender: Recommender, data: FeatureSet, held: HeldOut, settings: Settings
) -> tuple[Recommender, float]:
    """Choose the weight at which new products' share of places is nearest to their share of the held-out pairs.

    A lower weight makes them vanish, a higher one lets them flood the lists. Where the window has too few pairs with
    new products, the settings' weight stays. Returns the recommender to use, and its weight.
    """
    mixing, is_new = recommender.learned.mixing, recommender.is_new(data)
    held = held.sample(MAX_USERS, settings.evaluate.seed)
    n_new = int(is_new[held.relevant.indices].sum())
    if n_new < MIN_PAIRS:
        return recommender, mixing.weight
    wanted, cutoff = n_new / held.relevant.nnz, settings.evaluate.cutoff
    best, distance = recommender, float("inf")
    for level in LEVELS:
        tried = recommender.with_mixing(replace(mixing, weight=level))
        ranked = rank(tried, data, held, cutoff, settings.recommend).ranked
        share = float(is_new[ranked[ranked >= 0]].mean())
        if abs(share - wanted) < distance:
            best, distance = tried, abs(share - wanted)
        if share > wanted:
            break
    return best, best.learned.mixing.weight
