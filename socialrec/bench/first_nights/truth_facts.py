"""Facts of silver and gold about a day's users and products, as plain sets, for the checks of truth.

It shares no code with the modules that make reasons and profiles, so that their mistakes are not repeated here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from statistics import median
from typing import Any

import pyarrow.compute as pc

from socialrec.contracts.columns import Table
from socialrec.contracts.gold import COMMENT_INSIGHTS, USER_PRODUCT_AFFINITY
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_FOLLOWS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.lake import Lake
from socialrec.language.forms import normal
from socialrec.privacy.user_order import HAPPENED

LIKING = frozenset({"like", "save", "share", "cart", "purchase"})
SIGN = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
"""Letter of a script without spaces between words."""


@dataclass(frozen=True)
class Comment:
    """One comment; `sentiment` is gold.comment_insights' own, empty where there is none, and `aspects` its sentiment
    about each aspect; `language` is silver's own.
    """

    text: str
    rating: float | None
    is_reply: bool
    created: datetime | None
    sentiment: str
    aspects: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None

    @property
    def is_label(self) -> bool:
        """True if it is a label: no stars, no reply, at most three words (or pairs of letters without spaces)."""
        n_words = sum(-(-len(SIGN.findall(word)) // 2) or 1 for word in self.text.split())
        return self.rating is None and not self.is_reply and n_words <= 3

    @property
    def is_favourable(self) -> bool:
        """True if its stars praise the product, or it is a label."""
        return self.is_label if self.rating is None else self.rating >= 4

    @property
    def is_stated_complaint(self) -> bool:
        """True if its stars are low."""
        return self.rating is not None and self.rating <= 2

    @property
    def is_complaint(self) -> bool:
        """True if its stars are low, or it has no stars and its predicted sentiment is negative."""
        return self.sentiment == "negative" if self.rating is None else self.is_stated_complaint


@dataclass
class TruthTables:
    """Facts up to a day. Users and products by their keys; times of events are None where they have no date."""

    events: dict[str, dict[str, list[tuple[str, datetime | None]]]] = field(default_factory=dict)
    comments: dict[str, dict[str, list[Comment]]] = field(default_factory=dict)
    products: dict[str, dict[str, Any]] = field(default_factory=dict)
    follows: set[tuple[str, str]] = field(default_factory=set)
    answered: set[tuple[str, str]] = field(default_factory=set)
    interest: set[tuple[str, str]] = field(default_factory=set)

    def kinds(self, user: str, product: str) -> set[str]:
        """Types of the events of a user with a product."""
        return {kind for kind, _ in self.events.get(user, {}).get(product, ())}

    def said(self, user: str, product: str) -> list[Comment]:
        """Comments of a user on a product."""
        return self.comments.get(user, {}).get(product, [])

    def likes(self, user: str, product: str) -> bool:
        """Check if the user liked, saved, shared or bought it, did not return it, and did not complain."""
        did_like = bool(self.kinds(user, product) & LIKING) and self.speaks_for(user, product)
        return did_like and not any(comment.is_complaint for comment in self.said(user, product))

    def speaks_for(self, user: str, product: str) -> bool:
        """Check if the user has met it, did not return it, and gave it no low stars."""
        kinds, said = self.kinds(user, product), self.said(user, product)
        return bool(kinds) and "return" not in kinds and not any(comment.is_stated_complaint for comment in said)

    def people_of(self, user: str, *, only_followed: bool) -> set[str]:
        """Users whom a user follows or has answered."""
        ties = self.follows if only_followed else self.follows | self.answered
        return self._ends(frozenset(ties)).get(user, set())

    def _ends(self, ties: frozenset[tuple[str, str]]) -> dict[str, set[str]]:
        if len(ties) not in self._known_ends:
            found: dict[str, set[str]] = defaultdict(set)
            for user, other in ties:
                found[user].add(other)
            self._known_ends[len(ties)] = found
        return self._known_ends[len(ties)]

    @cached_property
    def _known_ends(self) -> dict[int, dict[str, set[str]]]:
        return {}

    @cached_property
    def n_interested(self) -> dict[str, int]:
        """Number of users who show interest, by product."""
        counts: dict[str, int] = defaultdict(int)
        for _, product in self.interest:
            counts[product] += 1
        return counts

    @cached_property
    def n_met(self) -> dict[str, int]:
        """Number of users who have an event, by product."""
        counts: dict[str, int] = defaultdict(int)
        for met in self.events.values():
            for product in met:
                counts[product] += 1
        return counts

    @cached_property
    def labels(self) -> dict[str, list[tuple[str, str]]]:
        """Labels in normal form with the users who gave them, by product."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for user, by_product in self.comments.items():
            for product, said in by_product.items():
                found[product] += [(user, normal(comment.text)) for comment in said if comment.is_label]
        return found

    @cached_property
    def medians(self) -> dict[str | None, float]:
        """Median number of interested users of the products on offer, by category; the median of all is under None."""
        counts: dict[str | None, list[int]] = defaultdict(list)
        for product, row in self.products.items():
            if row["is_active"]:
                for group in {None, row["category"]}:
                    counts[group].append(self.n_interested.get(product, 0))
        return {group: median(found) for group, found in counts.items()}

    def holds_word(self, product: str, word: str) -> bool:
        """Check if the product's own text or the labels of two users contain the word."""
        if product not in self.products:
            return False
        users = {user for user, text in self.labels.get(product, ()) if has_word(text, word)}
        return has_word(normal(self.products[product]["text"]), word) or len(users) > 1


def has_word(text: str, word: str) -> bool:
    """Check if a text in normal form contains the word: between non-letters, in scripts without spaces anywhere."""
    if SIGN.search(word):
        return word in text
    return re.search(rf"(?<![^\W\d_]){re.escape(word)}(?!\w)", text) is not None


def read_facts_of_day(lake: Lake, ds: str) -> TruthTables:
    """Read all facts of silver and gold up to a day."""

    def until(table: Table) -> list[str]:
        return [day for day in lake.partitions(table) if day <= ds]

    facts = TruthTables()
    columns = ["user_key", "product_id", "event_type", "event_ts"]
    for row in lake.read(SILVER_INTERACTIONS, until(SILVER_INTERACTIONS), columns, HAPPENED).to_pylist():
        met = facts.events.setdefault(row["user_key"], {}).setdefault(row["product_id"], [])
        met.append((row["event_type"], row["event_ts"]))
    names = ["platform", "comment_id", "sentiment", "aspects", "aspect_sentiments"]
    told = lake.read(COMMENT_INSIGHTS, until(COMMENT_INSIGHTS), names).to_pylist()
    insights = {(row["platform"], row["comment_id"]): row for row in told}
    comments = lake.read(SILVER_COMMENTS, until(SILVER_COMMENTS)).to_pylist()
    writers = {(row["platform"], row["comment_id"]): row["user_key"] for row in comments}
    for row in comments:
        parent = row["parent_comment_id"]
        insight = insights.get((row["platform"], row["comment_id"]), {})
        sentiment = insight.get("sentiment") or ""
        aspects = dict(zip(insight.get("aspects") or [], insight.get("aspect_sentiments") or [], strict=False))
        said = facts.comments.setdefault(row["user_key"], {}).setdefault(row["product_id"], [])
        is_reply = parent is not None
        told_of = (sentiment, aspects, row["language"])
        said.append(Comment(row["text"], row["rating"], is_reply, row["created_ts"], *told_of))
        if (row["platform"], parent) in writers:
            facts.answered.add((row["user_key"], writers[row["platform"], parent]))
    facts.products = {row["product_id"]: row for row in lake.read(SILVER_PRODUCTS, [ds]).to_pylist()}
    end = datetime.fromisoformat(ds).replace(tzinfo=UTC) + timedelta(days=1)
    for row in lake.read(SILVER_FOLLOWS, [ds]).to_pylist():
        begun, ended = row["since_ts"], row["until_ts"]
        if (begun is None or begun < end) and (ended is None or ended >= end):
            facts.follows.add((row["follower_key"], row["followee_key"]))
    pairs = lake.read(USER_PRODUCT_AFFINITY, [ds], ["user_key", "product_id"], pc.field("affinity_micros") > 0)
    facts.interest = set(zip(pairs["user_key"].to_pylist(), pairs["product_id"].to_pylist(), strict=True))
    return facts
