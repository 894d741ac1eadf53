"""Weight of new products' scores: as many places as they deserve, calibrated on the validation window."""

from __future__ import annotations

from dataclasses import replace

from socialrec.evaluate.measure import measure
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.model import Recommender
from socialrec.recommend.training.offline import MAX_BLEND_USERS, HeldOut, rank
from socialrec.settings import Settings

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
"""Weights that are tried, lowest first."""
MIN_PAIRS = 50
"""Held-out pairs with new products from which on there is something to calibrate by."""
MAX_LOSS = 0.005
"""Share of the best weight's NDCG that a higher weight may lose: less is chance, and new products have to begin."""


def calibrate_new_products(
    recommender: Recommender, data: FeatureSet, held: HeldOut, settings: Settings
) -> tuple[Recommender, float]:
    """Choose the highest weight that costs no quality, and gives new products no more places than held-out pairs.

    A lower weight makes them vanish, a higher one lets them flood the lists. Where the window has too few pairs with
    new products, the settings' weight stays. Returns the recommender to use, and its weight.
    """
    mixing, is_new = recommender.learned.mixing, recommender.is_new(data)
    held = held.sample(MAX_BLEND_USERS, settings.evaluate.seed)
    n_new = int(is_new[held.relevant.indices].sum())
    if n_new < MIN_PAIRS:
        return recommender, mixing.weight
    deserved, cutoff = n_new / held.relevant.nnz, settings.evaluate.cutoff
    found: list[tuple[Recommender, float]] = []
    for level in LEVELS:
        tried = recommender.with_mixing(replace(mixing, weight=level))
        ranked = rank(tried, data, held, cutoff, settings.recommend).ranked
        if found and float(is_new[ranked[ranked >= 0]].mean()) > deserved:
            break
        found.append((tried, measure(ranked, held.relevant, cutoff)[f"ndcg_at_{cutoff}"]))
    least = (1.0 - MAX_LOSS) * max(ndcg for _, ndcg in found)
    best = [tried for tried, ndcg in found if ndcg >= least][-1]
    return best, best.learned.mixing.weight
