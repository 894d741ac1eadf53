"""Demo world in landing columns: valid records of each entity, and the day of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np

from socialrec.sources.demo.activity import DAY_SECONDS, EVENT_TYPES, Comments, Events
from socialrec.sources.demo.faults import Record, Records
from socialrec.sources.demo.gallery import Gallery
from socialrec.sources.demo.ids import comment_id, product_id, user_id
from socialrec.sources.demo.texts import Tongues
from socialrec.sources.demo.words.vocabulary import ASPECTS, CATEGORIES, STYLES, ProductTraits, Remark, draw_traits
from socialrec.sources.demo.world import NEVER, DemoCatalogue, DemoWorld, Follows, People

_UPDATES_PER_PRODUCT_DAY = 0.002
"""Price changes per product and day."""

_TOPIC_STATED_SHARE = 0.4
"""Share of comments to which somebody in the shop has assigned a topic."""


def product_records(
    world: DemoWorld, catalogue: DemoCatalogue, tongues: Tongues, gallery: Gallery, first: date
) -> tuple[Records, list[ProductTraits]]:
    """Make rows of each product at its arrival, its price changes and its end; and each product's traits."""
    rng, shop = world.rng(7), tongues.shop
    dated: list[tuple[int, Record]] = []
    products = []
    for number in range(world.products):
        category, style = CATEGORIES[catalogue.category[number]], STYLES[catalogue.style[number]]
        traits = tongues.limited(draw_traits(rng, category, style), number)
        products.append(traits)
        title, description = tongues.text_of(traits, number)
        start = int(catalogue.first_day[number])
        row: Record = {
            "product_id": product_id(number),
            "title": title,
            "description": description,
            "category": shop.kinds[category].name,
            "brand": shop.brands[int(rng.integers(len(shop.brands)))],
            "price_cents": shop.price(int(np.exp(rng.normal(8.2, 0.7)))),
            "currency": shop.currency,
            "is_active": True,
            "updated_ts": stamp(first, start * DAY_SECONDS + 3_600),
            "images": gallery.paths(number),
        }
        dated.append((start, row))
        for day, change in _changes(rng, world, catalogue, number):
            row = row | change | {"updated_ts": stamp(first, day * DAY_SECONDS + 3_600)}
            if "is_active" not in change:
                row["price_cents"] = max(100, int(row["price_cents"] * rng.uniform(0.7, 1.2)))
            dated.append((day, row))
    dated.sort(key=lambda pair: pair[0])
    return Records([row for _, row in dated], np.array([day for day, _ in dated])), products


def interaction_records(events: Events, first: date) -> Records:
    """Make one row per event; only purchases have a number of pieces."""
    rows = []
    columns = (events.user, events.product, events.kind, events.second, events.pieces)
    for number, (user, product, kind, second, pieces) in enumerate(zip(*map(np.ndarray.tolist, columns), strict=True)):
        row: Record = {
            "event_id": f"e{number:07d}",
            "user_id": user_id(user),
            "product_id": product_id(product),
            "event_type": EVENT_TYPES[kind].value,
            "event_ts": stamp(first, second),
        }
        rows.append(row | {"quantity": float(pieces)} if pieces else row)
    return Records(rows, events.second // DAY_SECONDS)


def comment_records(
    world: DemoWorld,
    people: People,
    comments: Comments,
    *,
    products: Sequence[ProductTraits],
    tongues: Tongues,
    first: date,
) -> tuple[Records, list[str]]:
    """Make one row per comment, in words that carry its sentiment, its aspect and its writer's taste.

    Returns the rows, and for each the kind of the personal data in it, empty without any.
    """
    rng, shop = world.rng(8), world.rng(9)
    is_sorted = shop.random(len(comments.user)) < _TOPIC_STATED_SHARE
    styles = people.favourite_style(comments.user)
    rows, personal = [], []
    for number, product in enumerate(comments.product.tolist()):
        parent, rating, user = int(comments.parent[number]), int(comments.rating[number]), int(comments.user[number])
        words, aspect = tongues.of_user(user), ASPECTS[comments.aspect[number]]
        liked = STYLES[styles[number]]
        remark = Remark(int(comments.sentiment[number]), aspect, products[product], liked, is_reply=parent >= 0)
        said = words.comment(rng, tongues.manner, remark)
        kind, told = words.personal(tongues.manner)
        personal.append(kind)
        row: Record = {
            "comment_id": comment_id(number),
            "user_id": user_id(user),
            "product_id": product_id(product),
            "text": said + told,
            "created_ts": stamp(first, int(comments.second[number])),
        }
        row |= {"rating": float(rating)} if rating else {}
        row |= {"topic": aspect} if is_sorted[number] else {}
        rows.append(row | {"parent_comment_id": comment_id(parent)} if parent >= 0 else row)
    return Records(rows, comments.second // DAY_SECONDS), personal


def follow_records(follows: Follows, first: date) -> Records:
    """Make one row per follow at its begin (on the world's first day for earlier ones), and one at its end."""
    dated: list[tuple[int, Record]] = []
    columns = (follows.follower, follows.followee, follows.since_day, follows.until_day)
    for follower, followee, since, until in zip(*map(np.ndarray.tolist, columns), strict=True):
        row: Record = {
            "follower_id": user_id(follower),
            "followee_id": user_id(followee),
            "since_ts": stamp(first, since * DAY_SECONDS + 43_200),
            "until_ts": None,
        }
        dated.append((max(since, 0), row))
        if until != NEVER:
            dated.append((until, row | {"until_ts": stamp(first, until * DAY_SECONDS + 43_200)}))
    dated.sort(key=lambda pair: pair[0])
    return Records([row for _, row in dated], np.array([day for day, _ in dated]))


def _changes(
    rng: np.random.Generator, world: DemoWorld, catalogue: DemoCatalogue, number: int
) -> Iterator[tuple[int, Record]]:
    start, end = int(catalogue.first_day[number]), min(int(catalogue.last_day[number]), world.days)
    for day in range(start + 1, end):
        if rng.random() < _UPDATES_PER_PRODUCT_DAY:
            yield day, {}
    if end < world.days:
        yield end, {"is_active": False}


def stamp(first: date, second: int) -> str:
    """Time of a second since the world's first midnight, ISO 8601, UTC."""
    moment = datetime(first.year, first.month, first.day, tzinfo=UTC) + timedelta(seconds=int(second))
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
