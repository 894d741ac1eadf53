"""Decision how many weights the closed form keeps: the fewest whose lists on the validation window are as good."""

from __future__ import annotations

from socialrec.evaluate.measure import measure
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.model import Recommender
from socialrec.recommend.training.offline import MAX_BLEND_USERS, HeldOut, rank
from socialrec.settings import Settings

LEVELS = (50, 100, 200)
"""Numbers of weights from each product that are tried, fewest first."""
MIN_PRODUCTS = 20
"""Products for each weight from which on pruning is tried: in a smaller catalogue it would save little time."""
MAX_LOSS = 0.005
"""Share of the blend's NDCG from which on a loss is too much."""


def prune_closed_form(
    recommender: Recommender, data: FeatureSet, held: HeldOut, settings: Settings
) -> tuple[Recommender, int | None]:
    """Prune the closed form of a learned blend where that loses less than `MAX_LOSS` of its NDCG on held-out pairs.

    Returns the recommender to use, and the number of weights from each product; None where all are kept. A number that
    the settings give is kept, and nothing is measured.
    """
    whole, given = recommender.collaborative, settings.recommend.closed_form_weights
    levels = [level for level in LEVELS if level * MIN_PRODUCTS <= len(data.products)]
    if given is not None or not levels or not recommender.weights[whole.name]:
        return recommender, given
    held, cutoff = held.sample(MAX_BLEND_USERS, settings.evaluate.seed), settings.evaluate.cutoff

    def ndcg(tried: Recommender) -> float:
        ranked = rank(tried, data, held, cutoff, settings.recommend).ranked
        return measure(ranked, held.relevant, cutoff)[f"ndcg_at_{cutoff}"]

    wanted, widest = (1 - MAX_LOSS) * ndcg(recommender), whole.prune(levels[-1])
    for level in levels:
        tried = recommender.with_collaborative(widest.prune(level))
        if ndcg(tried) > wanted:
            return tried, level
    return recommender, None
