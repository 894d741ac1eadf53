"""Simulated attacks: rings of fake accounts push products; measured by the lists of honest users that those enter.

A ring that acts before a training is learned from: its purchases count in every signal that is fitted, its comments
move its product's vector, its ties shape communities. One that acts afterwards reaches only the fresh evidence of a
night: users tied to its members (honest users only if they follow back), and their community. The first is the worse of
the two, so the simulation fits the recipe again on poisoned evidence, a few rings at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from socialrec.contracts.vocabulary import EventType
from socialrec.evaluate.bootstrap import mean_interval
from socialrec.evaluate.measure import Figures
from socialrec.evaluate.split import Split
from socialrec.features.feature_set import FeatureSet
from socialrec.features.inputs import Inputs
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.training.offline import HeldOut, blocks, held_out
from socialrec.settings import EvaluateSettings, Settings
from socialrec.vectors.arrays import Indices, positions

MIN_MEMBERS = 3
RINGS_AT_ONCE = 5
"""Rings in one poisoned fit: each fit costs a training, and more rings would influence each other."""
N_CAMOUFLAGE = 5
"""Popular products that each fake account clicks on, and honest users that it follows."""
N_CIRCLE = 10
"""Members on either side in the ring whom each follows."""
MAX_USERS = 2_000
"""Honest users whose lists are measured."""

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Ring:
    """Fake accounts and the product that they push."""

    members: tuple[str, ...]
    product: str


def simulate_attacks(
    honest: FeatureSet, held: HeldOut, recommender: Recommender, *, inputs: Inputs, split: Split, settings: Settings
) -> Figures:
    """Measure the effect of rings on a recommender that was fitted on honest evidence before the test window.

    ring_lists: by how much the share of honest held-out users' lists that hold a ring's product grows, in the mean over
    rings, with the ends of its 95% interval (ring_lists_low, ring_lists_high). ring_climb: share of the catalogue that
    a ring's product climbs in the mean over these users and rings. rings: how many; ring_members: fake accounts of one.
    Empty where there are no rings.
    """
    sample = held.sample(MAX_USERS, settings.evaluate.seed)
    found: list[Effects] = []
    n_members = 0
    for batch in range(-(-settings.evaluate.rings // RINGS_AT_ONCE)):
        rings = choose_rings(honest, settings.evaluate, batch)
        if not rings:
            return {}
        n_members, products = len(rings[0].members), [ring.product for ring in rings]
        poisoned = plant(rings, honest, inputs, split, np.random.default_rng([settings.evaluate.seed, batch, 1]))
        data = poisoned.features(split, "test", settings)
        training = split.training_interactions(poisoned.interactions, "test")
        tested = held_out(data, training, split.test_pairs(inputs.interactions)).sample(
            MAX_USERS, settings.evaluate.seed
        )
        attacked = Recommender.fit(data, settings.recommend, recommender.weights, ModelInfo(""))
        before = ranks_of(products, recommender, honest, sample, settings)
        after = ranks_of(products, attacked, data, tested, settings)
        found.append(effects(before, after, len(data.products), settings.evaluate.cutoff))
    return {**summary_of(found, settings.evaluate), "ring_members": n_members} if found else {}


def choose_rings(data: FeatureSet, settings: EvaluateSettings, batch: int = 0) -> list[Ring]:
    """Choose rings of one batch, each with a product of its own from the less popular half, by the seed and the batch.

    Empty in a shop so small that the share of users makes no ring.
    """
    n_members = round(settings.ring_share * len(data.users))
    n_rings = min(RINGS_AT_ONCE, settings.rings - batch * RINGS_AT_ONCE)
    if n_members < MIN_MEMBERS or n_rings <= 0:
        return []
    unpopular = np.flatnonzero(data.popularity <= np.median(data.popularity))
    rng = np.random.default_rng([settings.seed, batch])
    pushed = rng.choice(unpopular, min(n_rings, len(unpopular)), replace=False)
    return [
        Ring(tuple(f"fake-{number}-{member}" for member in range(n_members)), data.products[int(product)].as_py())
        for number, product in enumerate(pushed)
    ]


def plant(rings: list[Ring], data: FeatureSet, inputs: Inputs, split: Split, rng: np.random.Generator) -> Inputs:
    """Add the rings' records in the hour before the test window to the inputs.

    Each member buys its product, praises it in the words of the most popular one, clicks on popular products, follows
    some honest users, and follows and is followed by the others of its ring.
    """
    moment = split.test_cut - timedelta(hours=1) if split.test_cut else None
    liked = data.products.take(pa.array(np.argsort(-data.popularity, kind="stable")[: 10 * N_CAMOUFLAGE])).to_pylist()
    words = _words_of(liked[0], inputs.products)
    events: Rows = []
    comments: Rows = []
    ties: Rows = []
    for ring in rings:
        for place, member in enumerate(ring.members):
            did = {
                "user_key": member,
                "event_ts": moment,
                "quantity": 1.0,
                "platform": inputs.platforms[0],
                "ds": inputs.ds,
            }
            events.append({**did, "product_id": ring.product, "event_type": EventType.PURCHASE.value})
            for product in rng.choice(liked, min(N_CAMOUFLAGE, len(liked)), replace=False).tolist():
                events.append({**did, "product_id": product, "event_type": EventType.CLICK.value})
            said = {"user_key": member, "product_id": ring.product, "rating": 5.0, "created_ts": moment}
            comments.append(said | words)
            others = {ring.members[(place + step) % len(ring.members)] for step in range(-N_CIRCLE, N_CIRCLE + 1)}
            ties += [_tie(member, other, moment, is_mutual=True) for other in sorted(others - {member})]
            strangers = rng.choice(data.users.to_pylist(), min(N_CAMOUFLAGE, len(data.users)), replace=False).tolist()
            ties += [_tie(member, other, moment, is_mutual=False) for other in strangers]
    return replace(
        inputs,
        interactions=_with(inputs.interactions, events),
        comments=_with(inputs.comments, comments),
        ties=_with(inputs.ties, ties),
    )


def ranks_of(
    products: list[str], recommender: Recommender, data: FeatureSet, held: HeldOut, settings: Settings
) -> npt.NDArray[np.float64]:
    """Ranks from 1 of some products among all unmet ones of a user, float64 (n_users, n); NaN for met ones."""
    columns = positions(pa.array(products), data.products)
    ranks = np.full((len(held.rows), len(columns)), np.nan)
    for at, block in blocks(data, held.rows, settings.recommend.users_per_block(len(data.products))):
        scores = recommender.score(block).full()
        scores[held.seen[at].nonzero()] = -np.inf
        ranks[at] = _ranks_in(scores, columns)
    return ranks


@dataclass(frozen=True)
class Effects:
    """Effects of each ring: share of the catalogue that its product climbs, and share of lists it enters, float64
    (n_rings,).
    """

    climbed: npt.NDArray[np.float64]
    entered: npt.NDArray[np.float64]


def effects(before: npt.NDArray[np.float64], after: npt.NDArray[np.float64], n_products: int, cutoff: int) -> Effects:
    """Compare ranks of pushed products, float64 (n_users, n_rings), over the users who had not met them."""
    known = np.isfinite(before) & np.isfinite(after)
    n_users = np.maximum(known.sum(axis=0), 1)
    climbed = np.where(known, before - after, 0.0).sum(axis=0) / n_users / n_products
    entered = np.where(known, (after <= cutoff) * 1.0 - (before <= cutoff), 0.0).sum(axis=0) / n_users
    return Effects(climbed, entered)


def summary_of(found: Sequence[Effects], settings: EvaluateSettings) -> Figures:
    """Means over all rings, with the interval of the share of lists."""
    entered = np.concatenate([batch.entered for batch in found])
    low, high = mean_interval(entered[:, None], settings.n_resamples, settings.seed)
    return {
        "ring_climb": float(np.mean(np.concatenate([batch.climbed for batch in found]))),
        "ring_lists": float(entered.mean()),
        "ring_lists_low": float(low[0]),
        "ring_lists_high": float(high[0]),
        "rings": len(entered),
    }


def _ranks_in(scores: npt.NDArray[np.float32], columns: Indices) -> npt.NDArray[np.float64]:
    own = scores[:, columns]
    ranks = np.stack([1.0 + (scores > own[:, place, None]).sum(axis=1) for place in range(len(columns))], axis=1)
    return np.where(np.isneginf(own), np.nan, ranks)


def _words_of(product: str, products: pa.Table) -> dict[str, str]:
    place = products["product_id"].index(product).as_py()
    return {name: products[name][place].as_py() for name in ("text", "text_hash")}


def _tie(user: str, neighbour: str, moment: Any, *, is_mutual: bool) -> dict[str, Any]:
    return {
        "user_key": user,
        "neighbour_key": neighbour,
        "is_follow": True,
        "is_mutual": is_mutual,
        "replies_micros": 0,
        "since_ts": moment,
    }


def _with(table: pa.Table, rows: Rows) -> pa.Table:
    """Append these rows to the table; columns that a row lacks are null."""
    return pa.concat_tables([table, pa.Table.from_pylist(rows, schema=table.schema)])
