"""Checks of a user's profile sentences against the user's events and comments."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from datetime import datetime

from socialrec.bench.first_nights.truth_facts import LIKING, Comment, TruthTables

N_NEWEST = 3
NOTHING = "No interests known yet."
BEGINNINGS = ("Likes", "Looks at", "Last interested in:", "Interested in:", "Last commented on:", "Commented on:",
              "Last wrote", "Wrote")  # fmt: skip
_SENTENCES = re.compile("".join(rf"(?:{re.escape(begin)} (.+?)\.(?: |$))?" for begin in BEGINNINGS) + "$")
Times = dict[str, datetime | None]
"""Newest time of the user's events, by product."""
Sayable = list[tuple[frozenset[str], datetime | None]]
"""Valid wordings for each product, and the time of the last event."""


def untrue_sentences(facts: TruthTables, user: str, text: str) -> tuple[int, list[str]]:
    """Count a profile's sentences, and list the untrue ones."""
    times = {p: t for p, t in _times(facts, user).items() if (user, p) in facts.interest and p in facts.products}
    interests = {product: time for product, time in times.items() if facts.speaks_for(user, product)}
    if text == NOTHING:
        is_known = interests or any(product in facts.products for product in facts.comments.get(user, {}))
        return 1, ["something is known"] if is_known else []
    found = _SENTENCES.match(text)
    if found is None or not text:
        return 1, [f"unknown sentences: {text!r}"]
    checks: tuple[Callable[[str], Iterator[str]], ...] = (
        lambda said: _likes(facts, user, said),
        lambda said: _looks_at(facts, user, said),
        *_both(_titled(facts, interests), "an interest"),
        *_both(_remarks(facts, user, are_labels=False), "commented on"),
        *_both(_remarks(facts, user, are_labels=True), "written"),
    )
    said = [(part, check) for part, check in zip(found.groups(), checks, strict=True) if part is not None]
    return len(said), [fault for part, check in said for fault in check(part)]


def _both(items: Sayable, what: str) -> Iterator[Callable[[str], Iterator[str]]]:
    """Checks of a sentence with "last", and of the same sentence without it."""
    yield lambda said: _newest(items, said, what)
    yield lambda said: _undated(items, said, what)


def _newest(items: Sayable, said: str, what: str) -> Iterator[str]:
    times = sorted((time for _, time in items if time is not None), reverse=True)
    since = times[:N_NEWEST][-1] if times else None
    newest = {item for said_of_it, time in items if since and time and time >= since for item in said_of_it}
    if not _spelled(said, newest):
        yield f"{said!r} is not {what} of the newest {N_NEWEST}"


def _undated(items: Sayable, said: str, what: str) -> Iterator[str]:
    if any(time is not None for _, time in items):
        yield f"{said!r} is said without 'last', and there are dates"
    if not _spelled(said, {item for said_of_it, _ in items for item in said_of_it}):
        yield f"{said!r} is not {what}"


def _likes(facts: TruthTables, user: str, said: str) -> Iterator[str]:
    for category in _categories(facts, said):
        of_category = [p for p, row in facts.products.items() if (row["category"] or "") == category]
        comments = [c for product in of_category for c in facts.said(user, product)]
        n_good, n_bad = sum((c.rating or 0) >= 4 for c in comments), sum(c.is_complaint for c in comments)
        did = any(facts.kinds(user, p) & LIKING and "return" not in facts.kinds(user, p) for p in of_category)
        if not did and not n_good:
            yield f"no like, save, share, cart, purchase or praise in {category!r}"
        if n_bad and n_bad >= n_good:
            yield f"likes {category!r} against {n_bad} complaints and {n_good} praises"
    if not _categories(facts, said):
        yield f"{said!r} are no categories"


def _looks_at(facts: TruthTables, user: str, said: str) -> Iterator[str]:
    categories = _categories(facts, said)
    met = {facts.products[product]["category"] for product in facts.events.get(user, {}) if product in facts.products}
    if not categories or not set(categories) <= met:
        yield f"{said!r} are not categories of products that were met"


def _categories(facts: TruthTables, said: str) -> list[str]:
    """Categories in a listing such as `a, b and c`; empty where it contains anything else."""
    known = {row["category"] for row in facts.products.values() if row["category"]}
    return _split(said, known, (", ", " and ")) or []


def _times(facts: TruthTables, user: str) -> Times:
    return {
        product: max((time for _, time in events if time is not None), default=None)
        for product, events in facts.events.get(user, {}).items()
    }


def _titled(facts: TruthTables, times: Times) -> Sayable:
    return [(frozenset({facts.products[product]["title"]}), time) for product, time in times.items()]


def _remarks(facts: TruthTables, user: str, *, are_labels: bool) -> Sayable:
    """Titles of commented products with the time of the newest comment, and labels with their text."""
    found: Sayable = []
    for product, comments in facts.comments.get(user, {}).items():
        chosen: list[Comment] = [comment for comment in comments if comment.is_label == are_labels]
        if product not in facts.products or not chosen:
            continue
        title = facts.products[product]["title"]
        newest = max((comment.created for comment in chosen if comment.created is not None), default=None)
        texts = {comment.text for comment in chosen if comment.created == newest}
        said = {f'"{text}" of {title}' for text in texts} if are_labels else {title}
        found.append((frozenset(said), newest))
    return found


def _spelled(said: str, items: Collection[str]) -> bool:
    return _split(said, items, (", ",)) is not None


def _split(said: str, items: Collection[str], separators: tuple[str, ...]) -> list[str] | None:
    """Split a listing into its items, which may contain separators; None where it contains anything else."""
    if said in items:
        return [said]
    for item in items:
        for separator in separators:
            if said.startswith(item + separator):
                rest = _split(said[len(item + separator) :], items, separators)
                if rest is not None:
                    return [item, *rest]
    return None
