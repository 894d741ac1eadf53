"""Checks of a user's profile against the user's events and comments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from socialrec.bench.first_nights.truth_facts import LIKING, Comment, TruthTables

N_NEWEST = 3
UNKNOWN = "und"
Profile = Mapping[str, Any]
Times = Mapping[str, datetime | None]
"""Newest time of the user's events or comments, by product."""
Parts = Sequence[Mapping[str, Any]]


def untrue_parts(facts: TruthTables, profile: Profile) -> tuple[int, list[str]]:
    """Count what a row of gold.user_profiles says of its user in sentences, and list what is untrue."""
    user = profile["user_key"]
    times = {p: t for p, t in _times(facts, user).items() if (user, p) in facts.interest and p in facts.products}
    interests = {product: time for product, time in times.items() if facts.speaks_for(user, product)}
    comments, labels = (_remarks(facts, user, are_labels=are_labels) for are_labels in (False, True))
    faults = [
        *_language(facts, user, profile["language"]),
        *(fault for part in profile["categories"] for fault in _category(facts, user, **part)),
        *_newest(interests, profile["interests"], "an interest"),
        *_newest(_newest_times(comments), profile["commented"], "commented on"),
        *_newest(_newest_times(labels), profile["labelled"], "labelled"),
        *(fault for part in profile["labelled"] for fault in _label(labels, part["product_id"], part["text"])),
    ]
    return sum(len(profile[name]) for name in ("categories", "interests", "commented", "labelled")), faults


def _language(facts: TruthTables, user: str, language: str | None) -> Iterator[str]:
    said = (comment for by_product in facts.comments.get(user, {}).values() for comment in by_product)
    counts = Counter(comment.language for comment in said if comment.language not in {None, UNKNOWN})
    most = min(counts, key=lambda code: (-counts[code], str(code)), default=None)
    if language != most:
        yield f"language {language!r}, and most comments are in {most!r}"


def _newest(times: Times, said: Parts, what: str) -> Iterator[str]:
    """Check if products are the newest ones, of which those with a date come first."""
    known = sorted((time for time in times.values() if time is not None), reverse=True)
    since = known[:N_NEWEST][-1] if known else None
    if len(said) != min(N_NEWEST, len(times)):
        yield f"{len(said)} products are {what}, of {len(times)}"
    for part in said:
        product, is_dated = part["product_id"], part["is_dated"]
        time = times.get(product)
        if product not in times:
            yield f"{product} is not {what}"
        elif is_dated != (time is not None):
            yield f"{product} has {'no' if is_dated else 'a'} date"
        elif time is not None and since is not None and time < since:
            yield f"{product} is not {what} of the newest {N_NEWEST}"
        elif time is None and len(known) >= N_NEWEST:
            yield f"{product} has no date, and {len(known)} others have"


def _label(labels: Mapping[str, Sequence[Comment]], product: str, text: str) -> Iterator[str]:
    given = labels.get(product, ())
    newest = max((one.created for one in given if one.created is not None), default=None)
    if text not in {one.text for one in given if one.created == newest}:
        yield f"{text!r} is not the newest label of {product}"


def _category(facts: TruthTables, user: str, category: str, *, is_liked: bool) -> Iterator[str]:
    of_category = [product for product, row in facts.products.items() if (row["category"] or "") == category]
    if not any(product in facts.events.get(user, {}) for product in of_category):
        yield f"no product of {category!r} was met"
    if not is_liked:
        return
    comments = [comment for product in of_category for comment in facts.said(user, product)]
    n_good, n_bad = sum((c.rating or 0) >= 4 for c in comments), sum(c.is_complaint for c in comments)
    did = any(facts.kinds(user, p) & LIKING and "return" not in facts.kinds(user, p) for p in of_category)
    if not did and not n_good:
        yield f"no like, save, share, cart, purchase or praise in {category!r}"
    if n_bad and n_bad >= n_good:
        yield f"likes {category!r} against {n_bad} complaints and {n_good} praises"


def _times(facts: TruthTables, user: str) -> Times:
    return {
        product: max((time for _, time in events if time is not None), default=None)
        for product, events in facts.events.get(user, {}).items()
    }


def _newest_times(remarks: Mapping[str, Sequence[Comment]]) -> Times:
    return {
        product: max((one.created for one in said if one.created is not None), default=None)
        for product, said in remarks.items()
    }


def _remarks(facts: TruthTables, user: str, *, are_labels: bool) -> dict[str, list[Comment]]:
    """Comments with words, or labels, of the user on products of the catalogue."""
    found: dict[str, list[Comment]] = {}
    for product, comments in facts.comments.get(user, {}).items():
        chosen = [one for one in comments if one.text and one.is_label == are_labels]
        if product in facts.products and chosen:
            found[product] = chosen
    return found
