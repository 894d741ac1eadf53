"""Check every sentence of the user profiles against the tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import fsum

from socialrec.bench.truth_tables import Dealings, TruthTables

NEUTRAL = 3.0
"""Mean stars below which the user's own comments speak against a category."""
NO_INTERESTS = "No interests known yet."


@dataclass(frozen=True)
class _Rule:
    """How a sentence names products: by which names, when what it says of them happened, and why not another."""

    names: Callable[[str, Dealings], Iterable[str]]
    time: Callable[[Dealings], datetime | None]
    denial: str


@dataclass(frozen=True)
class _Mention:
    """A name by which a sentence may mention a product, and when that which it says happened."""

    name: str
    product: str
    time: datetime | None


_RULES = {
    "interested in: ": _Rule(
        lambda title, found: [title] if found.is_interest else [],
        lambda found: found.event_ts,
        "names a product that the user did not act on, returned, rated 2 stars or less, or lost interest in",
    ),
    "commented on: ": _Rule(
        lambda title, found: [title] if found.n_comments else [],
        lambda found: found.comment_ts,
        "names a product on which the user wrote no more than a label",
    ),
    "labelled: ": _Rule(
        lambda title, found: [f"{title} as {label}" for label in found.labels],
        lambda found: found.label_ts,
        "names a label that the user did not give",
    ),
}
_LIKES, _LOOKS_AT, _LAST = "Likes ", "Looks at ", "Last "
_OPENINGS = (_LIKES, _LOOKS_AT, *(opening for name in _RULES for opening in (_LAST + name, name.capitalize())))
_BOUNDARY = re.compile(rf"(?<=\.) (?={'|'.join(map(re.escape, _OPENINGS))})")


def sentences(text: str) -> list[str]:
    """The sentences of a profile."""
    return _BOUNDARY.split(text) if text else []


def untrue_sentence(tables: TruthTables, user: str, sentence: str) -> str:
    """Why this sentence of the user's profile is untrue; empty where it is true."""
    mine = {product: found for product, found in tables.of_user(user).items() if product in tables.titles}
    if sentence == NO_INTERESTS:
        known = [product for product, found in mine.items() if found.is_interest or found.n_comments or found.labels]
        return f"something is known of {known[0]}" if known else ""
    opening = next((opening for opening in _OPENINGS if sentence.startswith(opening)), "")
    body = sentence.removeprefix(opening).removesuffix(".")
    if not opening:
        return "no rule knows this sentence"
    if opening in (_LIKES, _LOOKS_AT):
        return _untrue_categories(tables, mine, body, is_liked=opening == _LIKES)
    rule = _RULES[opening.removeprefix(_LAST).lower()]
    return _untrue_products(tables, mine, body, rule, is_last=opening.startswith(_LAST))


def _untrue_categories(tables: TruthTables, mine: Mapping[str, Dealings], body: str, *, is_liked: bool) -> str:
    by_category: dict[str, list[Dealings]] = {}
    for product, found in mine.items():
        if tables.categories[product] and (found.n_events or found.ratings):
            by_category.setdefault(tables.categories[product], []).append(found)
    named = next(_lists(body, by_category, (", ", " and ")), None)
    if named is None:
        return "names a category of no product that the user acted on"
    denials = (_unliked(by_category[category]) for category in named if is_liked)
    return next((f"{category} {why}" for category, why in zip(named, denials, strict=False) if why), "")


def _unliked(members: list[Dealings]) -> str:
    """Why nobody can say that the user likes a category, from what they did with its products."""
    if not any((found.is_kept and found.n_chosen) or found.praise for found in members):
        return "has no product that the user chose and kept, or praised"
    ratings = [rating for found in members for rating in found.ratings]
    if ratings and fsum(ratings) / len(ratings) < NEUTRAL:
        return f"has {fsum(ratings) / len(ratings):.2f} of the user's own stars on average"
    return ""


def _untrue_products(
    tables: TruthTables, mine: Mapping[str, Dealings], body: str, rule: _Rule, *, is_last: bool
) -> str:
    """Why a list of products is untrue: one that the rule denies, one without a date where "last" is said, or a newer
    one that is left out."""
    mentions = [
        _Mention(name, product, rule.time(found))
        for product, found in mine.items()
        for name in rule.names(tables.titles[product], found)
    ]
    named = next(_lists(body, {mention.name for mention in mentions}, (", ",)), None)
    if named is None:
        return rule.denial
    return _untrue_last(named, mentions) if is_last else ""


def _untrue_last(named: list[str], mentions: list[_Mention]) -> str:
    newest = {name: max((m.time for m in mentions if m.name == name and m.time), default=None) for name in named}
    dates = [date for date in newest.values() if date is not None]
    if len(dates) < len(newest):
        return f"{next(name for name in named if newest[name] is None)!r} has no date"
    products = {mention.product for mention in mentions if mention.name in named}
    left_out = [mention for mention in mentions if mention.product not in products and mention.time]
    return next((f"{m.name!r} is newer" for m in left_out if m.time and m.time > min(dates)), "")


def _lists(body: str, names: Collection[str], separators: tuple[str, ...]) -> Iterator[list[str]]:
    """All ways to read the body as a list of these names, which may hold a separator themselves."""
    for name in sorted((name for name in names if body.startswith(name)), key=len, reverse=True):
        rest = body[len(name) :]
        if not rest:
            yield [name]
        for separator in separators:
            if rest.startswith(separator):
                for more in _lists(rest.removeprefix(separator), names, separators):
                    yield [name, *more]
