"""A shop of two circles: everybody likes what the own circle likes, and may be tied to it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.signals import SIGNALS
from socialrec.recommend.training.offline import HeldOut
from socialrec.settings import RecommendSettings

N_USERS, N_PRODUCTS = 80, 20


def shop(*, tied: bool) -> tuple[FeatureSet, HeldOut]:
    """Two circles of forty users; each likes three of the ten products of its circle, one more is held out."""
    rng = np.random.default_rng(4)
    circle = np.arange(N_USERS) % 2
    likes = np.stack([10 * side + rng.permutation(10)[:4] for side in circle])
    rows = np.arange(N_USERS)
    ones = np.ones(3 * N_USERS, np.float32)
    affinity = sp.csr_matrix((ones, (np.repeat(rows, 3), likes[:, :3].ravel())), (N_USERS, N_PRODUCTS))
    same = (circle[:, None] == circle[None, :]) & ~np.eye(N_USERS, dtype=np.bool_)
    ties = sp.csr_matrix((same / same.sum(axis=1, keepdims=True)).astype(np.float32) * np.float32(tied))
    ties.eliminate_zeros()
    relevant = sp.csr_matrix((np.ones(N_USERS, np.float32), (rows, likes[:, 3])), (N_USERS, N_PRODUCTS))
    features = FeatureSet(
        users=pa.array([f"u{user:02}" for user in rows]),
        products=pa.array([f"p{product:02}" for product in range(N_PRODUCTS)]),
        affinity=affinity,
        recency=sp.csr_matrix((N_USERS, N_PRODUCTS), dtype=np.float32),
        opinions=sp.csr_matrix((N_USERS, N_PRODUCTS), dtype=np.float32),
        ties=ties,
        communities=np.full(N_USERS, -1),
        community_likes=sp.csr_matrix((1, N_PRODUCTS), dtype=np.float32),
        words=np.zeros((N_USERS, 2), dtype=np.float32),
        cares=np.zeros((N_USERS, 1), dtype=np.float32),
        praise=np.zeros((N_PRODUCTS, 1), dtype=np.float32),
        text=np.zeros((N_PRODUCTS, 2), dtype=np.float32),
        looks=np.zeros((N_PRODUCTS, 0), dtype=np.float32),
        popularity=np.asarray((affinity > 0).sum(axis=0), dtype=np.float32).ravel(),
        trend=np.zeros(N_PRODUCTS, dtype=np.float32),
        category=np.full(N_PRODUCTS, -1),
    )
    return features, HeldOut(rows, affinity, relevant)


def every_signal(features: FeatureSet) -> Recommender:
    equal = {signal.name: 1.0 / len(SIGNALS) for signal in SIGNALS}
    return Recommender.fit(features, RecommendSettings(factor_dim=4), equal, ModelInfo(""))
