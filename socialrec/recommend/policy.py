"""Rules of lists in a fixed order, each counting its removals.

inactive the shop does not offer the product (out of stock counts as that): never listed returned the user returned the
product: never listed seen the user has met the product: never listed stale older than `max_age_days` category more than
`max_per_category` products of one category in a list brand more than `max_per_brand` products of one brand in a list
new more than `max_new_share` of a list for products that the model has not learned from
reserved others make room where these have less than `min_new_share` of a list
sellers others make room where small sellers have lost more than `max_small_seller_loss` of their places in proportion
to likes exploration gives up the last places of a list to chance

The first three look at every product. The others walk down the best of the rest, `POOL_LISTS` times as long as a list,
and yield where a list would otherwise stay short: removed products come back by score, and count as `refilled`. Places
reserved for new products or small sellers may exceed the limits of a category or brand. Those for new products are
filled with the user's best of all new ones, however far down these are.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from socialrec.features.context import ScoringSnapshot
from socialrec.recommend.ranker import TopKRanker
from socialrec.recommend.scores import Scores
from socialrec.settings import RecommendSettings
from socialrec.vectors.arrays import ABSENT, F32, Flags, Indices

POOL_LISTS = 5
MAX_TIMES_SHARE = 2.0
"""Most places that are reserved for new products, as a multiple of their share of the products on offer: the same few
would be in every list.
"""
RULES = ("inactive", "returned", "seen", "stale", "category", "brand", "new", "reserved", "sellers", "exploration")
REFILLED = "refilled"

Removed = dict[str, int]
"""Number of (user, product) pairs removed by each rule."""


@dataclass(frozen=True)
class Chosen:
    """Lists of n users: product numbers int64 (n, k), ABSENT where a list ends; rounded scores; removals by rule."""

    listed: Indices
    scores: npt.NDArray[np.float64]
    removed: Removed


class Policy:
    """Rules of one night, over its context.

    is_new: bool (n_products,), products that the model has not learned from; none where it is left out. lister: ranker
    of the same products, which prepares them once for several contexts.
    """

    def __init__(self, context: ScoringSnapshot, is_new: Flags | None = None, lister: TopKRanker | None = None) -> None:
        self.context = context
        self.is_new = np.zeros(len(context.active), dtype=np.bool_) if is_new is None else is_new
        self._n_reserved = least_new(context.settings.list_length, self.is_new[context.active], context.settings)
        self._lister = lister or TopKRanker(context.active, context.settings.score_decimals)

    def choose(self, scores: Scores, rows: Indices) -> Chosen:
        """Choose the best k products of each user that the rules allow, best first; scores: of the users in `rows`."""
        context = self.context
        settings, k = context.settings, context.settings.list_length
        removed = dict.fromkeys((*RULES, REFILLED), 0) | _hidden(context, rows)
        pool, pool_scores = self._lister.top_k(scores, context.seen[rows], POOL_LISTS * k)
        if self._n_reserved:
            # Further down than the pool goes, so that they follow it in the order of scores.
            best, best_scores = self._lister.among(self.is_new).top_k(scores, context.seen[rows], self._n_reserved)
            pool, pool_scores = np.hstack([pool, lacking(pool, best)]), np.hstack([pool_scores, best_scores])
        kept = _walk(pool, k, self._walking_rules(len(rows)), removed)
        kept |= _refill(pool, kept, k, removed)
        if self._n_reserved:
            before = kept
            kept = _make_room(pool, kept, self.is_new, [self._n_reserved] * len(rows))
            removed["reserved"] += int((before & ~kept).sum())
        if settings.max_small_seller_loss is not None:
            before = kept
            kept = _make_room(pool, kept, context.small_seller, _reserved(context, rows, k))
            removed["sellers"] += int((before & ~kept).sum())
        if n_explored := round(settings.exploration_share * k):
            before = kept
            kept = _explore(pool, kept, n_explored, [_chance(context, row) for row in rows.tolist()])
            removed["exploration"] += int((before & ~kept).sum())
        places = np.argsort(~kept, axis=1, kind="stable")[:, :k]
        filled = np.take_along_axis(kept, places, axis=1)
        listed = np.where(filled, np.take_along_axis(pool, places, axis=1), ABSENT)
        return Chosen(listed, np.where(filled, np.take_along_axis(pool_scores, places, axis=1), 0.0), removed)

    def _walking_rules(self, n_users: int) -> list[_Stale | _AtMost]:
        context, settings = self.context, self.context.settings
        rules: list[_Stale | _AtMost] = []
        if settings.max_age_days is not None:
            rules.append(_Stale(context.age_days, settings.max_age_days))
        if settings.max_per_category is not None:
            rules.append(_AtMost("category", context.features.category, settings.max_per_category, n_users))
        if settings.max_per_brand is not None:
            rules.append(_AtMost("brand", context.brand, settings.max_per_brand, n_users))
        if self.is_new.any():
            rules.append(_few_new(self.is_new, settings.list_length, settings, n_users))
        return rules


def least_new(k: int, is_new: Flags, settings: RecommendSettings) -> int:
    """Number of the last of k places that are reserved for products that the model has not learned from.

    is_new: bool (n_offered,), of the products on offer.
    """
    in_proportion = MAX_TIMES_SHARE * float(is_new.mean()) * k if len(is_new) else 0.0
    return min(int(min(settings.min_new_share, settings.max_new_share) * k), round(in_proportion))


def lacking(pool: Indices, more: Indices) -> Indices:
    """Products, int64 (n, k), that each user's pool, (n, size), lacks; ABSENT in place of those that it has."""
    has = (pool[:, :, None] == more[:, None, :]).any(axis=1)
    return np.where(has, ABSENT, more)


def lists_with_new(pool: Indices, is_new: Flags, k: int, settings: RecommendSettings) -> Indices:
    """Lists of k places from the best products of each user, int64 (n, pool), by the rules on new products alone."""
    kept = _walk(pool, k, [_few_new(is_new, k, settings, len(pool))], Counter())
    kept |= _refill(pool, kept, k, Counter())
    kept = _make_room(pool, kept, is_new, [least_new(k, is_new, settings)] * len(pool))
    places = np.argsort(~kept, axis=1, kind="stable")[:, :k]
    return np.where(np.take_along_axis(kept, places, axis=1), np.take_along_axis(pool, places, axis=1), ABSENT)


def _few_new(is_new: Flags, k: int, settings: RecommendSettings, n_users: int) -> _AtMost:
    return _AtMost("new", np.where(is_new, 0, ABSENT), int(settings.max_new_share * k), n_users)


def _hidden(context: ScoringSnapshot, rows: Indices) -> Removed:
    """Pairs that can never be listed, each counted under the first rule that hides it."""
    returned, seen = context.returned[rows][:, context.active], context.seen[rows][:, context.active]
    return {
        "inactive": len(rows) * int((~context.active).sum()),
        "returned": int(returned.nnz),
        "seen": int(seen.nnz - seen.multiply(returned).nnz),
    }


class _Stale:
    """Rule against products older than `days` days."""

    name = "stale"

    def __init__(self, age_days: F32, most: float) -> None:
        self._is_old = age_days > most

    def breaks(self, products: Indices) -> Flags:
        """Check if each user's next product breaks the rule."""
        old: Flags = self._is_old[products]
        return old

    def take(self, products: Indices, taken: Flags) -> None:
        """Do nothing: the content of a list does not matter to this rule."""


class _AtMost:
    """Rule of at most `most` products of one kind in a list; products without a kind are free."""

    def __init__(self, name: str, kinds: Indices, most: int, n_users: int) -> None:
        self.name, self._kinds, self._most = name, kinds, most
        self._users = np.arange(n_users)
        self._counts = np.zeros((n_users, int(kinds.max(initial=ABSENT)) + 2), dtype=np.int64)

    def breaks(self, products: Indices) -> Flags:
        """Check if each user's next product breaks the rule."""
        kind = self._kinds[products]
        full: Flags = (kind != ABSENT) & (self._counts[self._users, kind] >= self._most)
        return full

    def take(self, products: Indices, taken: Flags) -> None:
        """Count the products put into the lists."""
        self._counts[self._users[taken], self._kinds[products[taken]]] += 1


def _walk(pool: Indices, k: int, rules: list[_Stale | _AtMost], removed: Removed) -> Flags:
    """Walk down the pool until each list is full; returns the taken places, bool (n, pool)."""
    kept = np.zeros(pool.shape, dtype=np.bool_)
    n_kept = np.zeros(len(pool), dtype=np.int64)
    for place in range(pool.shape[1]):
        products, taken = pool[:, place], (pool[:, place] != ABSENT) & (n_kept < k)
        if not taken.any():
            break
        for rule in rules:
            broken = taken & rule.breaks(products)
            removed[rule.name] += int(broken.sum())
            taken &= ~broken
        for rule in rules:
            rule.take(products, taken)
        kept[:, place] = taken
        n_kept += taken
    return kept


def _refill(pool: Indices, kept: Flags, k: int, removed: Removed) -> Flags:
    """Refill lists that would stay short with the best removed products."""
    spare = ~kept & (pool != ABSENT)
    missing = k - kept.sum(axis=1, keepdims=True)
    back: Flags = spare & (np.cumsum(spare, axis=1) <= missing)
    removed[REFILLED] += int(back.sum())
    return back


def _reserved(context: ScoringSnapshot, rows: Indices, k: int) -> list[int]:
    """Number of places of each list reserved for small sellers; a fraction of a place is drawn per user."""
    loss = context.settings.max_small_seller_loss or 0.0
    wanted = (1.0 - loss) * k * context.small_seller_likes
    return [int(wanted + _chance(context, row).random()) for row in rows.tolist()]


def _make_room(pool: Indices, kept: Flags, is_meant: Flags, reserved: Sequence[int]) -> Flags:
    """Give the last places of others to the best products further down for which places are reserved, until these are
    filled.

    is_meant: bool (n_products,). reserved: places of each list.
    """
    meant = is_meant[pool] & (pool != ABSENT)
    spare, others = meant & ~kept, kept & ~meant
    missing = np.asarray(reserved) - (kept & meant).sum(axis=1)
    n = np.clip(missing, 0, np.minimum(spare.sum(axis=1), others.sum(axis=1)))[:, None]
    n_after = others.sum(axis=1)[:, None] - np.cumsum(others, axis=1)
    made: Flags = (kept | (spare & (np.cumsum(spare, axis=1) <= n))) & ~(others & (n_after < n))
    return made


def _explore(pool: Indices, kept: Flags, n_explored: int, chances: Sequence[np.random.Generator]) -> Flags:
    """Give each list's last places to products further down the pool, drawn per user."""
    explored = kept.copy()
    for user, chance in enumerate(chances):
        places, further = np.flatnonzero(kept[user]), np.flatnonzero(pool[user] != ABSENT)
        further = further[further > places.max(initial=ABSENT)]
        drawn = chance.permutation(further)[: min(n_explored, len(places))]
        explored[user, places[len(places) - len(drawn) :]] = False
        explored[user, drawn] = True
    return explored


def _chance(context: ScoringSnapshot, row: int) -> np.random.Generator:
    """Draw numbers that are the same for the same user on the same night, whatever the pseudonym."""
    name = f"{context.stamp.ds} {context.features.users[row].as_py()}"
    return np.random.default_rng(list(hashlib.blake2b(name.encode(), digest_size=16).digest()))
