"""Interface of a signal: fitted once, then scores of every product for blocks of users with their features."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Generic, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from socialrec.contracts.vocabulary import ReasonKind
from socialrec.features.feature_set import FeatureSet
from socialrec.recommend.scores import Scores
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import ABSENT, F32, Csr, Flags, Indices

State = dict[str, npt.NDArray[np.generic]]
Space = Mapping[str, Sequence[float]]
"""Levels of settings that a search tries, by name."""


Value = TypeVar("Value")


class OncePerFeatures(Generic[Value]):
    """Value that depends on the features of products alone, computed once for all blocks of users."""

    def __init__(self, compute: Callable[[FeatureSet], Value]) -> None:
        self._compute = compute
        self._newest: tuple[FeatureSet, Value] | None = None

    def of(self, features: FeatureSet) -> Value:
        """Compute the value, or return that of the same products."""
        newest = self._newest
        if newest is None or not newest[0].has_products_of(features):
            self._newest = newest = features, self._compute(features)
        return newest[1]


@dataclass(frozen=True)
class UserBlock:
    """Features of n users, and those of all others and of the products.

    affinity, recency: csr float32 (n, n_products). ties: csr float32 (n, n_users), rows adding up to 1. communities:
    int64 (n,), ABSENT without ties. words: float32 (n, dim). cares: float32 (n, n_aspects). columns: int64
    (n_products,), the number of each product in the features; None where they are all.
    """

    features: FeatureSet
    affinity: Csr
    recency: Csr
    ties: Csr
    communities: Indices
    words: F32
    cares: F32
    columns: Indices | None = None

    @classmethod
    def of(cls, features: FeatureSet, rows: Indices) -> Self:
        """Take some users, int64 (n,); ABSENT for one that the features do not know, who has none."""
        known = rows != ABSENT
        taken, n = rows[known], len(rows)
        ones = np.ones(len(taken), np.float32)
        place = sp.csr_matrix((ones, (np.flatnonzero(known), taken)), (n, len(features.users)))
        affinity, recency, ties = (place.dot(m).tocsr() for m in (features.affinity, features.recency, features.ties))
        words, cares = (np.zeros((n, each.shape[1]), dtype=np.float32) for each in (features.words, features.cares))
        communities = np.full(n, ABSENT, dtype=np.int64)
        words[known], cares[known] = features.words[taken], features.cares[taken]
        communities[known] = features.communities[taken]
        return cls(features, affinity, recency, ties, communities, words, cares)

    def of_products(self, columns: Indices) -> Self:
        """The same users with some products alone, by their numbers, int64 (n_products,)."""
        affinity, recency = self.affinity[:, columns], self.recency[:, columns]
        return replace(self, affinity=affinity, recency=recency, columns=columns)

    def from_neighbours(self, chosen: Flags) -> Csr:
        """Tie-weighted mean of the neighbours' affinities, csr float32 (n, n_products); none for users not chosen."""
        ties = sp.diags(chosen.astype(np.float32)).dot(self.ties).tocsr()
        ties.eliminate_zeros()
        affinity = ties.dot(self.features.affinity).tocsr()
        return affinity if self.columns is None else affinity[:, self.columns]

    @property
    def n_users(self) -> int:
        """Number of users."""
        return len(self.communities)


class Signal(Protocol):
    """Way of scoring. Scores of different signals are not comparable; the blend standardises them.

    name: its name in blends and files. reason: kind of reason for its part of a score. baseline_weight: its weight in
    the baseline. learns_products: True where it scores only the products that it was fitted on, so that others are
    scored by those that they resemble. counts_users: True where its scores are users of products, which a new product
    has not had the time for, so that it counts at least as many as those that it resembles. space: settings that its
    fit alone depends on, which a training may search; data_space: further ones, that its features are made with, which
    benchmarks search.
    """

    name: ClassVar[str]
    reason: ClassVar[ReasonKind]
    baseline_weight: ClassVar[float]
    learns_products: ClassVar[bool]
    counts_users: ClassVar[bool]
    space: ClassVar[Space]
    data_space: ClassVar[Space]

    @classmethod
    def fit(cls, data: FeatureSet, settings: RecommendSettings) -> Self:
        """Learn from features; the same features give the same signal."""
        ...

    @classmethod
    def has_evidence(cls, data: FeatureSet) -> bool:
        """Check if the features have anything for it to score by; else it is not fitted, and its weight is 0."""
        ...

    @classmethod
    def idle_settings(cls, data: FeatureSet) -> set[str]:
        """Names of its settings that cannot matter for these features."""
        ...

    def score(self, block: UserBlock) -> Scores:
        """Finite scores of every product, (n, n_products); a user without evidence gets a constant row."""
        ...

    def state(self) -> State:
        """Arrays that `restore` rebuilds the signal from."""
        ...

    @classmethod
    def restore(cls, state: State) -> Self:
        """Restore the signal from its state."""
        ...


class SignalDefaults:
    """Defaults of a signal: no learned state, no place in the baseline, nothing to search."""

    baseline_weight: ClassVar[float] = 0.0
    learns_products: ClassVar[bool] = False
    counts_users: ClassVar[bool] = False
    space: ClassVar[Space] = {}
    data_space: ClassVar[Space] = {}

    @classmethod
    def fit(cls, data: FeatureSet, settings: RecommendSettings) -> Self:
        """Learn nothing."""
        del data, settings
        return cls()

    @classmethod
    def has_evidence(cls, data: FeatureSet) -> bool:
        """Take part whatever the features are."""
        del data
        return True

    @classmethod
    def idle_settings(cls, data: FeatureSet) -> set[str]:
        """Name no settings."""
        del data
        return set()

    def state(self) -> State:
        """Return no arrays."""
        return {}

    @classmethod
    def restore(cls, state: State) -> Self:
        """Make a new signal."""
        del state
        return cls()


class PopularityPower(SignalDefaults):
    """Defaults of a signal of popularity, which reads the power that popularity is taken to."""

    def __init__(self, exponent: float) -> None:
        self.exponent = exponent

    def power(self, counts: F32) -> F32:
        """Numbers of users to the power, float32 (n_products,)."""
        return np.power(counts, np.float32(self.exponent), dtype=np.float32)

    @classmethod
    def fit(cls, data: FeatureSet, settings: RecommendSettings) -> Self:
        """Read the power; popularity itself comes with the features of each block."""
        del data
        return cls(settings.popularity_exponent)

    def state(self) -> State:
        """Power of popularity."""
        return {"exponent": np.array([self.exponent])}

    @classmethod
    def restore(cls, state: State) -> Self:
        """Restore from the power."""
        return cls(float(np.asarray(state["exponent"], np.float64)[0]))
