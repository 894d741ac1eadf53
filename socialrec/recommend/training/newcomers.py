"""Weights of the signals for users without products, learned on users whose products are hidden."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.model import Recommender
from socialrec.recommend.signals.base import UserBlock
from socialrec.recommend.training.blend_weights import learn_weights
from socialrec.recommend.training.offline import MAX_BLEND_USERS, HeldOut, blend_candidates
from socialrec.settings import Settings
from socialrec.vectors.arrays import ABSENT

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
    rows = held.rows[held.rows != ABSENT]
    has_ties, has_words = np.diff(data.ties.indptr)[rows] > 0, data.words[rows].any(axis=1)
    if (has_ties | has_words).sum() < MIN_USERS:
        return None
    known = blend_candidates(recommender, data, held, settings, without_products)
    learned = learn_weights(known, len(recommender.signals), settings.evaluate.cutoff)
    return {signal.name: weight for signal, weight in zip(recommender.signals, learned, strict=True)}


def without_products(block: UserBlock) -> UserBlock:
    """The same users, as if they had met no product yet."""
    nothing = sp.csr_matrix(block.affinity.shape, dtype=block.affinity.dtype)
    return replace(block, affinity=nothing, recency=nothing)
