"""A large generated shop: time and memory to fit everything and to make every user's list."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sp

from socialrec.bench.load import LoadMeter
from socialrec.bench.progress import Progress, to_standard_error
from socialrec.bench.ranking.benchmark import PACKAGES, Stages, figures, peak_mib
from socialrec.bench.ranking.problem import Problem, SplitPairs, shuffled_places, tie_shares
from socialrec.bench.result import BenchResult, PeerResult, versions
from socialrec.evaluate.baselines import popular_lists
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.training.fits import learn_blend
from socialrec.recommend.training.offline import HeldOut, rank
from socialrec.settings import Settings
from socialrec.vectors.arrays import F32, Indices, unit_rows

NAME = "scale"
SEED = 20260106
MAX_SECONDS, MAX_PEAK_MIB = 400, 4 * 1024
TOPIC_PRODUCTS, TOPIC_SHARE, N_TIES, TEXT_DIM = 1000, 0.8, 5, 64


@dataclass(frozen=True)
class ShopSizes:
    """Size of a shop."""

    n_users: int
    n_products: int
    n_interactions: int

    @classmethod
    def of(cls, scale: float) -> ShopSizes:
        """Sizes at a scale; scale 1 is 200,000 users, 100,000 products and 10 million interactions."""
        return cls(max(100, int(200_000 * scale)), max(100, int(100_000 * scale)), max(1000, int(10_000_000 * scale)))


def run(sizes: ShopSizes, settings: Settings, progress: Progress = to_standard_error) -> BenchResult:
    """Learn the blend, fit on everything but the test pairs, list for every user, and measure the lists.

    `seconds.total` is the sum without generating the shop. `targets_met` is valid at scale 1 only.
    """
    meter, stages, cutoff = LoadMeter(), Stages(progress), settings.evaluate.cutoff
    with stages.stage("generate"):
        problem = generate(sizes)
    with stages.stage("blend"):
        data, held = problem.data_at("validation")(settings.recommend), problem.held_out("validation")
        learned = learn_blend(data, held, settings)
    weights, settings = learned.recommender.weights, learned.settings
    with stages.stage("fit"):
        data, held = problem.data_at("test")(settings.recommend), problem.held_out("test")
        recommender = Recommender.fit(data, settings.recommend, weights, ModelInfo(""))
    with stages.stage("score"):
        everyone = HeldOut(np.arange(sizes.n_users), data.affinity, sp.csr_matrix(data.affinity.shape))
        lists = rank(recommender, data, everyone, settings.recommend.list_length, settings.recommend).ranked
    total = sum(stages.seconds.values()) - stages.seconds["generate"]
    popular = popular_lists(data.popularity, held.seen, cutoff)
    return BenchResult(
        name=NAME,
        metrics={
            **vars(sizes),
            **figures(lists[held.rows], held, [cutoff]),
            "users_per_second": round(sizes.n_users / stages.seconds["score"], 1),
            "targets_met": sizes == ShopSizes.of(1) and total <= MAX_SECONDS and peak_mib() <= MAX_PEAK_MIB,
        },
        seconds={name: round(value, 2) for name, value in (stages.seconds | {"total": total}).items()},
        peak_mib=peak_mib(),
        peers={"popularity": PeerResult(figures(popular, held, [cutoff]))},
        ratios={},
        versions=versions(PACKAGES),
        chosen={"blend": weights, "closed_form_weights": settings.recommend.closed_form_weights},
        load=meter.load(),
    )


def generate(sizes: ShopSizes) -> Problem:
    """Generate a deterministic shop of topics: users keep mostly to one topic, products sell by Zipf's law within it.

    Each user's last pair is for the test, the one before it for validation. Ties are within a topic; texts are a
    topic's direction and noise.
    """
    rng, n_topics = np.random.default_rng(SEED), max(2, sizes.n_products // TOPIC_PRODUCTS)
    # Products are assigned to topics in turn, so that each topic has popular and rare ones.
    topic = rng.integers(0, n_topics, sizes.n_users)
    users = np.sort(rng.integers(0, sizes.n_users, sizes.n_interactions))
    keeps = rng.random(sizes.n_interactions) < TOPIC_SHARE
    chosen = np.where(keeps, topic[users], rng.integers(0, n_topics, sizes.n_interactions))
    place = _zipf(rng, -(-sizes.n_products // n_topics), sizes.n_interactions)
    products = (place * n_topics + chosen) % sizes.n_products
    pairs = SplitPairs(users, products, np.ones(len(users)), np.arange(len(users), dtype=np.int64))
    back, size = shuffled_places(users, SEED)
    in_test, in_validation = (back == 0) & (size > 2), (back == 1) & (size > 2)
    names = pa.array([f"u{number:07d}" for number in range(sizes.n_users)])
    text = _texts(rng, sizes.n_products, n_topics)
    return Problem(
        users=names,
        products=pa.array([f"p{number:07d}" for number in range(sizes.n_products)]),
        train=pairs[~in_test & ~in_validation],
        validation=pairs[in_validation],
        test=pairs[in_test],
        ties=tie_shares(_ties(rng, topic, names), names),
        text=lambda window: text,
    )


def _zipf(rng: np.random.Generator, n: int, size: int) -> Indices:
    """Numbers from 0 to n - 1, each with probability proportional to 1 / place."""
    ends: npt.NDArray[np.float64] = np.cumsum(1.0 / np.arange(1, n + 1))
    drawn: Indices = np.searchsorted(ends, rng.random(size) * ends[-1]).astype(np.int64)
    return drawn


def _texts(rng: np.random.Generator, n_products: int, n_topics: int) -> F32:
    directions = rng.standard_normal((n_topics, TEXT_DIM), dtype=np.float32)
    noise = rng.standard_normal((n_products, TEXT_DIM), dtype=np.float32)
    return unit_rows(directions[np.arange(n_products) % n_topics] + noise)


def _ties(rng: np.random.Generator, topic: Indices, names: pa.Array) -> pa.Table:
    """Follows of each user within the same topic."""
    by_topic = np.argsort(topic, kind="stable")
    place = np.empty_like(by_topic)
    place[by_topic] = np.arange(len(topic))
    followers = np.repeat(np.arange(len(topic)), N_TIES)
    near = (place[followers] + rng.integers(1, 50, len(followers))) % len(topic)
    return pa.table({"user": names.take(pa.array(followers)), "friend": names.take(pa.array(by_topic[near]))})
