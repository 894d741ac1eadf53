"""Facts about users and products, from the tables, to hold reasons and profiles against.

Read by code of its own: nothing here is shared with the jobs that write what is checked.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from statistics import median
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.columns import Table
from socialrec.contracts.gold import SOCIAL_TIES, USER_PRODUCT_AFFINITY
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.lake import Lake

CHOOSING = ("like", "save", "share", "cart", "purchase")
"""Events with which somebody chooses a product."""
PRAISE, COMPLAINT = 4.0, 2.0
"""Stars from which a comment is favourable, and up to which it is unfavourable."""
LABEL_WORDS = 3
"""Most words of a label: a comment without stars that answers nobody. In scripts without spaces each sign is a word."""
UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
"""Thai, Japanese and Chinese signs."""


@dataclass
class Dealings:
    """All that one user did with one product and wrote about it."""

    n_events: int = 0
    n_chosen: int = 0
    n_returned: int = 0
    event_ts: datetime | None = None
    n_comments: int = 0
    """Comments that are no labels."""
    comment_ts: datetime | None = None
    labels: list[str] = field(default_factory=list)
    label_ts: datetime | None = None
    ratings: list[float] = field(default_factory=list)
    praise: list[str] = field(default_factory=list)
    """Texts of the comments with PRAISE stars or more."""
    is_liked: bool = False
    """Whether the affinity is positive."""

    @property
    def is_against(self) -> bool:
        """Whether the product was returned, or a comment on it is a complaint."""
        return self.n_returned > 0 or min(self.ratings, default=PRAISE) <= COMPLAINT

    @property
    def is_kept(self) -> bool:
        """Whether the user acted on the product and nothing of it speaks against the product."""
        return self.n_events > 0 and not self.is_against

    @property
    def is_interest(self) -> bool:
        """Whether the product is one of the user's interests."""
        return self.is_kept and self.is_liked


@dataclass(frozen=True)
class TruthTables:
    """The tables of a day.

    dealings: by user and product. ties: by user the people whom they follow or answer, and whether they follow them.
    titles, categories (empty where the shop gives none), texts: of the products of the day. offered: products that may
    be recommended. labellers: by product and label who labels it so. n_likers, n_met: users who like a product, and
    who did anything with it.
    """

    dealings: dict[str, dict[str, Dealings]]
    ties: dict[str, dict[str, bool]]
    titles: dict[str, str]
    categories: dict[str, str]
    texts: dict[str, str]
    offered: set[str]
    labellers: dict[str, dict[str, set[str]]]
    n_likers: dict[str, int]
    n_met: dict[str, int]

    @classmethod
    def read(cls, lake: Lake, ds: str) -> Self:
        """From what the lake holds up to `ds`."""
        dealings: dict[str, dict[str, Dealings]] = defaultdict(lambda: defaultdict(Dealings))
        _read_events(lake, ds, dealings)
        labellers = _read_comments(lake, ds, dealings)
        n_likers: dict[str, int] = defaultdict(int)
        liked = pc.field("affinity_micros") > 0
        for user, product in _rows(lake.read(USER_PRODUCT_AFFINITY, [ds], ["user_key", "product_id"], filter=liked)):
            dealings[user][product].is_liked = True
            n_likers[product] += 1
        n_met = Counter(product for mine in dealings.values() for product, found in mine.items() if found.n_events)
        names = ["product_id", "title", "category", "is_active", "description", "text"]
        products = list(_rows(lake.read(SILVER_PRODUCTS, [ds], names)))
        return cls(
            dealings=dealings,
            ties=_read_ties(lake, ds),
            titles={product: title or "" for product, title, *_ in products},
            categories={
                product: category if category and category.strip() else "" for product, _, category, *_ in products
            },
            texts={product: "\n".join(filter(None, (title, *more))) for product, title, _, _, *more in products},
            offered={product for product, _, _, is_active, *_ in products if is_active},
            labellers=labellers,
            n_likers=n_likers,
            n_met=n_met,
        )

    @cached_property
    def median_likers(self) -> float:
        """Median number of likers over the products on offer; 0 where there is none."""
        return median(self.n_likers.get(product, 0) for product in self.offered) if self.offered else 0.0

    @cached_property
    def median_likers_of_liked(self) -> float:
        """The same over the products on offer that anybody likes."""
        numbers = [self.n_likers[product] for product in self.offered if self.n_likers.get(product)]
        return median(numbers) if numbers else 0.0

    @cached_property
    def median_likers_of_category(self) -> dict[str, float]:
        """Median number of likers over the products on offer of each category."""
        found: dict[str, list[int]] = defaultdict(list)
        for product in self.offered:
            found[self.categories[product]].append(self.n_likers.get(product, 0))
        return {category: median(numbers) for category, numbers in found.items()}

    def of(self, user: str, product: str) -> Dealings:
        """What the user did with the product."""
        return self.of_user(user).get(product) or Dealings()

    def of_user(self, user: str) -> dict[str, Dealings]:
        """What the user did, by product."""
        return self.dealings.get(user, {})


def _read_events(lake: Lake, ds: str, dealings: dict[str, dict[str, Dealings]]) -> None:
    events = _until(lake, SILVER_INTERACTIONS, ds, ["user_key", "product_id", "event_type", "event_ts"])
    kinds = events["event_type"]
    marked = pa.table(
        {
            "user": events["user_key"],
            "product": events["product_id"],
            "chosen": pc.cast(pc.is_in(kinds, value_set=pa.array(CHOOSING)), pa.int64()),
            "returned": pc.cast(pc.equal(kinds, "return"), pa.int64()),
            "time": events["event_ts"],
        }
    )
    sums = [("chosen", "count"), ("chosen", "sum"), ("returned", "sum"), ("time", "max")]
    grouped = marked.group_by(["user", "product"]).aggregate(sums)
    names = ["user", "product", *("_".join(one) for one in sums)]
    for user, product, n_events, n_chosen, n_returned, time in _rows(grouped.select(names)):
        found = dealings[user][product]
        found.n_events, found.n_chosen, found.n_returned, found.event_ts = n_events, n_chosen, n_returned, time


def _read_comments(lake: Lake, ds: str, dealings: dict[str, dict[str, Dealings]]) -> dict[str, dict[str, set[str]]]:
    """Add the comments to the dealings; returns who gave each product which label."""
    labellers: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    columns = ["user_key", "product_id", "text", "rating", "parent_comment_id", "created_ts"]
    for user, product, text, rating, parent, time in _rows(_until(lake, SILVER_COMMENTS, ds, columns)):
        found = dealings[user][product]
        if rating is not None:
            found.ratings.append(rating)
        if rating is not None and rating >= PRAISE:
            found.praise.append(text)
        if rating is None and parent is None and _n_words(text) <= LABEL_WORDS:
            labellers[product][text].add(user)
            found.labels.append(text)
            found.label_ts = _newer(found.label_ts, time)
        else:
            found.n_comments += 1
            found.comment_ts = _newer(found.comment_ts, time)
    return labellers


def _n_words(text: str) -> int:
    return len(UNSPACED.sub(" sign ", text).split())


def _newer(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)


def _read_ties(lake: Lake, ds: str) -> dict[str, dict[str, bool]]:
    ties: dict[str, dict[str, bool]] = defaultdict(dict)
    names = ["user_key", "neighbour_key", "is_follow", "is_mutual", "replies_micros"]
    for user, neighbour, is_follow, is_mutual, replies in _rows(lake.read(SOCIAL_TIES, [ds], names)):
        if is_follow or is_mutual or replies:
            ties[user][neighbour] = bool(is_follow)
    return ties


def _until(lake: Lake, table: Table, ds: str, columns: list[str]) -> pa.Table:
    return lake.read(table, [day for day in lake.partitions(table) if day <= ds], columns)


def _rows(table: pa.Table) -> zip[tuple[Any, ...]]:
    return zip(*(column.to_pylist() for column in table.columns), strict=True)
