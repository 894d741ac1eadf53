"""People, products and follows of the demo world: communities of taste, drawn from one seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from socialrec.errors import UserError
from socialrec.sources.demo.words import SPOKEN
from socialrec.sources.demo.words.vocabulary import CATEGORIES, STYLES

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

NEVER = 1_000_000
"""Day after any other."""


@dataclass(frozen=True)
class DemoWorld:
    """Size of the demo world, its language, and shares of broken records. Shares are of users, products or records."""

    language: str = "en"
    """Language of its texts, or `mixed`: some users write Chinese and some English, and products have texts of both."""
    users: int = 1_500
    products: int = 800
    days: int = 60
    communities: int = 8
    looks_per_user: float = 22.0
    """Mean looks of a user in total; about three events each."""
    comments_per_user: float = 4.3
    follows_per_user: float = 7.0
    """Mean follows that a user begins; some are answered by a follow back."""
    inside_share: float = 0.75
    """Share of follows within the community; by chance it would be one part in `communities`."""
    reply_share: float = 0.2
    questions: int = 300
    """Questions before the last day, which have answers."""
    new_questions: int = 40
    """About as many questions on the last day, without answers."""
    cold_user_share: float = 0.04
    cold_product_share: float = 0.05
    inactive_product_share: float = 0.025
    late_share: float = 0.01
    duplicate_share: float = 0.03
    broken_share: float = 0.01
    picture_share: float = 0.92
    """Share of products with pictures; 0 lands none."""
    conflicts: int = 8
    """Share of interactions that repeat an id with other content; comments have half as many, questions an eighth."""
    seed: int = 20260103

    def __post_init__(self) -> None:
        if self.language not in SPOKEN:
            raise UserError(f"demo world: no language {self.language!r}; there are: {', '.join(SPOKEN)}")
        people = ("inside_share", "reply_share", "cold_user_share")
        products = ("cold_product_share", "inactive_product_share", "picture_share")
        faults = ("late_share", "duplicate_share", "broken_share")
        wrong = [name for name in (*people, *products, *faults) if not 0 <= getattr(self, name) < 1]
        if wrong:
            raise UserError(f"demo world: {', '.join(wrong)} must be at least 0 and below 1")
        if self.looks_per_user < 1:
            raise UserError("demo world: looks_per_user must be at least 1")
        if self.users < 10 or self.products < 20 or self.days < 2 or not 1 <= self.communities <= self.users // 5:
            raise UserError("demo world: at least 10 users, 20 products, 2 days and 5 users a community are needed")

    def rng(self, part: int) -> np.random.Generator:
        """Random numbers of one part of the world, so that a change in one leaves the others as they are."""
        return np.random.default_rng([self.seed, part])


@dataclass(frozen=True)
class People:
    """Users: community, taste over categories and over styles (rows sum to 1), activity (mean 1), flags."""

    community: Ints
    category_taste: Floats
    style_taste: Floats
    activity: Floats
    is_cold: Flags
    hub: int

    def favourite_style(self, users: Ints) -> Ints:
        """Style that each of these users likes best."""
        best: Ints = self.style_taste[users].argmax(axis=1)
        return best


@dataclass(frozen=True)
class DemoCatalogue:
    """Products: category, style, popularity (mean 1), first day and last day (exclusive) on offer, flags."""

    category: Ints
    style: Ints
    popularity: Floats
    first_day: Ints
    last_day: Ints
    is_cold: Flags


@dataclass(frozen=True)
class Follows:
    """Edges: follower, followee, first day (below 0: before the world's first day) and last day."""

    follower: Ints
    followee: Ints
    since_day: Ints
    until_day: Ints


def make_people(world: DemoWorld) -> People:
    """Draw users whose taste is mostly their community's and partly their own."""
    rng = world.rng(1)
    community = rng.integers(0, world.communities, world.users)
    category_taste = _taste(rng, community, world.communities, len(CATEGORIES), (0.5, 0.25, 0.15))
    style_taste = _taste(rng, community, world.communities, len(STYLES), (0.6, 0.25))
    activity = rng.lognormal(0.0, 0.7, world.users)
    order = rng.permutation(world.users)
    n_cold = round(world.cold_user_share * world.users)
    is_cold = np.zeros(world.users, dtype=bool)
    is_cold[order[:n_cold]] = True
    activity[is_cold] = 0.0
    return People(community, category_taste, style_taste, activity / activity.mean(), is_cold, int(order[-1]))


def make_catalogue(world: DemoWorld) -> DemoCatalogue:
    """Draw products over categories and styles; some arrive later, some leave, some get no users."""
    rng = world.rng(2)
    n = world.products
    category, style = rng.integers(0, len(CATEGORIES), n), rng.integers(0, len(STYLES), n)
    popularity = rng.lognormal(0.0, 0.8, n)
    order = rng.permutation(n)
    n_cold, n_gone = round(world.cold_product_share * n), round(world.inactive_product_share * n)
    is_cold = np.zeros(n, dtype=bool)
    is_cold[order[:n_cold]] = True
    popularity[is_cold] = 0.0
    is_new = rng.random(n) < np.where(is_cold, 0.5, 0.12)
    first_day = np.where(is_new, rng.integers(1, world.days, n), 0)
    last_day = np.full(n, NEVER)
    gone = order[n_cold : n_cold + n_gone]
    first_day[gone] = 0
    last_day[gone] = rng.integers(max(1, world.days // 2), world.days, n_gone)
    return DemoCatalogue(category, style, popularity / popularity.mean(), first_day, last_day, is_cold)


def make_follows(world: DemoWorld, people: People) -> Follows:
    """Draw follows: mostly within the community, often mutual, and very many of the hub."""
    rng = world.rng(3)
    n = world.users
    n_begun = np.maximum(3, rng.poisson(world.follows_per_user * rng.lognormal(-0.18, 0.6, n)))
    follower = np.repeat(np.arange(n), n_begun)
    fame = rng.lognormal(0.0, 0.7, n)
    followee = _weighted_choice(rng, fame[None, :], np.zeros(len(follower), dtype=np.int64))
    fame_inside = fame * (people.community == np.arange(world.communities)[:, None])
    inside = rng.random(len(follower)) < world.inside_share
    followee[inside] = _weighted_choice(rng, fame_inside, people.community[follower[inside]])
    fans = np.flatnonzero(rng.random(n) < 0.5)
    back = rng.random(len(follower)) < 0.4
    follower, followee = (
        np.concatenate([follower, fans, followee[back]]),
        np.concatenate([followee, np.full(len(fans), people.hub), follower[back]]),
    )
    edges = np.unique(follower * n + followee)
    edges = edges[edges // n != edges % n]
    since_day = np.where(
        rng.random(len(edges)) < 0.75, -rng.integers(1, 400, len(edges)), rng.integers(0, world.days, len(edges))
    )
    ends = (rng.random(len(edges)) < 0.03) & (since_day < world.days - 1)
    earliest = np.maximum(since_day, 0) + 1
    until_day = np.where(ends, rng.integers(np.minimum(earliest, world.days - 1), world.days), NEVER)
    return Follows(edges // n, edges % n, since_day, until_day)


def _taste(
    rng: np.random.Generator, community: Ints, n_communities: int, n_kinds: int, tops: tuple[float, ...]
) -> Floats:
    """Draw taste by user, float64 (n_users, n_kinds): four parts the community's favourites, one part the
    user's own.
    """
    rest = (1 - sum(tops)) / (n_kinds - len(tops))
    shared = np.full((n_communities, n_kinds), rest)
    # Favourites rotate through the kinds, so that no two communities share all of them while there are enough.
    start = rng.permutation(n_kinds)
    for number in range(n_communities):
        favourites = start[(number * (len(tops) - 1) + np.arange(len(tops))) % n_kinds]
        shared[number, favourites] = tops
    own = rng.dirichlet(np.full(n_kinds, 0.3), len(community))
    taste: Floats = 0.8 * shared[community] + 0.2 * own
    return taste


def _weighted_choice(rng: np.random.Generator, weights: Floats, rows: Ints) -> Ints:
    """Draw one column of `weights` (n_rows, n_columns) for each entry of `rows`, by that row's weights."""
    totals = np.cumsum(weights, axis=1)
    totals /= totals[:, -1:]
    # Row r's totals are in (r, r + 1], so one search finds row and column at once.
    flat = (totals + np.arange(len(totals))[:, None]).ravel()
    places = np.searchsorted(flat, rows + rng.random(len(rows)), side="right")
    chosen: Ints = np.minimum(places - rows * weights.shape[1], weights.shape[1] - 1)
    return chosen
