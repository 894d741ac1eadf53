"""Published lists for people: products by title, reasons as sentences."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.gold import RECOMMENDATIONS, USER_PROFILES
from socialrec.contracts.product_ids import qualified_id, source_id
from socialrec.contracts.silver import SILVER_PRODUCTS
from socialrec.contracts.vocabulary import ReasonKind
from socialrec.display.visible import label
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.privacy.pseudonyms import PSEUDONYM, identity_key, pseudonym
from socialrec.settings import Settings

SHORT_KEY = 8
"""Displayed digits of a pseudonym."""
SENTENCES = {
    ReasonKind.BECAUSE_YOU: "because of {products}",
    ReasonKind.FRIENDS: "liked by {people}{quote}",
    ReasonKind.LOOKED_AT: "looked at by {people}",
    ReasonKind.WORDS: "in your words: {words}{quote}",
    ReasonKind.PRAISED: "praised for {words}, as you care for it{quote}",
    ReasonKind.ABOUT: "about: {words}",
    ReasonKind.CATEGORY: "popular in {words}",
    ReasonKind.POPULAR: "popular with everyone",
    ReasonKind.FEW: "known to few people so far",
    ReasonKind.NEW: "new here: nobody has looked at it yet",
}
"""Sentence for each kind of reason."""
MOST_SHOWN = 5
TITLE_CHARS = 120
"""Number of keys that a message lists where a short one is not unique."""
_PART_OF_A_KEY = re.compile(rf"[0-9a-f]{{{SHORT_KEY},63}}")


class NothingPublishedError(UserError):
    """Error: no day of this home has lists yet."""


@dataclass(frozen=True)
class Place:
    """One recommendation of a list: rank from 1, product with title, score, and reasons strongest first.

    Products have their source's id. `reasons` are sentences, `evidence` the same reasons in the form of
    gold.recommendations.
    """

    rank: int
    product_id: str
    title: str
    score: float
    reasons: tuple[str, ...]
    evidence: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class PublishedList:
    """List of one user, the user's profile in words, and the versions that made it."""

    user_key: str
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


def read_lists(lake: Lake, ds: str, user_keys: Sequence[str]) -> list[PublishedList]:
    """Read the lists of these users on a day, in the given order."""
    keys = pa.array(user_keys, pa.string())
    rows = lake.read(RECOMMENDATIONS, [ds], filter=pc.field("user_key").isin(keys))
    rows = rows.sort_by([("user_key", "ascending"), ("rank", "ascending")])
    named = {product for reasons in rows["reasons"].to_pylist() for reason in reasons for product in reason["products"]}
    names = names_of(lake, ds, named | set(rows["product_id"].to_pylist()))
    profiles = lake.read(USER_PROFILES, [ds], ["user_key", "text"], filter=pc.field("user_key").isin(keys))
    texts = dict(zip(*(profiles[name].to_pylist() for name in ("user_key", "text")), strict=True))
    by_user: dict[str, list[dict[str, Any]]] = {key: [] for key in user_keys}
    for row in rows.to_pylist():
        by_user[row["user_key"]].append(row)
    return [_list(key, texts.get(key, ""), ds, found, names) for key, found in by_user.items() if found]


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


@dataclass(frozen=True)
class ProductLabels:
    """Labels of products for people by the lake's ids: unique titles, and the sources' ids."""

    titles: Mapping[str, str]
    source_ids: Mapping[str, str]

    def title(self, product_id: str) -> str:
        """Title, or the id where the catalogue no longer has the product."""
        return self.titles.get(product_id, product_id)

    def source_id(self, product_id: str) -> str:
        """Id given by the product's source."""
        return self.source_ids.get(product_id, product_id)

    def in_reason(self, reason: Mapping[str, Any]) -> dict[str, Any]:
        """Convert a reason of gold.recommendations to the sources' product ids."""
        return {**reason, "products": [self.source_id(product) for product in reason["products"]]}


def names_of(lake: Lake, ds: str, products: AbstractSet[str]) -> ProductLabels:
    """Read the labels of these products on a day."""
    rows = described(lake, ds, products)
    return ProductLabels(
        tell_apart(rows), {row["product_id"]: source_id(row["product_id"], row["platform"]) for row in rows}
    )


def described(lake: Lake, ds: str, products: AbstractSet[str]) -> list[dict[str, Any]]:
    """Make the labels of these products on a day, from rows of silver.products."""
    wanted = pc.field("product_id").isin(pa.array(sorted(products), pa.string()))
    columns = ["product_id", "title", "brand", "price_cents", "currency", "platform"]
    rows: list[dict[str, Any]] = lake.read(SILVER_PRODUCTS, [ds], columns, filter=wanted).to_pylist()
    return rows


def product_ids_of(lake: Lake, ds: str, product: str) -> dict[str, str]:
    """Find a product of a day by its source's id, or by silver's id, on each platform."""
    platforms = pc.unique(lake.read(SILVER_PRODUCTS, [ds], ["platform"])["platform"]).to_pylist()
    wanted = {product, *(qualified_id(platform, product) for platform in platforms)}
    return {row["platform"]: row["product_id"] for row in described(lake, ds, wanted)}


def tell_apart(products: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Make unique titles by id from rows of silver.products; where several share one, the brand, the price, the
    source's id or the whole id is appended: the first of these that differs between all of them.
    """
    by_title: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for product in products:
        by_title[product["title"]].append(product)
    return {
        product["product_id"]: f"{title} ({mark})" if mark else title
        for title, twins in by_title.items()
        for product, mark in zip(twins, _marks(twins), strict=True)
    }


def _marks(twins: Sequence[Mapping[str, Any]]) -> list[str]:
    if len(twins) == 1:
        return [""]
    brands = [twin["brand"] or "" for twin in twins]
    prices = ["" if twin["price_cents"] is None else _price(twin) for twin in twins]
    sources = [source_id(twin["product_id"], twin["platform"]) for twin in twins]
    for marks in (brands, prices, sources):
        if all(marks) and len(set(marks)) == len(marks):
            return marks
    return [twin["product_id"] for twin in twins]


def _price(product: Mapping[str, Any]) -> str:
    return f"{product['price_cents'] / 100:,.2f} {product['currency'] or ''}".strip()


def describe(reason: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """Format one reason of gold.recommendations as a sentence."""
    return SENTENCES[ReasonKind(reason["kind"])].format(
        products=_join([label(titles.get(product, product), TITLE_CHARS) for product in reason["products"]]),
        people=_people(reason),
        words=_join([label(word) for word in reason["words"]]),
        quote=f' ("{reason["quote"]}")' if reason["quote"] else "",
    )


def _people(reason: Mapping[str, Any]) -> str:
    """Name the people of a reason by the beginnings of their pseudonyms."""
    tie = "you follow" if reason["is_followed"] else "you follow or answered"
    if not (n := len(reason["friends"])):
        return f"somebody {tie}"
    who = _join([key[:SHORT_KEY] for key in reason["friends"]])
    return f"{n} {'person' if n == 1 else 'people'} {tie} ({who})"


def _list(key: str, profile: str, ds: str, rows: Sequence[Mapping[str, Any]], names: ProductLabels) -> PublishedList:
    places = tuple(
        Place(
            row["rank"],
            names.source_id(row["product_id"]),
            names.title(row["product_id"]),
            row["score"],
            tuple(describe(reason, names.titles) for reason in row["reasons"]),
            tuple(names.in_reason(reason) for reason in row["reasons"]),
        )
        for row in rows
    )
    return PublishedList(key, profile, ds, rows[0]["recommender_version"], rows[0]["encoder_version"], places)


def _join(words: Sequence[str]) -> str:
    return ", ".join(words)
