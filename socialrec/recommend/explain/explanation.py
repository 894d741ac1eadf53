"""Explanation of one product's rank for one user, listed or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from socialrec.errors import UserError
from socialrec.features.context import ScoringSnapshot
from socialrec.recommend.explain.reasons import Explainer
from socialrec.recommend.model import Recommender
from socialrec.recommend.policy import Policy
from socialrec.recommend.signals.base import UserBlock
from socialrec.vectors.arrays import ABSENT, Indices


@dataclass(frozen=True)
class SignalPart:
    """Contribution of one signal: its rank for the product among all (from 1), its weight, and its part of the
    score.
    """

    name: str
    rank: int
    weight: float
    contribution: float


@dataclass(frozen=True)
class Explanation:
    """Explanation of one product for one user.

    `rank` is its place among all `n_products` by score, before any rule; `place` the place in the list, or None, and
    then `kept_out` has the cause. `reasons` are rows of gold.recommendations' reasons, strongest first.
    """

    user_key: str
    product_id: str
    score: float
    rank: int
    n_products: int
    place: int | None
    kept_out: str | None
    signals: tuple[SignalPart, ...]
    reasons: tuple[dict[str, Any], ...]


def explain_product(recommender: Recommender, context: ScoringSnapshot, user_key: str, product_id: str) -> Explanation:
    """Score one user as the night does, and explain one product.

    Raises UserError where the night does not know the user or the product.
    """
    row = context.user_ids.index(user_key).as_py()
    product = context.features.products.index(product_id).as_py()
    if row < 0:
        raise UserError(f"the night of {context.stamp.ds} knows no user {user_key}")
    if product < 0:
        raise UserError(
            f"the night of {context.stamp.ds} does not know product {product_id!r}: it landed later, or never"
        )
    rows = np.array([row], dtype=np.int64)
    blend = recommender.score(UserBlock.of(context.features, rows))
    chosen, scores = (
        Policy(context, recommender.is_new(context.features)).choose(blend, rows),
        blend.full(),
    )
    listed = np.flatnonzero(chosen.listed[0] == product)
    place = int(listed[0]) + 1 if len(listed) else None
    rank = _rank(scores[0], product)
    target = np.array([[product]], dtype=np.int64)
    contributions = blend.contributions(target)
    ((reasons,),) = Explainer(recommender, context).explain(rows, target, contributions)
    signals = (
        SignalPart(signal.name, _rank(part.full()[0], product), round(float(weight), 4), round(float(share), 4))
        for signal, part, weight, share in zip(
            recommender.signals, blend.parts, np.asarray(blend.weights)[:, 0], contributions[0, 0], strict=True
        )
    )
    return Explanation(
        user_key=user_key,
        product_id=product_id,
        score=round(float(scores[0, product]), context.settings.score_decimals),
        rank=rank,
        n_products=len(context.features.products),
        place=place,
        kept_out=None if place else _kept_out(context, row, product, rank, chosen.listed[0]),
        signals=tuple(sorted(signals, key=lambda part: -part.contribution)),
        reasons=tuple(reasons),
    )


def _rank(scores: np.ndarray[Any, Any], product: int) -> int:
    return int((scores > scores[product]).sum()) + 1


def _kept_out(context: ScoringSnapshot, row: int, product: int, rank: int, listed: Indices) -> str:
    if not context.active[product]:
        return "the shop does not offer it (inactive)"
    if context.returned[row, product]:
        return "the user gave it back (returned)"
    if context.seen[row, product]:
        return "the user has met it (seen)"
    if rank > np.count_nonzero(listed != ABSENT):
        return "others score higher"
    return "a rule after ranking gave its place to another (age, category, brand, new products, sellers or exploration)"
