"""A drill: rings of fake accounts push products, and how far those climb in the lists of honest users.

A ring that acts before a training is learned from: its purchases count in every signal that is fitted, its comments
move its product's vector, its ties shape communities. One that acts afterwards reaches only what a night folds in: who
is tied to its members, which honest users are not unless they follow back, and their community. The first is the worse
of the two, so the drill fits the recipe again on poisoned evidence, at the price of one more fit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from socialrec.contracts.vocabulary import EventType
from socialrec.evaluate.measure import Figures
from socialrec.evaluate.split import Split
from socialrec.recommend.arrays import Indices, positions
from socialrec.recommend.data import TrainingData
from socialrec.recommend.inputs import Inputs
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.offline import HeldOut, blocks, held_out
from socialrec.settings import EvaluateSettings, Settings

MIN_MEMBERS = 3
N_CAMOUFLAGE = 5
"""Popular products that each fake account clicks on, and honest users that it follows."""
N_CIRCLE = 10
"""Members on either side whom each follows."""
MAX_USERS = 2_000
"""Honest users whose lists are looked at."""

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Ring:
    """Fake accounts and the product that they push."""

    members: tuple[str, ...]
    product: str


def drill(
    honest: TrainingData, held: HeldOut, recommender: Recommender, *, inputs: Inputs, split: Split, settings: Settings
) -> Figures:
    """What rings would have done to a recommender that was fitted on honest evidence before the test window.

    ring_climb: share of the catalogue that the worst ring's product climbs in the mean over honest held-out users.
    ring_lists: by how much the share of their lists that hold it grows. ring_members: fake accounts of one ring. Empty
    where there are no rings.
    """
    rings = choose_rings(honest, settings.evaluate)
    if not rings:
        return {}
    poisoned = plant(rings, honest, inputs, split, settings.evaluate)
    data = poisoned.training_data(split, "test", settings)
    training = split.training_interactions(poisoned.interactions, "test")
    tested = held_out(data, training, split.test_pairs(inputs.interactions))
    fooled = Recommender.fit(data, settings.recommend, recommender.weights, ModelInfo(""))
    products, n, seed = [ring.product for ring in rings], MAX_USERS, settings.evaluate.seed
    before = ranks_of(products, recommender, honest, held.sample(n, seed), settings)
    after = ranks_of(products, fooled, data, tested.sample(n, seed), settings)
    return {**climb(before, after, len(data.products), settings.evaluate.cutoff), "ring_members": len(rings[0].members)}


def choose_rings(data: TrainingData, settings: EvaluateSettings) -> list[Ring]:
    """So many rings as the settings say, each with a product of its own from the less popular half, by the seed.

    None in a shop where so small a share of the users is no ring.
    """
    n_members = round(settings.ring_share * len(data.users))
    if n_members < MIN_MEMBERS:
        return []
    unpopular = np.flatnonzero(data.popularity <= np.median(data.popularity))
    rng = np.random.default_rng(settings.seed)
    pushed = rng.choice(unpopular, min(settings.rings, len(unpopular)), replace=False)
    return [
        Ring(tuple(f"fake-{number}-{member}" for member in range(n_members)), data.products[int(product)].as_py())
        for number, product in enumerate(pushed)
    ]


def plant(rings: list[Ring], data: TrainingData, inputs: Inputs, split: Split, settings: EvaluateSettings) -> Inputs:
    """The inputs with what the rings do in the hour before the test window.

    Each member buys its product, praises it in the words of the most popular one, clicks on popular products, follows
    some honest users, and follows and is followed by the others of its ring.
    """
    rng = np.random.default_rng(settings.seed)
    moment = split.test_cut - timedelta(hours=1) if split.test_cut else None
    liked = data.products.take(pa.array(np.argsort(-data.popularity, kind="stable")[: 10 * N_CAMOUFLAGE])).to_pylist()
    words = _words_of(liked[0], inputs.products)
    events: Rows = []
    comments: Rows = []
    ties: Rows = []
    for ring in rings:
        for place, member in enumerate(ring.members):
            did = {"user_key": member, "event_ts": moment, "quantity": 1.0, "platform": inputs.platforms[0]}
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
    products: list[str], recommender: Recommender, data: TrainingData, held: HeldOut, settings: Settings
) -> npt.NDArray[np.float64]:
    """Ranks from 1 of some products among all that a user has not met, float64 (n_users, n); NaN for those met."""
    columns = positions(pa.array(products), data.products)
    ranks = np.full((len(held.rows), len(columns)), np.nan)
    for at, block in blocks(data, held.rows, settings.recommend.block_users):
        scores = recommender.score(block).full()
        scores[held.seen[at].nonzero()] = -np.inf
        ranks[at] = _ranks_in(scores, columns)
    return ranks


def climb(before: npt.NDArray[np.float64], after: npt.NDArray[np.float64], n_products: int, cutoff: int) -> Figures:
    """From ranks of pushed products, float64 (n_users, n_rings): see `drill`. Zeros where nobody can be fooled."""
    known = np.isfinite(before) & np.isfinite(after)
    n_users = np.maximum(known.sum(axis=0), 1)
    climbed = np.where(known, before - after, 0.0).sum(axis=0) / n_users / n_products
    entered = np.where(known, (after <= cutoff) * 1.0 - (before <= cutoff), 0.0).sum(axis=0) / n_users
    return {"ring_climb": float(climbed.max()), "ring_lists": float(entered.max())}


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
    """The table and these rows; columns that a row does not name are null."""
    return pa.concat_tables([table, pa.Table.from_pylist(rows, schema=table.schema)])
