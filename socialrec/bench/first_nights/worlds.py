"""Worlds of `make first-nights`, by name: demo worlds, generated shops, the README's records and Last.fm."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from socialrec.bench.first_nights.shops import CHINESE, GeneratedShop, Lack, write_shop
from socialrec.contracts.vocabulary import Entity
from socialrec.settings import Settings
from socialrec.sources.demo.world import DemoWorld
from socialrec.sources.demo.writing import write_demo
from socialrec.sources.landing import write_day
from socialrec.sources.lastfm import import_lastfm

SHOP_DAY = "2026-01-31"
DEMO_DAYS = (
    *("2026-03-31", "2025-12-31", "2024-02-29", "2026-01-01"),
    *("2025-06-15", "2026-11-23", "2023-10-29", "2026-07-04"),
)
"""Last days of the demo worlds: ends of months and years, a leap day, changes of the clock."""
DEMO_SEED = 20260103
LANGUAGES = ("zh", "mixed")
"""Languages of demo worlds beside the English ones."""
LACKS: tuple[Lack, ...] = ("ratings", "ties", "comments", "categories", "brands", "times")
LASTFM_DAY = "2011-05-31"

README_RECORDS: dict[Entity, tuple[dict[str, object], ...]] = {
    Entity.PRODUCTS: ({"product_id": "p1", "title": "Red kite"},),
    Entity.INTERACTIONS: ({"event_id": "e1", "user_id": "ann", "product_id": "p1", "event_type": "click"},),
    Entity.COMMENTS: ({"comment_id": "c1", "user_id": "ann", "product_id": "p1", "text": "Flies well", "rating": 5},),
    Entity.FOLLOWS: ({"follower_id": "ann", "followee_id": "bob"},),
}
"""Smallest complete records, as the README shows them."""


@dataclass(frozen=True)
class World:
    """One first night: `land` writes its landing files; `repeats` asks for a second night of the same day."""

    name: str
    ds: str
    land: Callable[[Settings], None]
    repeats: bool = False
    data: Path | None = None
    """Folder of raw files that the world needs; the world is skipped where it is missing."""

    @property
    def lacks(self) -> str:
        """Reason why the world cannot run; empty where it can."""
        if self.data is None or self.data.is_dir():
            return ""
        return f"no folder {self.data}: SOCIALREC_DATA_DIR names where it lies"


def worlds() -> dict[str, World]:
    """All worlds by name, in the order in which they run: the small ones first."""
    return {world.name: world for world in (*_degenerate(), *_shops(), *_lacking(), *_demo_worlds(), _lastfm())}


def _degenerate() -> Iterator[World]:
    yield World("readme", SHOP_DAY, _land_readme, repeats=True)
    yield _shop("shop-1", GeneratedShop(users=1, products=5, met_per_user=2), repeats=True)
    yield _shop("shop-4", GeneratedShop(users=4, products=8, met_per_user=3), repeats=True)
    yield _shop("shop-14", GeneratedShop(users=14, products=20, met_per_user=5, broken=True, asks=True), repeats=True)
    yield _shop("chinese", GeneratedShop(users=20, products=24, met_per_user=6, words=CHINESE), repeats=True)
    small = GeneratedShop(users=30, products=40, met_per_user=6)
    yield _shop("nobody-buys", replace(small, interactions="absent"), repeats=True)
    yield _shop("nobody-buys-empty-file", replace(small, interactions="empty"))
    yield _shop("everybody-buys-one-thing", replace(small, all_buy_one=True))


def _shops() -> Iterator[World]:
    yield _shop("shop-50", GeneratedShop(users=50, products=60, met_per_user=12))
    yield _shop("one-seller-has-half", GeneratedShop(users=120, products=90, met_per_user=10, largest_seller_share=0.5))
    yield _shop(
        "three-platforms", GeneratedShop(users=40, products=40, met_per_user=7, platforms=("app", "market", "web"))
    )
    yield _shop("shop-300", GeneratedShop(users=300, products=200, met_per_user=18))
    yield _shop("shop-1500", GeneratedShop(users=1_500, products=800, met_per_user=16))


def _lacking() -> Iterator[World]:
    """Shops of 50 users, each without one kind of optional data, and one without all of them."""
    whole = GeneratedShop(users=50, products=60, met_per_user=12)
    for lack in LACKS:
        yield _shop(f"without-{lack}", replace(whole, lacks=frozenset({lack})))
    yield _shop("without-all-of-these", replace(whole, lacks=frozenset(LACKS)))


def _demo_worlds() -> Iterator[World]:
    """Demo world under other seeds, last days and languages; each home makes a random key of its own."""
    for number, last_day in enumerate(DEMO_DAYS):
        demo = DemoWorld(seed=DEMO_SEED + number)
        yield World(f"demo-{number + 1}", last_day, _lander_of_demo(demo, last_day))
    for language in LANGUAGES:
        demo = DemoWorld(language=language, seed=DEMO_SEED)
        yield World(f"demo-{language}", DEMO_DAYS[0], _lander_of_demo(demo, DEMO_DAYS[0]))


def _lastfm() -> World:
    data = Path(os.environ.get("SOCIALREC_DATA_DIR") or "data") / "lastfm" / "raw"
    return World("lastfm", LASTFM_DAY, lambda settings: _land_lastfm(data, settings), data=data)


def _shop(name: str, shop: GeneratedShop, *, repeats: bool = False) -> World:
    return World(name, SHOP_DAY, lambda settings: write_shop(settings.landing, SHOP_DAY, shop), repeats)


def _lander_of_demo(demo: DemoWorld, last_day: str) -> Callable[[Settings], None]:
    def land(settings: Settings) -> None:
        write_demo(settings.landing, date.fromisoformat(last_day), settings.home / "truth", demo)

    return land


def _land_readme(settings: Settings) -> None:
    for entity, records in README_RECORDS.items():
        write_day(settings.landing, "myshop", SHOP_DAY, entity, map(json.dumps, records), form="jsonl")


def _land_lastfm(data: Path, settings: Settings) -> None:
    import_lastfm(data, settings.landing, LASTFM_DAY)
