"""Generated shops for first nights: clusters of taste, drawn from one seed, with and without what a shop may lack."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from socialrec.contracts.vocabulary import Entity, EventType
from socialrec.sources.landing import write_day

Lack = Literal["ratings", "ties", "comments", "categories", "brands", "times"]
Record = dict[str, Any]
Ints = npt.NDArray[np.int64]

DAYS = 60
"""Over how many days before the landing day things happen."""
FOLLOWS_PER_USER = 3
COMMENTED_SHARE, ANSWERED_SHARE, SAME_TASTE_SHARE = 0.3, 0.2, 0.9
SECOND_EVENTS = (EventType.LIKE, EventType.SAVE, EventType.CART, EventType.PURCHASE, EventType.PURCHASE)
BRANDS = ("Astera", "Bolder", "Cinder", "Dovetail", "Ember", "Fathom", "Garnet", "Harbour")


@dataclass(frozen=True)
class Words:
    """What a shop says in one language: by taste a category and its nouns, adjectives, and comments by liking."""

    categories: Mapping[str, tuple[str, ...]]
    adjectives: tuple[str, ...]
    praise: tuple[str, ...]
    complaints: tuple[str, ...]
    gap: str = " "


ENGLISH = Words(
    {
        "kitchen": ("pan", "kettle", "ladle"),
        "garden": ("spade", "hose", "planter"),
        "books": ("novel", "atlas", "diary"),
        "sports": ("ball", "racket", "helmet"),
        "music": ("guitar", "drum", "flute"),
        "toys": ("puzzle", "kite", "robot"),
        "pets": ("leash", "basket", "feeder"),
        "office": ("lamp", "stapler", "folder"),
    },
    ("Red", "Solid", "Quiet", "Light", "Classic", "Folding"),
    ("Lovely {noun}, well made and worth the price", "The {noun} works very well, I would buy it again"),
    ("The {noun} broke after a week", "Disappointing {noun}, far too flimsy"),
)
CHINESE = Words(
    {
        "厨房": ("平底锅", "水壶", "汤勺"),
        "花园": ("铲子", "水管", "花盆"),
        "图书": ("小说", "地图册", "日记本"),
        "运动": ("足球", "球拍", "头盔"),
    },
    ("红色", "结实", "安静", "轻便", "经典", "折叠"),
    ("这个{noun}质量很好,非常喜欢", "{noun}很好用,会再次购买"),
    ("{noun}用了一周就坏了", "这个{noun}太差了,很失望"),
    "",
)


@dataclass(frozen=True)
class Shop:
    """How large a shop is, and what it knows. Taste decides what users meet, buy and praise, and whom they follow."""

    users: int
    products: int
    met_per_user: int
    """Products that a user meets; about 1.5 events each."""
    lacks: frozenset[Lack] = frozenset()
    platforms: tuple[str, ...] = ("shop",)
    words: Words = ENGLISH
    interactions: Literal["delivered", "empty", "absent"] = "delivered"
    all_buy_one: bool = False
    """Whether everybody buys the first product, and nothing else happens."""
    largest_seller_share: float = 0.0
    """Share of the products that are of the first brand; the other brands share the rest alike."""
    seed: int = 20260107

    @property
    def tastes(self) -> int:
        """How many clusters of taste there are."""
        return max(1, min(len(self.words.categories), self.users // 7))


def write_shop(landing: Path, ds: str, shop: Shop) -> None:
    """Write the shop as one landing day, on each of its platforms with products and users of its own."""
    for number, platform in enumerate(shop.platforms):
        rng = np.random.default_rng([shop.seed, number])
        for entity, records in records_of(shop, platform, date.fromisoformat(ds), rng).items():
            lines = [json.dumps(record, ensure_ascii=False) for record in records]
            write_day(landing, platform, ds, entity, lines, form="jsonl")


def records_of(shop: Shop, platform: str, last: date, rng: np.random.Generator) -> Mapping[Entity, Sequence[Record]]:
    """The landing records of one platform by entity; an entity that the shop does not deliver is absent."""
    taste = np.arange(shop.products) % shop.tastes
    nouns = [rng.choice(list(shop.words.categories.values())[kind]) for kind in taste]
    met = products_met(shop, taste, rng)
    begin = datetime.combine(last - timedelta(days=DAYS - 1), time(), UTC)

    def moment() -> str:
        return (begin + timedelta(minutes=int(rng.integers(DAYS * 24 * 60)))).isoformat()

    records: dict[Entity, list[Record]] = {
        Entity.PRODUCTS: list(_products(shop, platform, taste, nouns, rng)),
        Entity.INTERACTIONS: [] if shop.interactions == "empty" else list(_events(platform, met, moment, shop, rng)),
        Entity.COMMENTS: list(_comments(shop, platform, met, taste, nouns, moment, rng)),
        Entity.FOLLOWS: list(_follows(shop, moment, rng)),
    }
    if shop.interactions == "absent":
        del records[Entity.INTERACTIONS]
    if "comments" in shop.lacks:
        del records[Entity.COMMENTS]
    if "ties" in shop.lacks:
        del records[Entity.FOLLOWS]
    dropped = _columns_lacking(shop.lacks)
    return {
        entity: [{name: value for name, value in row.items() if name not in dropped} for row in rows]
        for entity, rows in records.items()
    }


def products_met(shop: Shop, taste: Ints, rng: np.random.Generator) -> list[Ints]:
    """By user the products met, int64, at most half of all: mostly of the user's taste, popular ones more often."""
    if shop.all_buy_one:
        return [np.zeros(1, dtype=np.int64) for _ in range(shop.users)]
    popularity, n = rng.lognormal(0.0, 0.8, shop.products), max(1, min(shop.met_per_user, shop.products // 2))
    found = []
    for user in range(shop.users):
        is_own = taste == user % shop.tastes
        weights = popularity * np.where(is_own, SAME_TASTE_SHARE, 1 - SAME_TASTE_SHARE)
        found.append(rng.choice(shop.products, n, replace=False, p=weights / weights.sum()).astype(np.int64))
    return found


def _products(
    shop: Shop, platform: str, taste: Ints, nouns: Sequence[str], rng: np.random.Generator
) -> Iterator[Record]:
    words, categories = shop.words, list(shop.words.categories)
    n_largest = round(shop.largest_seller_share * shop.products)
    for number in range(shop.products):
        adjective = words.adjectives[int(rng.integers(len(words.adjectives)))]
        yield {
            "product_id": product_id(platform, number),
            "title": f"{adjective}{words.gap}{nouns[number]}{words.gap}{number + 1}",
            "category": categories[taste[number]],
            "brand": BRANDS[0 if number < n_largest else 1 + number % (len(BRANDS) - 1)],
            "price_cents": int(rng.integers(100, 20_000)),
        }


def _events(platform: str, met: Sequence[Ints], moment: Any, shop: Shop, rng: np.random.Generator) -> Iterator[Record]:
    for user, products in enumerate(met):
        for product in products.tolist():
            second = [EventType.PURCHASE] if shop.all_buy_one else list(rng.permutation(SECOND_EVENTS)[:1])
            kinds = [EventType.VIEW, *(second if shop.all_buy_one or rng.random() < 0.5 else [])]
            for kind in kinds:
                yield {
                    "event_id": f"{platform}-e{user}-{product}-{kind}",
                    "user_id": f"u{user}",
                    "product_id": product_id(platform, product),
                    "event_type": str(kind),
                    "event_ts": moment(),
                }


def _comments(
    shop: Shop,
    platform: str,
    met: Sequence[Ints],
    taste: Ints,
    nouns: Sequence[str],
    moment: Any,
    rng: np.random.Generator,
) -> Iterator[Record]:
    said: dict[int, str] = {}
    for user, products in enumerate(met):
        for place, product in enumerate(products.tolist()):
            # The first product is always spoken of: a shop of one user has comments too.
            if place and rng.random() >= COMMENTED_SHARE:
                continue
            likes = bool(taste[product] == user % shop.tastes)
            texts = shop.words.praise if likes else shop.words.complaints
            comment = f"{platform}-c{user}-{product}"
            answers = {"parent_comment_id": said[product]} if product in said and rng.random() < ANSWERED_SHARE else {}
            said[product] = comment
            yield {
                "comment_id": comment,
                "user_id": f"u{user}",
                "product_id": product_id(platform, product),
                "text": texts[int(rng.integers(len(texts)))].format(noun=nouns[product]),
                "rating": int(rng.integers(4, 6) if likes else rng.integers(1, 3)),
                "created_ts": moment(),
                **answers,
            }


def _follows(shop: Shop, moment: Any, rng: np.random.Generator) -> Iterator[Record]:
    """Each user follows a few others, mostly of the same taste."""
    everyone = np.arange(shop.users)
    for user in everyone.tolist():
        others = np.flatnonzero((everyone % shop.tastes == user % shop.tastes) & (everyone != user))
        for other in rng.permutation(others)[:FOLLOWS_PER_USER].tolist():
            yield {"follower_id": f"u{user}", "followee_id": f"u{other}", "since_ts": moment()}


def _columns_lacking(lacks: frozenset[Lack]) -> frozenset[str]:
    columns: dict[Lack, tuple[str, ...]] = {
        "ratings": ("rating",),
        "categories": ("category",),
        "brands": ("brand",),
        "times": ("event_ts", "created_ts", "since_ts"),
    }
    return frozenset(name for lack in lacks for name in columns.get(lack, ()))


def product_id(platform: str, number: int) -> str:
    """A product's id: products of two platforms are never the same."""
    return f"{platform}-p{number}"
