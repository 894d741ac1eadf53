"""Lists of a learned blend for every user, next to plain lists of factors by implicit and faiss, on one core each.

Ours are scored, searched and chosen by the policy, as a night's task does it, without reasons. The peers only search
the vectors of the blend's own factors, which they are given.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from socialrec.bench.load import LoadMeter
from socialrec.bench.progress import Progress, to_standard_error
from socialrec.bench.ranking.benchmark import PACKAGES, Stages, peak_mib
from socialrec.bench.result import BenchResult, PeerResult, versions
from socialrec.bench.scale import ShopSizes, generate
from socialrec.bench.topk.benchmark import SideClock
from socialrec.bench.topk.peers import Search, faiss_search, implicit_search
from socialrec.features.context import ScoringSnapshot, Stamp
from socialrec.features.feature_set import FeatureSet
from socialrec.features.reason_evidence import ReasonEvidence
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.policy import Policy
from socialrec.recommend.ranker import TopKRanker
from socialrec.recommend.scores import InnerProductScores
from socialrec.recommend.signals import SIGNALS
from socialrec.recommend.signals.base import UserBlock
from socialrec.recommend.signals.factors import Factors
from socialrec.settings import RecommendSettings, Settings
from socialrec.vectors.arrays import ABSENT, F32, Indices
from socialrec.vectors.exact_topk import TopKIndex

NAME = "night"
TOPIC_PRODUCTS = 1000
"""Products of a category, as of a topic of the generated shop."""
WEIGHTS = {
    "collaborative": 0.3,
    "factors": 0.25,
    "sequence": 0.15,
    "social": 0.1,
    "content": 0.05,
    "category": 0.05,
    "trend": 0.05,
    "popularity": 0.05,
}
"""A blend as trainings learn it, but the same on every machine."""
CLOSED_FORM_WEIGHTS, FACTOR_ITERATIONS = 100, 4
N_ROUNDS = 8
"""Rounds in which the sides take turns, each on the next users."""
SAMPLE_USERS = 256
"""Users whose lists are compared with those of written-out scores."""
NOISE = 2e-5
"""Difference of scores, rounded to five decimals, that the order of float32 sums can make."""


@dataclass(frozen=True)
class MadeNight:
    """Generated shop on the evening of its night: a fitted blend, and the evidence to score with."""

    recommender: Recommender
    context: ScoringSnapshot

    @property
    def factors(self) -> Factors:
        """The blend's factors."""
        return next(signal for signal in self.recommender.signals if isinstance(signal, Factors))

    def lists(self, policy: Policy, rows: Indices) -> Indices:
        """Lists of some users, int64 (n, list_length), block by block."""
        size = self.context.block_users
        blocks = [rows[start : start + size] for start in range(0, len(rows), size)]
        chosen = [policy.choose(self.recommender.score(self.block(block)), block) for block in blocks]
        return np.concatenate([each.listed for each in chosen])

    def block(self, rows: Indices) -> UserBlock:
        """Features of some users."""
        return UserBlock.of(self.context.features, rows)

    def user_vectors(self, rows: Indices) -> F32:
        """Vectors of some users in the space of the factors, float32 (n, factor_dim)."""
        scores = self.factors.score(self.block(rows))
        assert isinstance(scores, InnerProductScores)
        return scores.users


def run(sizes: ShopSizes, settings: Settings, progress: Progress = to_standard_error) -> BenchResult:
    """Make the night of a generated shop, and time all sides in turn, each on the next users.

    `same_lists` is the share of places in lists of `SAMPLE_USERS` users that hold the product which written-out scores
    put there, or one of the same score. Seconds of ours include preparing the search.
    """
    chosen = settings.recommend.model_copy(
        update={"closed_form_weights": CLOSED_FORM_WEIGHTS, "factor_iterations": FACTOR_ITERATIONS}
    )
    stages = Stages(progress)
    with stages.stage("fit"):
        night = make_night(sizes, chosen)
    meter = LoadMeter()
    with on_one_core():
        clock = in_turn(night, progress)
    load = meter.load()
    sample = np.random.default_rng(settings.evaluate.seed).permutation(sizes.n_users)[:SAMPLE_USERS]
    ours, peers = "ours", ("implicit", "faiss")
    return BenchResult(
        name=NAME,
        metrics={
            **vars(sizes),
            "list_length": chosen.list_length,
            "same_lists": round(same_lists(night, sample), 6),
            "users_per_second": round(sizes.n_users / clock.wall[ours], 1),
        },
        seconds={
            "fit": round(stages.seconds["fit"], 2),
            "lists": round(clock.wall[ours], 3),
            "lists_cpu": round(clock.cpu[ours], 3),
        },
        peak_mib=peak_mib(),
        peers={
            name: PeerResult({}, {"lists": round(clock.wall[name], 3), "lists_cpu": round(clock.cpu[name], 3)})
            for name in peers
        },
        ratios={
            **{f"ratio_to_{name}": round(clock.wall[name] / clock.wall[ours], 3) for name in peers},
            **{f"ratio_cpu_to_{name}": round(clock.cpu[name] / clock.cpu[ours], 3) for name in peers},
        },
        versions=versions([*PACKAGES, "torch", "faiss-cpu", "implicit"]),
        chosen={"blend": night.recommender.weights, "closed_form_weights": CLOSED_FORM_WEIGHTS},
        load=load,
    )


def make_night(sizes: ShopSizes, settings: RecommendSettings) -> MadeNight:
    """Generate a shop, with a category for each of its topics, and fit the blend on all of it."""
    data = generate(sizes).data_at("test")(settings)
    n_categories = max(2, sizes.n_products // TOPIC_PRODUCTS)
    data = replace(data, category=np.arange(sizes.n_products, dtype=np.int64) % n_categories)
    weights = dict.fromkeys((signal.name for signal in SIGNALS), 0.0) | WEIGHTS
    return MadeNight(Recommender.fit(data, settings, weights, ModelInfo("")), _context(data, settings))


def in_turn(night: MadeNight, progress: Progress) -> SideClock:
    """Make every user's list with each side, one part of the users after the other."""
    clock, everyone, k = SideClock(), night.context.target_rows, night.context.settings.list_length
    sides: dict[str, Search] = {}
    products = night.factors.products
    # The first use loads libraries, which is not part of the speed.
    next(TopKIndex(products[:1]).top_k(products[:1], 1))
    for name, prepare in (("implicit", implicit_search), ("faiss", faiss_search)):
        prepare(products[:1], 1)(products[:1])
        with clock.of(name):
            sides[name] = prepare(products, k)
    with clock.of("ours"):
        policy = Policy(night.context, night.recommender.is_new(night.context.features))
    for part in range(N_ROUNDS):
        first, last = (len(everyone) * place // N_ROUNDS for place in (part, part + 1))
        rows = everyone[first:last]
        with clock.of("ours"):
            night.lists(policy, rows)
        vectors = night.user_vectors(rows)
        for name, search in sides.items():
            with clock.of(name):
                search(vectors)
        taken = ", ".join(f"{name} {value:.1f} s" for name, value in clock.wall.items())
        progress(f"part {part + 1} of {N_ROUNDS}: {taken}")
    return clock


@contextmanager
def on_one_core() -> Iterator[None]:
    """Run on one core, as a task of a night does; threads that begin meanwhile share it."""
    from threadpoolctl import threadpool_limits

    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        with threadpool_limits(1):
            yield
    finally:
        os.sched_setaffinity(0, cores)


def same_lists(night: MadeNight, rows: Indices) -> float:
    """Share of the places in these users' lists, before the policy, that written-out scores fill in the same way."""
    context, k = night.context, night.context.settings.list_length
    scores, seen = night.recommender.score(night.block(rows)), context.seen[rows]
    listed, _ = TopKRanker(context.active, context.settings.score_decimals).top_k(scores, seen, k)
    full = scores.full()
    full[seen.nonzero()] = -np.inf
    best = np.argsort(-full, axis=1, kind="stable")[:, :k]
    found, wanted = (np.take_along_axis(full, places, axis=1) for places in (np.maximum(listed, 0), best))
    same = (listed == best) | ((listed != ABSENT) & (np.abs(found - wanted) <= NOISE))
    return float(same.mean())


def _context(data: FeatureSet, settings: RecommendSettings) -> ScoringSnapshot:
    """Evidence of a night on which everybody gets a list, and the shop offers everything."""
    (n_users, n_products), nothing = data.affinity.shape, sp.csr_matrix(data.affinity.shape, dtype=np.float32)
    evidence = ReasonEvidence(
        fans=nothing,
        onlookers=nothing,
        follows=sp.csr_matrix((n_users, n_users), dtype=np.float32),
        words=sp.csr_matrix((n_products, 0), dtype=np.float32),
        word_names=[],
        praise=pa.nulls(n_users, pa.list_(pa.string())),
        praised=pa.nulls(n_users, pa.list_(pa.int64())),
        aspect_names=[],
        aspects=pa.nulls(n_users, pa.list_(pa.int64())),
        aspect_quotes=pa.nulls(n_users, pa.list_(pa.string())),
        categories=pa.nulls(n_products, pa.string()),
    )
    return ScoringSnapshot(
        features=data,
        user_ids=data.users,
        target_rows=np.arange(n_users, dtype=np.int64),
        platforms=pa.nulls(n_users, pa.string()),
        seen=sp.csr_matrix(data.affinity > 0, dtype=np.float32),
        returned=nothing,
        active=np.ones(n_products, dtype=np.bool_),
        brand=np.full(n_products, ABSENT, dtype=np.int64),
        age_days=np.zeros(n_products, dtype=np.float32),
        small_seller=np.zeros(n_products, dtype=np.bool_),
        n_met=data.popularity.astype(np.int64),
        reason_evidence=evidence,
        stamp=Stamp("2026-01-01", NAME, NAME),
        settings=settings,
    )
