"""Generated shops for first nights: clusters of taste, drawn from one seed, with or without optional data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.vocabulary import Entity, EventType
from socialrec.sources.landing import write_day

Lack = Literal["ratings", "ties", "comments", "categories", "brands", "times"]
Record = dict[str, Any]
Ints = npt.NDArray[np.int64]

DAYS = 60
"""Days before the landing day over which events happen."""
FOLLOWS_PER_USER = 3
COMMENTED_SHARE, ANSWERED_SHARE, SAME_TASTE_SHARE = 0.3, 0.2, 0.9
SECOND_EVENTS = (EventType.LIKE, EventType.SAVE, EventType.CART, EventType.PURCHASE, EventType.PURCHASE)
N_QUESTIONS = 50
BRANDS = ("Astera", "Bolder", "Cinder", "Dovetail", "Ember", "Fathom", "Garnet", "Harbour")


@dataclass(frozen=True)
class Words:
    """Vocabulary of a shop in one language: by taste a category and its nouns, adjectives, and comments by liking."""

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
class GeneratedShop:
    """Size and optional data of a shop. Taste decides what users meet, buy and praise, and whom they follow."""

    users: int
    products: int
    met_per_user: int
    """Products that a user meets; about 1.5 events each."""
    lacks: frozenset[Lack] = frozenset()
    platforms: tuple[str, ...] = ("shop",)
    words: Words = ENGLISH
    interactions: Literal["delivered", "empty", "absent"] = "delivered"
    all_buy_one: bool = False
    """True if everybody buys the first product, and nothing else happens."""
    largest_seller_share: float = 0.0
    """Share of the products that are of the first brand; the other brands share the rest alike."""
    broken: bool = False
    """Each file also holds a record without its id and, of an event, one that contradicts another."""
    asks: bool = False
    """True if users ask about products, and the shop answers."""
    seed: int = 20260107

    @property
    def tastes(self) -> int:
        """Number of clusters of taste."""
        return max(1, min(len(self.words.categories), self.users // 7))


def write_shop(landing: Path, ds: str, shop: GeneratedShop) -> None:
    """Write the shop as one landing day, on each of its platforms with products of its own."""
    for platform in shop.platforms:
        for entity, records in records_of(shop, platform, date.fromisoformat(ds)).items():
            lines = [json.dumps(record, ensure_ascii=False) for record in records]
            write_day(landing, platform, ds, entity, lines, form="jsonl")


def records_of(shop: GeneratedShop, platform: str, last: date) -> Mapping[Entity, Sequence[Record]]:
    """The landing records of one platform by entity; an entity that the shop does not deliver is absent."""
    place = _Place.of(shop, platform, last)
    records: dict[Entity, list[Record]] = {
        Entity.PRODUCTS: list(place.products()),
        Entity.INTERACTIONS: [] if shop.interactions == "empty" else list(place.events()),
        Entity.COMMENTS: list(place.comments()),
        Entity.FOLLOWS: list(place.follows()),
    }
    if shop.asks:
        records |= place.service()
    absent = {
        Entity.INTERACTIONS: shop.interactions == "absent",
        Entity.COMMENTS: "comments" in shop.lacks,
        Entity.FOLLOWS: "ties" in shop.lacks,
    }
    dropped = _columns_lacking(shop.lacks)
    return {
        entity: [
            {name: value for name, value in row.items() if name not in dropped}
            for row in (*rows, *(_broken(entity, rows[0]) if shop.broken else ()))
        ]
        for entity, rows in records.items()
        if not absent.get(entity, False)
    }


def _broken(entity: Entity, row: Record) -> Iterator[Record]:
    """Records like this one that ingest or silver has to reject."""
    spec = ENTITIES[entity]
    yield {name: value for name, value in row.items() if name != spec.key[0]}
    if spec.revisions:
        named = next(iter(spec.references))
        yield row | {named: f"{row[named]}-other"}


@dataclass(frozen=True)
class _Place:
    """State of one platform while its records are drawn: taste and noun by product, products met by user."""

    shop: GeneratedShop
    platform: str
    begin: datetime
    rng: np.random.Generator
    taste: Ints
    nouns: tuple[str, ...]
    met: tuple[Ints, ...]

    @classmethod
    def of(cls, shop: GeneratedShop, platform: str, last: date) -> _Place:
        rng = np.random.default_rng([shop.seed, shop.platforms.index(platform)])
        begin = datetime.combine(last - timedelta(days=DAYS - 1), time(), UTC)
        taste = np.arange(shop.products) % shop.tastes
        kinds = list(shop.words.categories.values())
        nouns = tuple(str(rng.choice(kinds[kind])) for kind in taste)
        return cls(shop, platform, begin, rng, taste, nouns, tuple(products_met(shop, taste, rng)))

    def products(self) -> Iterator[Record]:
        shop, words, rng = self.shop, self.shop.words, self.rng
        categories, n_largest = list(words.categories), round(shop.largest_seller_share * shop.products)
        for number in range(shop.products):
            adjective = words.adjectives[int(rng.integers(len(words.adjectives)))]
            yield {
                "product_id": product_id(self.platform, number),
                "title": words.gap.join((adjective, self.nouns[number], str(number + 1))),
                "category": categories[self.taste[number]],
                "brand": BRANDS[0 if number < n_largest else 1 + number % (len(BRANDS) - 1)],
                "price_cents": int(rng.integers(100, 20_000)),
            }

    def events(self) -> Iterator[Record]:
        """Events: each product that a user met is viewed, and in half of all cases another event follows."""
        for user, products in enumerate(self.met):
            for product in products.tolist():
                more = SECOND_EVENTS[int(self.rng.integers(len(SECOND_EVENTS)))]
                does_more = bool(self.rng.random() < 0.5)
                if self.shop.all_buy_one:
                    more, does_more = EventType.PURCHASE, True
                for kind in (EventType.VIEW, more) if does_more else (EventType.VIEW,):
                    yield {
                        "event_id": f"{self.platform}-e{user}-{product}-{kind}",
                        "user_id": f"u{user}",
                        "product_id": product_id(self.platform, product),
                        "event_type": str(kind),
                        "event_ts": self._moment(),
                    }

    def comments(self) -> Iterator[Record]:
        """Comments: products of the user's taste are praised, others are criticised; some comments answer the one
        before.
        """
        rng, said = self.rng, dict[int, str]()
        for user, products in enumerate(self.met):
            for place, product in enumerate(products.tolist()):
                # The first product always gets a comment, so that a shop of one user has comments too.
                if place and rng.random() >= COMMENTED_SHARE:
                    continue
                likes = bool(self.taste[product] == user % self.shop.tastes)
                texts = self.shop.words.praise if likes else self.shop.words.complaints
                answers = product in said and rng.random() < ANSWERED_SHARE
                comment = f"{self.platform}-c{user}-{product}"
                yield {
                    "comment_id": comment,
                    "user_id": f"u{user}",
                    "product_id": product_id(self.platform, product),
                    "text": texts[int(rng.integers(len(texts)))].format(noun=self.nouns[product]),
                    "rating": int(rng.integers(4, 6) if likes else rng.integers(1, 3)),
                    "created_ts": self._moment(),
                    **({"parent_comment_id": said[product]} if answers else {}),
                }
                said[product] = comment

    def follows(self) -> Iterator[Record]:
        """Each user follows a few others of the same taste."""
        everyone = np.arange(self.shop.users)
        for user in everyone.tolist():
            others = np.flatnonzero((everyone % self.shop.tastes == user % self.shop.tastes) & (everyone != user))
            for other in self.rng.permutation(others)[:FOLLOWS_PER_USER].tolist():
                yield {"follower_id": f"u{user}", "followee_id": f"u{other}", "since_ts": self._moment()}

    def service(self) -> dict[Entity, list[Record]]:
        """Questions about prices, an answer of the shop to each, and its templates."""
        questions, answers, templates = [], [], []
        for number in range(N_QUESTIONS):
            question = f"{self.platform}-q{number}"
            about = {"user_id": "u0", "product_id": product_id(self.platform, number % self.shop.products)}
            questions.append(
                {"question_id": question, **about, "text": "What is the price?", "asked_ts": self._moment()}
            )
            answer = {"answer_id": f"{question}-a", "question_id": question, "text": "It costs 20 euros, all in all."}
            answers.append({**answer, "author_kind": "shop", "answered_ts": self._moment()})
            template = {"template_id": f"t{number}", "intent": f"price {number}", "text": "It costs {price}."}
            templates.append({**template, "language": "en"})
        return {Entity.QUESTIONS: questions, Entity.ANSWERS: answers, Entity.TEMPLATES: templates}

    def _moment(self) -> str:
        return (self.begin + timedelta(minutes=int(self.rng.integers(DAYS * 24 * 60)))).isoformat()


def products_met(shop: GeneratedShop, taste: Ints, rng: np.random.Generator) -> list[Ints]:
    """Products met, int64, by user, at most half of all: mostly of the user's taste, popular ones more often."""
    if shop.all_buy_one:
        return [np.zeros(1, dtype=np.int64) for _ in range(shop.users)]
    popularity, n = rng.lognormal(0.0, 0.8, shop.products), max(1, min(shop.met_per_user, shop.products // 2))
    found = []
    for user in range(shop.users):
        is_own = taste == user % shop.tastes
        weights = popularity * np.where(is_own, SAME_TASTE_SHARE, 1 - SAME_TASTE_SHARE)
        found.append(rng.choice(shop.products, n, replace=False, p=weights / weights.sum()).astype(np.int64))
    return found


def _columns_lacking(lacks: frozenset[Lack]) -> frozenset[str]:
    columns: dict[Lack, tuple[str, ...]] = {
        "ratings": ("rating",),
        "categories": ("category",),
        "brands": ("brand",),
        "times": ("event_ts", "created_ts", "since_ts"),
    }
    return frozenset(name for lack in lacks for name in columns.get(lack, ()))


def product_id(platform: str, number: int) -> str:
    """Id of a product, distinct between platforms."""
    return f"{platform}-p{number}"
