"""Check every reason and every profile sentence of a night against the tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow.dataset as pds

from socialrec.bench.profile_truth import sentences, untrue_sentence
from socialrec.bench.truth_tables import UNSPACED, Dealings, TruthTables
from socialrec.contracts.columns import Table
from socialrec.contracts.gold import RECOMMENDATIONS, USER_PROFILES
from socialrec.lake import Lake
from socialrec.settings import Settings

_OF_EVERYONE = {"popular", "few", "new"}
"""Kinds that say nothing of the user: all that a recommendation with a negative score may carry."""
_MIN_LABELLERS = 2
"""Users who must label a product with a word before it is a word of the product."""
_KEY_CHARS = 8
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Truth:
    """How much was checked, and what is untrue: a line each with user, product, sentence and why."""

    n_reasons: int
    n_profile_sentences: int
    untrue: list[str]


def check_truth(settings: Settings, ds: str) -> Truth:
    """Check the reasons and profiles of day `ds`. Raises UserError where a table's files are gone."""
    lake = Lake(settings.lake)
    tables = TruthTables.read(lake, ds)
    checker = _ReasonChecker(tables)
    n_reasons, n_sentences = 0, 0
    untrue: list[str] = []
    for row in _read(lake, RECOMMENDATIONS, ds, untrue):
        n_reasons += len(row.get("reasons") or ())
        untrue += checker.untrue(row)
    for row in _read(lake, USER_PROFILES, ds, untrue):
        user, said = row["user_key"], sentences(row.get("text") or "")
        n_sentences += len(said)
        if not said:
            untrue.append(f"{user[:_KEY_CHARS]} -: the profile has no text")
        for sentence in said:
            if why := untrue_sentence(tables, user, sentence):
                untrue.append(f"{user[:_KEY_CHARS]} -: {sentence!r}: {why}")
    return Truth(n_reasons, n_sentences, untrue)


def _read(lake: Lake, table: Table, ds: str, untrue: list[str]) -> list[Row]:
    """Rows of the day as they lie in the files, so that a table of an older version is read too."""
    files = lake.files(table, [ds])
    if not files:
        untrue.append(f"{table.name} has no rows of {ds}")
        return []
    found = pds.dataset(files, format="parquet")
    names = {"user_key", "product_id", "score", "reasons", "text"} & {column.name for column in table.columns}
    missing = sorted(names - set(found.schema.names))
    untrue += [f"{table.name} of {ds} has no column {name}" for name in missing]
    rows: list[Row] = found.to_table(columns=sorted(names - set(missing))).to_pylist()
    return rows


class _ReasonChecker:
    """Says why a reason is untrue, by its kind."""

    def __init__(self, tables: TruthTables) -> None:
        self._tables = tables
        self._known: dict[tuple[str, str], bool] = {}
        self._rules: dict[str, Callable[[str, str, Row], str]] = {
            "because_you": self._because_you,
            "friends": self._friends,
            "looked_at": self._looked_at,
            "words": self._words,
            "about": self._about,
            "category": self._category,
            "popular": self._popular,
            "few": self._few,
            "new": self._new,
        }

    def untrue(self, row: Row) -> Iterator[str]:
        """Lines about one recommendation."""
        user, product = row["user_key"], row["product_id"]
        place, reasons, score = f"{user[:_KEY_CHARS]} {product}", row.get("reasons") or [], row.get("score")
        if not reasons:
            yield f"{place}: no reason is given"
        for reason in reasons:
            kind, share = reason.get("kind"), reason.get("share")
            said = f"{place}: {_worded(reason)}"
            if share is None or not 0 <= share <= 1:
                yield f"{said}: its share is {share}, not 0 to 1"
            if not (score is not None and score >= 0) and kind not in _OF_EVERYONE:
                yield f"{said}: the score is {score}, so nothing of the user's speaks for the product"
            if why := self._why_not(user, product, reason):
                yield f"{said}: {why}"

    def _why_not(self, user: str, product: str, reason: Row) -> str:
        kind = reason.get("kind")
        missing = [name for name in ("products", "friends", "words") if reason.get(name) is None]
        missing += ["quote"] if kind == "words" and "quote" not in reason else []
        if missing:
            return f"the table has no {', '.join(missing)} of a reason"
        rule = self._rules.get(kind or "")
        return rule(user, product, reason) if rule else "no rule knows this kind"

    def _because_you(self, user: str, product: str, reason: Row) -> str:
        for named in reason["products"]:
            if named == product:
                return f"{named} is the recommended product itself"
            if why := _not_kept(self._tables.of(user, named)):
                return f"{named} {why}"
        return "" if reason["products"] else "names no product"

    def _friends(self, user: str, product: str, reason: Row) -> str:
        return self._people(user, product, reason, _not_chosen)

    def _looked_at(self, user: str, product: str, reason: Row) -> str:
        return self._people(user, product, reason, _not_kept)

    def _people(self, user: str, product: str, reason: Row, denial: Callable[[Dealings], str]) -> str:
        """Each named person is tied to the user and cannot be denied; at least one is where nobody is named."""
        ties = self._tables.ties.get(user, {})
        for friend in reason["friends"]:
            if friend not in ties:
                return f"{friend[:_KEY_CHARS]} has no tie with the user"
            if why := denial(self._tables.of(friend, product)):
                return f"the product {why} by {friend[:_KEY_CHARS]}"
            if reason.get("is_followed") and not ties[friend]:
                return f"{friend[:_KEY_CHARS]} is not followed by the user"
        behind = [friend for friend in ties if not denial(self._tables.of(friend, product))]
        if not behind:
            return "holds for nobody whom the user has a tie with"
        if reason.get("is_followed") and not any(ties[friend] for friend in behind):
            return "holds for nobody whom the user follows"
        return ""

    def _words(self, user: str, product: str, reason: Row) -> str:
        words, quote = reason["words"], (reason["quote"] or "").strip("…")
        own = [text for found in self._tables.of_user(user).values() for text in (*found.praise, *found.labels)]
        for word in words:
            if not any(stands_in(word, text) for text in own):
                return f"{word!r} is in no comment of the user's own with 4 stars or more, and in no label"
            if not self._is_about(word, product):
                return f"{word!r} is no word of the product"
        if quote and not any(quote in text for text in own):
            return f"the quote {quote!r} is from no favourable comment of the user's own"
        if quote and not any(stands_in(word, quote) for word in words):
            return f"the quote {quote!r} holds none of the words"
        return "" if words else "names no word"

    def _about(self, user: str, product: str, reason: Row) -> str:
        mine = [own for own, found in self._tables.of_user(user).items() if found.is_kept]
        for word in reason["words"]:
            if not self._is_about(word, product):
                return f"{word!r} is no word of the product"
            if not any(self._is_about(word, own) for own in mine):
                return f"{word!r} is no word of a product that the user acted on and kept"
        return "" if reason["words"] else "names no word"

    def _is_about(self, word: str, product: str) -> bool:
        """Whether the word is in the product's text, or in labels that several users gave it."""
        if (word, product) not in self._known:
            labels = self._tables.labellers.get(product, {})
            users = set().union(*(who for label, who in labels.items() if stands_in(word, label)))
            is_text = stands_in(word, self._tables.texts.get(product, ""))
            self._known[word, product] = is_text or len(users) >= _MIN_LABELLERS
        return self._known[word, product]

    def _category(self, _user: str, product: str, reason: Row) -> str:
        category, n_likers = self._tables.categories.get(product, ""), self._tables.n_likers.get(product, 0)
        if not category or list(reason["words"]) != [category]:
            return f"the product's category is {category!r}"
        typical = self._tables.median_likers_of_category.get(category, 0.0)
        return "" if n_likers and n_likers >= typical else _unpopular(n_likers, typical)

    def _popular(self, _user: str, product: str, _reason: Row) -> str:
        n_likers, typical = self._tables.n_likers.get(product, 0), self._tables.median_likers
        return "" if n_likers and n_likers >= typical else _unpopular(n_likers, typical)

    def _few(self, _user: str, product: str, _reason: Row) -> str:
        n_met, n_likers = self._tables.n_met.get(product, 0), self._tables.n_likers.get(product, 0)
        if not n_met:
            return "nobody has acted on it"
        is_known = n_likers and n_likers >= self._tables.median_likers_of_liked
        return f"{n_likers} users like it, as many as the median of liked products" if is_known else ""

    def _new(self, _user: str, product: str, _reason: Row) -> str:
        n_met = self._tables.n_met.get(product, 0)
        return f"{n_met} users acted on it" if n_met else ""


def stands_in(word: str, text: str) -> bool:
    """Whether the text holds the word, whole and in any case; in scripts without spaces anywhere."""
    word, text = word.casefold(), text.casefold()
    if not word or word not in text or UNSPACED.search(word):
        return bool(word) and word in text
    return bool(_pattern(word).search(UNSPACED.sub(" ", text)))


@cache
def _pattern(word: str) -> re.Pattern[str]:
    """The word with no letter before it and nothing of a word behind it: `pack` is in `3pack`, not in `packs`."""
    return re.compile(rf"(?<![^\W\d_]){re.escape(word)}(?!\w)")


def _unpopular(n_likers: int, typical: float) -> str:
    return f"{n_likers} users like it, the median is {typical:g}"


def _not_kept(dealings: Dealings) -> str:
    """Why the product is none that was acted on and kept; empty where it is."""
    if not dealings.n_events:
        return "was not acted on"
    return _against(dealings)


def _not_chosen(dealings: Dealings) -> str:
    """Why the product is none that was chosen and kept; empty where it is."""
    if not dealings.n_chosen:
        return "was only looked at" if dealings.n_events else "was not acted on"
    return _against(dealings)


def _against(dealings: Dealings) -> str:
    if dealings.n_returned:
        return "was returned"
    return "was rated 2 stars or less" if dealings.is_against else ""


def _worded(reason: Row) -> str:
    """Return a reason such as `friends 1f3a90bc, 77e0d2aa`."""
    friends = [friend[:_KEY_CHARS] for friend in reason.get("friends") or ()]
    named = [*(reason.get("products") or ()), *friends, *(reason.get("words") or ())]
    return f"{reason.get('kind')} {', '.join(named)}".rstrip()
