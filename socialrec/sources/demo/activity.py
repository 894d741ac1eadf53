"""Activity of the demo world: views of products, resulting events, comments and replies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from socialrec.contracts.vocabulary import EventType
from socialrec.sources.demo.words.vocabulary import ASPECTS
from socialrec.sources.demo.world import DemoCatalogue, DemoWorld, Flags, Floats, Follows, Ints, People

DAY_SECONDS = 86_400
_OPEN, _CLOSE = 6 * 3_600, 22 * 3_600
"""Range of seconds of a day in which looks begin, so that their events are on the same day."""

_WEEK = np.array([0.9, 0.9, 0.95, 1.0, 1.1, 1.2, 1.15])
_COPIED_SHARE = 0.12
"""Share of looks at a product that a followed user has looked at before."""

_CHAIN: tuple[tuple[EventType, float, int], ...] = (
    (EventType.VIEW, 1.0, 0),
    (EventType.CLICK, 0.55, 20),
    (EventType.LIKE, 0.16, 60),
    (EventType.SAVE, 0.12, 90),
    (EventType.SHARE, 0.05, 120),
    (EventType.CART, 0.22, 240),
    (EventType.PURCHASE, 0.13, 600),
    (EventType.RETURN, 0.008, 3_600),
)
"""Events that follow a look, with their probability and their delay in seconds."""


@dataclass(frozen=True)
class Looks:
    """Looks in order of time: user, product, second since the world's first midnight."""

    user: Ints
    product: Ints
    second: Ints


@dataclass(frozen=True)
class Events:
    """Events in order of time: user, product, type (index into `EVENT_TYPES`), second, pieces (0: absent)."""

    user: Ints
    product: Ints
    kind: Ints
    second: Ints
    pieces: Ints


@dataclass(frozen=True)
class Comments:
    """Comments in order of time; `parent` is the answered comment's number or -1, `rating` 0 where none is given."""

    user: Ints
    product: Ints
    second: Ints
    sentiment: Ints
    aspect: Ints
    rating: Ints
    parent: Ints


EVENT_TYPES = tuple(kind for kind, _, _ in _CHAIN)


def make_looks(world: DemoWorld, people: People, catalogue: DemoCatalogue, follows: Follows) -> Looks:
    """Draw looks by taste, popularity and offer; some are copied from followed users."""
    rng = world.rng(4)
    taste = people.category_taste[:, catalogue.category] * people.style_taste[:, catalogue.style] * catalogue.popularity
    mean = world.users * world.looks_per_user / world.days
    users, products, seconds = [], [], []
    for number in range(world.days):
        today = rng.choice(world.users, rng.poisson(mean * _WEEK[number % 7]), p=people.activity / world.users)
        weights = np.cumsum(taste[today] * _on_offer(catalogue, number), axis=1)
        marks = rng.random(len(today)) * weights[:, -1]
        users.append(today)
        products.append((weights <= marks[:, None]).sum(axis=1))
        seconds.append(number * DAY_SECONDS + rng.integers(_OPEN, _CLOSE, len(today)))
    user, product, second = np.concatenate(users), np.concatenate(products), np.concatenate(seconds)
    order = np.argsort(second, kind="stable")
    looks = Looks(user[order], product[order], second[order])
    return _with_copied(rng, looks, catalogue, follows, world.users)


def make_events(world: DemoWorld, people: People, catalogue: DemoCatalogue, looks: Looks) -> Events:
    """Draw each look's view and further events, more often where the product's style is the user's."""
    rng = world.rng(5)
    is_liked = catalogue.style[looks.product] == people.favourite_style(looks.user)
    chance = np.array([share for _, share, _ in _CHAIN])
    happens = rng.random((len(looks.user), len(chance))) < chance * np.where(is_liked, 1.2, 0.8)[:, None]
    happens[:, 0] = True
    happens[:, -1] &= happens[:, -2]
    look, kind = np.nonzero(happens)
    delay = np.array([seconds for _, _, seconds in _CHAIN])[kind]
    second = looks.second[look] + (delay * rng.uniform(0.5, 1.5, len(look))).astype(np.int64)
    pieces = np.where(kind == EVENT_TYPES.index(EventType.PURCHASE), 1 + rng.poisson(0.2, len(look)), 0)
    order = np.lexsort((kind, look, second))
    look, kind = look[order], kind[order]
    return Events(looks.user[look], looks.product[look], kind, second[order], pieces[order])


def make_comments(
    world: DemoWorld, people: People, catalogue: DemoCatalogue, looks: Looks, follows: Follows
) -> Comments:
    """Draw comments on products that users looked at, at most one per user and product, and replies of their
    followers.
    """
    rng = world.rng(6)
    end = world.days * DAY_SECONDS
    n_replies = round(world.users * world.comments_per_user * world.reply_share)
    n_own = round(world.users * world.comments_per_user) - n_replies
    _, first = np.unique(looks.user * world.products + looks.product, return_index=True)
    first = rng.permutation(first)[:n_own]
    begun = looks.second[first]
    # Half a day later on average, but within the world's time.
    second = np.minimum(begun + 600 + rng.exponential(DAY_SECONDS / 2, len(first)).astype(np.int64), end - 1)
    own = _Said(looks.user[first], looks.product[first], second, np.full(len(first), -1))
    return _judged(rng, people, catalogue, _with_replies(rng, people, follows, own, n=n_replies, end=end))


@dataclass(frozen=True)
class _Said:
    """Unfinished comments in any order; `parent` is the place of the answered one, or -1."""

    user: Ints
    product: Ints
    second: Ints
    parent: Ints


def _on_offer(catalogue: DemoCatalogue, number: int) -> Flags:
    offered: Flags = (catalogue.first_day <= number) & (number < catalogue.last_day)
    return offered


def _with_copied(
    rng: np.random.Generator, looks: Looks, catalogue: DemoCatalogue, follows: Follows, n_users: int
) -> Looks:
    """Redirect some looks to a product that a followed user has looked at before, if it is still on offer."""
    copies = np.flatnonzero(rng.random(len(looks.user)) < _COPIED_SHARE)
    starts = np.searchsorted(follows.follower, np.arange(n_users + 1))
    low, high = starts[looks.user[copies]], starts[looks.user[copies] + 1]
    copies, low, high = copies[high > low], low[high > low], high[high > low]
    friend = follows.followee[low + (rng.random(len(low)) * (high - low)).astype(np.int64)]
    # Sorted by user, then time: a friend's earlier looks are one slice.
    order = np.lexsort((looks.second, looks.user))
    span = int(looks.second.max()) + 1
    keys = looks.user[order] * span + looks.second[order]
    begin, end = np.searchsorted(keys, friend * span), np.searchsorted(keys, friend * span + looks.second[copies])
    found = end > begin
    copies, begin, end = copies[found], begin[found], end[found]
    product = looks.product[order[begin + (rng.random(len(begin)) * (end - begin)).astype(np.int64)]]
    offered = looks.second[copies] // DAY_SECONDS < catalogue.last_day[product]
    changed = looks.product.copy()
    changed[copies[offered]] = product[offered]
    return Looks(looks.user, changed, looks.second)


def _with_replies(rng: np.random.Generator, people: People, follows: Follows, own: _Said, *, n: int, end: int) -> _Said:
    """Add answers by followers of the authors who are not cold; at most one per follower and product."""
    order = np.lexsort((follows.follower, follows.followee))
    followee, follower = follows.followee[order], follows.follower[order]
    parent = rng.integers(0, len(own.user), 3 * n)
    low = np.searchsorted(followee, own.user[parent])
    high = np.searchsorted(followee, own.user[parent], side="right")
    parent, low, high = parent[high > low], low[high > low], high[high > low]
    user = follower[low + (rng.random(len(low)) * (high - low)).astype(np.int64)]
    second = own.second[parent] + 300 + rng.exponential(DAY_SECONDS / 3, len(parent)).astype(np.int64)
    product = own.product[parent]
    _, first = np.unique(user * (product.max(initial=0) + 1) + product, return_index=True)
    fits = np.zeros(len(parent), dtype=bool)
    fits[first] = True
    fits &= ~people.is_cold[user] & (second < end)
    chosen = np.flatnonzero(fits)[:n]
    return _Said(
        np.concatenate([own.user, user[chosen]]),
        np.concatenate([own.product, product[chosen]]),
        np.concatenate([own.second, second[chosen]]),
        np.concatenate([own.parent, parent[chosen]]),
    )


def _judged(rng: np.random.Generator, people: People, catalogue: DemoCatalogue, said: _Said) -> Comments:
    """Add sentiment (better where the style is the user's), aspect and, to most comments that are no replies, a
    rating.
    """
    n = len(said.user)
    is_liked = catalogue.style[said.product] == people.favourite_style(said.user)
    marks: Floats = rng.random(n)
    sentiment = (marks > np.where(is_liked, 0.78, 0.42)).astype(np.int64) + (marks > np.where(is_liked, 0.9, 0.62))
    aspect = rng.integers(0, len(ASPECTS), n)
    stars = np.array([[4, 5], [3, 3], [1, 2]])[sentiment, rng.integers(0, 2, n)]
    rating = np.where((rng.random(n) < 0.7) & (said.parent < 0), stars, 0)
    order = np.lexsort((np.arange(n), said.second))
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(n)
    parent = np.where(said.parent >= 0, place[said.parent], -1)
    columns = (said.user, said.product, said.second, sentiment, aspect, rating, parent)
    return Comments(*(values[order] for values in columns))
