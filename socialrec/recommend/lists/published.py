"""Published lists for people: products by title, reasons as sentences in each user's language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.gold import RECOMMENDATIONS, USER_PROFILES
from socialrec.contracts.vocabulary import ReasonKind
from socialrec.display.messages.catalogue import Messages, messages_in
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.privacy.pseudonyms import PSEUDONYM, identity_key, pseudonym
from socialrec.recommend.explain.sentences import SHORT_KEY, describe, describe_profile
from socialrec.recommend.lists.product_labels import ProductLabels, TitledPicture, described, labels_of
from socialrec.recommend.lists.readers import Readers
from socialrec.settings import Settings

MOST_SHOWN = 5
"""Number of keys that a message lists where a short one is not unique."""
_PART_OF_A_KEY = re.compile(rf"[0-9a-f]{{{SHORT_KEY},63}}")


class NothingPublishedError(UserError):
    """Error: no day of this home has lists yet."""


@dataclass(frozen=True)
class Place:
    """One recommendation of a list: rank from 1, product with title, score, and reasons strongest first.

    Products have their source's id. `reasons` are sentences, `why` is all of them in one line, `evidence` the same
    reasons in the form of gold.recommendations; `alike` are pictures of the products that it is said to look like.
    """

    rank: int
    product_id: str
    title: str
    score: float
    reasons: tuple[str, ...]
    why: str
    evidence: tuple[Mapping[str, Any], ...] = ()
    picture: TitledPicture | None = None
    alike: tuple[TitledPicture, ...] = ()


@dataclass(frozen=True)
class PublishedList:
    """List of one user, the user's profile in words, and the versions that made it; `language` is that of all words."""

    user_key: str
    language: str
    profile: str
    ds: str
    recommender_version: str
    encoder_version: str
    places: tuple[Place, ...]


def published_day(lake: Lake, ds: str | None = None) -> str:
    """Day asked for, or the newest one with lists.

    Raises UserError where the day has none, NothingPublishedError where no day has.
    """
    days = lake.partitions(RECOMMENDATIONS)
    if not days:
        raise NothingPublishedError("nothing was published yet: run `make run` first")
    if ds is not None and ds not in days:
        raise UserError(f"nothing was published for {ds}; the newest day with lists is {days[-1]}")
    return ds or days[-1]


def user_keys_of(user: str, lake: Lake, settings: Settings, ds: str) -> list[str]:
    """Pseudonyms of a user given by a platform's own id (on every platform that has it), by pseudonym or by its prefix.

    Raises UserError where the day has no such user, or the start of a pseudonym is that of several.
    """
    profiles = lake.read(USER_PROFILES, [ds], ["user_key", "platform"])
    known = profiles["user_key"]
    wanted = [user]
    if not PSEUDONYM.fullmatch(user):
        key = identity_key(settings.secrets)
        wanted = [pseudonym(key, platform, user) for platform in sorted(pc.unique(profiles["platform"]).to_pylist())]
    found = known.filter(pc.is_in(known, value_set=pa.array(wanted, pa.string())))
    if not len(found) and _PART_OF_A_KEY.fullmatch(user.lower()):
        found = known.filter(pc.starts_with(known, user.lower()))
        if len(found) > 1:
            raise UserError(f"{len(found):,} users' keys begin with {user}: give more digits, {_longer(found, user)}")
    if not len(found):
        raise UserError(
            f"no user {user!r} on {ds}: give an id as it landed, or at least the first {SHORT_KEY} digits of a user key"
        )
    return sorted(found.to_pylist())


def _longer(keys: pa.ChunkedArray, start: str) -> str:
    """First few of these keys, each with enough digits to be unique."""
    n_digits = len(start) + 2
    while n_digits < 64 and len({key[:n_digits] for key in keys.to_pylist()}) < len(keys):
        n_digits += 1
    shown = sorted(key[:n_digits] for key in keys.to_pylist())
    return " or ".join(shown[:MOST_SHOWN]) + (" …" if len(shown) > MOST_SHOWN else "")


def read_lists(lake: Lake, ds: str, user_keys: Sequence[str], language: str) -> list[PublishedList]:
    """Read the lists of these users on a day, in the given order; language: the setting `lists.language`."""
    is_theirs = pc.field("user_key").isin(pa.array(user_keys, pa.string()))
    rows = lake.read(RECOMMENDATIONS, [ds], filter=is_theirs).sort_by(
        [("user_key", "ascending"), ("rank", "ascending")]
    )
    by_user: dict[str, list[dict[str, Any]]] = {key: [] for key in user_keys}
    for row in rows.to_pylist():
        by_user[row["user_key"]].append(row)
    profiles = {row["user_key"]: row for row in lake.read(USER_PROFILES, [ds], filter=is_theirs).to_pylist()}
    products = described(lake, ds, {*_products_in(rows.to_pylist()), *_products_of(profiles.values())})
    readers = Readers.of_day(lake, ds, language)
    found = []
    for key, listed in by_user.items():
        if listed:
            messages = messages_in(readers.language(listed[0]["platform"], profiles[key]["language"]))
            found.append(_list(profiles[key], listed, labels_of(products, messages), messages))
    return found


def list_document(found: PublishedList, most: int) -> dict[str, Any]:
    """Plain data for JSON: at most `n` places, each reason as in gold.recommendations with its sentence."""
    places = [
        {
            **{name: getattr(place, name) for name in ("rank", "product_id", "title", "score")},
            "reasons": [{"text": text, **held} for text, held in zip(place.reasons, place.evidence, strict=True)],
        }
        for place in found.places[:most]
    ]
    return {field.name: getattr(found, field.name) for field in fields(found)} | {"places": places}


def typical_users(lake: Lake, ds: str) -> list[str]:
    """Choose up to three users who differ: one with events (with ties, if anybody has both), one with ties alone, one
    new.
    """
    profiles = lake.read(USER_PROFILES, [ds], ["user_key", "n_interactions", "n_follows"]).sort_by("user_key")
    acted = pc.greater(profiles["n_interactions"], 0)
    tied = pc.greater(profiles["n_follows"], 0)
    both = pc.and_(acted, tied)
    known = both if pc.any(both).as_py() else acted
    kinds = (known, pc.and_(pc.invert(acted), tied), pc.and_(pc.invert(acted), pc.invert(tied)))
    return [keys[0].as_py() for kind in kinds if len(keys := profiles["user_key"].filter(kind))]


def _products_in(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Products of rows of gold.recommendations, and those that their reasons name."""
    for row in rows:
        yield row["product_id"]
        yield from (product for reason in row["reasons"] for product in reason["products"])


def _products_of(profiles: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Products that profiles name."""
    parts = (profile[name] or () for profile in profiles for name in ("interests", "commented", "labelled"))
    return (part["product_id"] for every in parts for part in every)


def _list(
    profile: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], names: ProductLabels, messages: Messages
) -> PublishedList:
    return PublishedList(
        user_key=profile["user_key"],
        language=messages.language,
        profile=describe_profile(profile, names.titles, messages),
        **{name: rows[0][name] for name in ("ds", "recommender_version", "encoder_version")},
        places=tuple(_place(row, names, messages) for row in rows),
    )


def _place(row: Mapping[str, Any], names: ProductLabels, messages: Messages) -> Place:
    reasons = tuple(describe(reason, names.titles, messages) for reason in row["reasons"])
    named = (product for one in row["reasons"] if one["kind"] == ReasonKind.LOOKS_LIKE for product in one["products"])
    alike = tuple(picture for product in named if (picture := names.picture(product)))
    return Place(
        row["rank"],
        names.source_id(row["product_id"]),
        names.title(row["product_id"]),
        row["score"],
        reasons,
        messages.side_by_side(reasons),
        tuple(names.in_reason(reason) for reason in row["reasons"]),
        names.picture(row["product_id"]),
        alike,
    )
