"""Check every reason and every part of a profile of a published day against the tables, with independent code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from socialrec.bench.first_nights.truth_facts import TruthTables, has_word, read_facts_of_day
from socialrec.bench.first_nights.truth_profiles import untrue_parts
from socialrec.contracts.gold import RECOMMENDATIONS, USER_PROFILES
from socialrec.lake import Lake
from socialrec.language.forms import normal
from socialrec.settings import Settings

Reason = Mapping[str, Any]
SHORT = 8
REACH = frozenset({"popular", "few", "new"})
"""Kinds of reasons without evidence of the user's own: the only ones allowed for a negative score."""


@dataclass(frozen=True)
class Truth:
    """Numbers of reasons and of parts of profiles of a day, the untrue ones (a line each), and reasons by kind."""

    n_reasons: int
    n_profile_parts: int
    untrue: list[str]
    by_kind: dict[str, int]


def check_truth(settings: Settings, ds: str) -> Truth:
    """Check all lists and profiles of a day."""
    lake = Lake(settings.lake)
    facts = read_facts_of_day(lake, ds)
    kinds: Counter[str] = Counter()
    untrue = []
    for row in lake.read(RECOMMENDATIONS, [ds]).to_pylist():
        user, product = row["user_key"], row["product_id"]
        place = f"user {user[:SHORT]}, product {product}"
        for reason in row["reasons"]:
            kinds[reason["kind"]] += 1
            untrue += [f"{place}, {reason['kind']}: {fault}" for fault in faults_of(facts, user, product, reason)]
        if row["score"] < 0 and any(reason["kind"] not in REACH for reason in row["reasons"]):
            untrue.append(f"{place}: a reason of the user's own for a negative score")
    n_parts = 0
    for row in lake.read(USER_PROFILES, [ds]).to_pylist():
        n, faults = untrue_parts(facts, row)
        n_parts += n
        untrue += [f"profile of user {row['user_key'][:SHORT]}: {fault}" for fault in faults]
    return Truth(kinds.total(), n_parts, untrue, dict(sorted(kinds.items())))


def faults_of(facts: TruthTables, user: str, product: str, reason: Reason) -> Iterator[str]:
    """Faults of one reason of a user for a product."""
    yield from CHECKS[reason["kind"]](facts, user, product, reason)
    if not 0 <= reason["share"] <= 1:
        yield f"a share of {reason['share']}"


def _because_you(facts: TruthTables, user: str, product: str, reason: Reason) -> Iterator[str]:
    del product
    if not reason["products"]:
        yield "names no product"
    for named in reason["products"]:
        if not facts.speaks_for(user, named):
            yield f"{named} was not met, was returned or was complained about"


def _looks_like(facts: TruthTables, user: str, product: str, reason: Reason) -> Iterator[str]:
    yield from _because_you(facts, user, product, reason)
    for named in (product, *reason["products"]):
        if not facts.products[named]["pictures"]:
            yield f"{named} has no picture"


def _friends(facts: TruthTables, user: str, product: str, reason: Reason) -> Iterator[str]:
    yield from _people(facts, user, reason, lambda other: facts.likes(other, product), "does not like it")
    said = [c.text for friend in reason["friends"] for c in facts.said(friend, product) if c.is_favourable]
    quote = _unshortened(reason["quote"])
    if quote and not any(quote in text for text in said):
        yield f"{quote!r} is in no favourable comment of its people on it"


def _looked_at(facts: TruthTables, user: str, product: str, reason: Reason) -> Iterator[str]:
    yield from _people(
        facts, user, reason, lambda other: facts.speaks_for(other, product), "has not met it, returned it or complained"
    )


def _people(facts: TruthTables, user: str, reason: Reason, holds: Callable[[str], bool], fault: str) -> Iterator[str]:
    people = facts.people_of(user, only_followed=bool(reason["is_followed"]))
    for other in reason["friends"]:
        if other not in people:
            yield f"{other[:SHORT]} is not whom the user follows or answered"
        if not holds(other):
            yield f"{other[:SHORT]} {fault}"
    if not reason["friends"] and not any(map(holds, people)):
        yield f"of the user's people everybody {fault}"


def _words(facts: TruthTables, user: str, product: str, reason: Reason) -> Iterator[str]:
    praise = [c.text for said in facts.comments.get(user, {}).values() for c in said if c.is_favourable]
    if not reason["words"]:
        yield "names no word"
    for word in reason["words"]:
        if not any(has_word(normal(text), word) for text in praise):
            yield f"{word!r} is in no favourable comment of the user"
        if not facts.holds_word(product, word):
            yield f"{word!r} is not a word of the product"
    quote = _unshortened(reason["quote"])
    if not quote or not any(quote in text for text in praise):
        yield f"{quote!r} is in no favourable comment of the user"
    if reason["words"] and not has_word(normal(quote), reason["words"][0]):
        yield f"{quote!r} does not hold {reason['words'][0]!r}"


def _praised(facts: TruthTables, user: str, product: str, reason: Reason) -> Iterator[str]:
    if not reason["words"]:
        yield "names no aspect"
    about = [said.aspects for by_product in facts.comments.values() for said in by_product.get(product, ())]
    own = [comment for said in facts.comments.get(user, {}).values() for comment in said]
    for aspect in reason["words"]:
        moods = [aspects[aspect] for aspects in about if aspect in aspects]
        if moods.count("positive") <= moods.count("negative"):
            yield f"it is not praised for {aspect!r}"
        if not any(comment.aspects.get(aspect) == "positive" for comment in own):
            yield f"the user spoke well of no {aspect!r}"
    quote, first = _unshortened(reason["quote"]), next(iter(reason["words"]), "")
    if not quote or not any(quote in said.text for said in own if said.aspects.get(first) == "positive"):
        yield f"{quote!r} is in no comment in which the user speaks well of {first!r}"


def _unshortened(quote: str | None) -> str:
    """Part of a quote that stands in the comment."""
    return (quote or "").strip("…").strip()


def _about(facts: TruthTables, user: str, product: str, reason: Reason) -> Iterator[str]:
    if not reason["words"]:
        yield "names no word"
    met = facts.events.get(user, {})
    for word in reason["words"]:
        if not facts.holds_word(product, word):
            yield f"{word!r} is not a word of the product"
        if not any(facts.holds_word(other, word) for other in met):
            yield f"{word!r} is not a word of a product that the user met"


def _category(facts: TruthTables, user: str, product: str, reason: Reason) -> Iterator[str]:
    del user
    category = facts.products[product]["category"]
    n_users = facts.n_interested.get(product, 0)
    if reason["words"] != [category]:
        yield f"{reason['words']} is not its category"
    elif n_users < max(1, facts.medians[category]):
        yield f"{n_users} users of its category's median {facts.medians[category]}"


def _popular(facts: TruthTables, user: str, product: str, reason: Reason) -> Iterator[str]:
    del user, reason
    if (n_users := facts.n_interested.get(product, 0)) < max(1, facts.medians[None]):
        yield f"{n_users} users, and the median is {facts.medians[None]}"


def _few(facts: TruthTables, user: str, product: str, reason: Reason) -> Iterator[str]:
    del user, reason
    if not facts.n_met.get(product):
        yield "nobody has met it"


def _new(facts: TruthTables, user: str, product: str, reason: Reason) -> Iterator[str]:
    del user, reason
    if n_users := facts.n_met.get(product, 0):
        yield f"{n_users} users have met it"


CHECKS: dict[str, Callable[[TruthTables, str, str, Reason], Iterator[str]]] = {
    "because_you": _because_you,
    "friends": _friends,
    "looked_at": _looked_at,
    "words": _words,
    "praised": _praised,
    "about": _about,
    "looks_like": _looks_like,
    "category": _category,
    "popular": _popular,
    "few": _few,
    "new": _new,
}
"""Checks by kind of reason."""
