"""Users without interactions: a share of those with ties is known by their ties alone, beside popularity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import scipy.sparse as sp

from socialrec.bench.ranking.problem import Problem
from socialrec.errors import UserError
from socialrec.evaluate.baselines import popular_lists
from socialrec.evaluate.measure import measure
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.training.offline import HeldOut, rank
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import Indices

CUTOFF = 10


@dataclass(frozen=True)
class ColdUsersProblem:
    """Problem without the pairs of some users, all of which they are then asked for.

    users: int64 (n,). held: their pairs of train, validation and test; nothing of them is seen.
    """

    known: Problem
    users: Indices
    held: HeldOut

    @classmethod
    def of(cls, whole: Problem, share: float, seed: int) -> Self:
        """Draw a share of the users with ties. Raises UserError where that is nobody."""
        tied = np.flatnonzero(np.diff(whole.ties.indptr))
        every = whole.train + whole.validation + whole.test
        tied = tied[np.isin(tied, every.users)]
        users = np.sort(np.random.default_rng(seed).permutation(tied)[: int(share * len(tied))])
        if not len(users):
            raise UserError(f"--cold-users {share:g} takes out nobody: ties (--social) are needed, or a larger share")
        parts = {name: getattr(whole, name) for name in ("train", "validation", "test")}
        known = replace(whole, **{name: part[~np.isin(part.users, users)] for name, part in parts.items()})
        relevant = sp.csr_matrix(every.matrix(whole.shape) > 0, dtype=np.float32)[users]
        return cls(known, users, HeldOut(users, sp.csr_matrix(relevant.shape, dtype=np.float32), relevant))


def measure_cold_users(
    problem: ColdUsersProblem, weights: Mapping[str, float], settings: RecommendSettings
) -> dict[str, float]:
    """Compute NDCG and recall at `CUTOFF` of users without pairs, ours and those of popularity, and the ratio."""
    data = problem.known.data_at("test")(settings)
    model = Recommender.fit(data, settings, weights, ModelInfo(""))
    held = problem.held
    lists = {
        "cold_users": rank(model, data, held, CUTOFF, settings).ranked,
        "cold_users_popularity": popular_lists(data.popularity, held.seen, CUTOFF),
    }
    names = (f"ndcg_at_{CUTOFF}", f"recall_at_{CUTOFF}")
    found = {
        f"{who}_{name}": value
        for who, ranked in lists.items()
        for name, value in measure(ranked, held.relevant, CUTOFF).items()
        if name in names
    }
    popular = found[f"cold_users_popularity_{names[0]}"]
    ratio = found[f"cold_users_{names[0]}"] / popular if popular else 0.0
    return {**found, "ratio_cold_users_to_popularity": ratio, "n_cold_users": len(problem.users)}
