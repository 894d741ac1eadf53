"""Weights of the signals for users without products, learned on users whose products are hidden."""

from __future__ import annotations

from dataclasses import replace

import scipy.sparse as sp

from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.blend import candidate_features, standardised
from socialrec.recommend.model import Recommender
from socialrec.recommend.signals.base import UserBlock
from socialrec.recommend.training.blend_weights import learn_weights
from socialrec.recommend.training.offline import MAX_BLEND_USERS, SCORES_AT_ONCE, HeldOut, blocks
from socialrec.settings import Settings

MIN_USERS = 50
"""Users with ties or words of their own from which on there is something to learn."""


def learn_newcomer_weights(
    recommender: Recommender, data: FeatureSet, held: HeldOut, settings: Settings
) -> dict[str, float] | None:
    """Learn weights on held-out pairs of users of whom only ties and words are shown.

    A blend that is learned on users with products says nothing of those without: to it, taste is worth more than ties,
    and without taste nothing is left. None where too few users have ties or words. Weights that the settings give are
    kept.
    """
    if settings.recommend.newcomer_weights is not None:
        return settings.recommend.newcomer_weights
    held = held.sample(MAX_BLEND_USERS, settings.evaluate.seed)
    size = settings.recommend.users_per_block(len(data.products), at_once=SCORES_AT_ONCE)
    known, n_users = [], 0
    for at, block in blocks(data, held.rows, size):
        hidden = without_products(block)
        n_users += int(((hidden.ties.getnnz(axis=1) > 0) | hidden.words.any(axis=1)).sum())
        parts = [standardised(part) for part in recommender.parts(hidden)]
        known.append(candidate_features(parts, held.seen[at], held.relevant[at]))
    if n_users < MIN_USERS:
        return None
    learned = learn_weights(known, len(recommender.signals), settings.evaluate.cutoff)
    return {signal.name: weight for signal, weight in zip(recommender.signals, learned, strict=True)}


def without_products(block: UserBlock) -> UserBlock:
    """The same users, as if they had met no product yet."""
    nothing = sp.csr_matrix(block.affinity.shape, dtype=block.affinity.dtype)
    return replace(block, affinity=nothing, recency=nothing)
