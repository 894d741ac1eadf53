"""Published lists without the erased users: their own lists are removed, and reasons no longer name them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.gold import RECOMMENDATIONS, SOCIAL_TIES, USER_PRODUCT_AFFINITY
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_PRODUCTS
from socialrec.contracts.vocabulary import ReasonKind
from socialrec.evaluate.split import TIE_PARTS
from socialrec.features.inputs import comment_days
from socialrec.features.opinions import stances
from socialrec.features.ties import tie_strengths
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.recommend.explain.reach import Reach
from socialrec.recommend.explain.reason import make_reason
from socialrec.settings import Settings
from socialrec.vectors.arrays import ABSENT, positions

Behind = tuple[str, str, ReasonKind]
"""User, product, and True if tied users like it, False if they only met it."""
BY_PEOPLE = (ReasonKind.FRIENDS, ReasonKind.LOOKED_AT)


@dataclass
class ListCleaner:
    """Cleaner for rows of gold.recommendations of one day. `changed` collects the users with changed reasons.

    behind: number of other neighbours behind a product of a user, for those (`suspects`) with an erased user behind it.
    tied: users with a tie to an erased user, however weak.
    """

    lake: Lake
    ds: str
    keys: Set[str]
    min_named: int
    suspects: Set[Behind]
    behind: Mapping[Behind, int]
    tied: Set[str]
    changed: set[str] = field(default_factory=set)

    @classmethod
    def of_day(cls, lake: Lake, ds: str, keys: Set[str], settings: Settings) -> ListCleaner:
        """Load the ties, affinities and comments of a day, which must still include the users."""
        people = pa.array(sorted(keys), pa.string())
        ties = lake.read(SOCIAL_TIES, [ds], TIE_PARTS)
        tied = pc.unique(ties.filter(pc.is_in(ties["neighbour_key"], value_set=people))["user_key"])
        counts = pc.and_(pc.is_in(ties["user_key"], value_set=tied), pa.array(tie_strengths(ties, settings.etl) > 0))
        ties = ties.filter(counts).select(["user_key", "neighbour_key"])
        speaks = _read_stances(lake, ds, pc.unique(ties["neighbour_key"]))
        suspects: set[Behind] = set()
        behind: dict[Behind, int] = defaultdict(int)
        for user, neighbour in zip(*(ties[name].to_pylist() for name in ties.column_names), strict=True):
            for product, kind in speaks.get(neighbour, ()):
                if neighbour in keys:
                    suspects.add((user, product, kind))
                else:
                    behind[user, product, kind] += 1
        least = settings.recommend.min_named_friends
        return cls(lake, ds, keys, least, suspects, behind, frozenset(tied.to_pylist()))

    def clean(self, rows: pa.Table) -> pa.Table:
        """Remaining rows, in their order; products, places and scores are untouched."""
        theirs = pc.is_in(rows["user_key"], value_set=pa.array(sorted(self.keys), pa.string()))
        kept = rows.filter(pc.invert(theirs))
        pairs = zip(kept["user_key"].to_pylist(), kept["product_id"].to_pylist(), strict=True)
        every = kept["reasons"].to_pylist()
        cleaned = [self._reasons(*pair, reasons) for pair, reasons in zip(pairs, every, strict=True)]
        if cleaned == every:
            return kept
        kind = arrow_schema(RECOMMENDATIONS).field("reasons").type
        place = kept.schema.get_field_index("reasons")
        return kept.set_column(place, "reasons", pa.array(cleaned, kind))

    def concerns(self, rows: pa.Table) -> bool:
        """Check if cleaning would change any of these rows."""
        return not self.clean(rows).equals(rows)

    def _reasons(self, user: str, product: str, reasons: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not any(reason["kind"] in BY_PEOPLE for reason in reasons):
            return reasons
        cleaned = [kept for reason in reasons if (kept := self._reason(user, product, reason)) is not None]
        if cleaned == reasons:
            return reasons
        self.changed.add(user)
        return cleaned or [make_reason(self._reach_of(product))]

    def _reason(self, user: str, product: str, reason: dict[str, Any]) -> dict[str, Any] | None:
        if reason["kind"] not in BY_PEOPLE:
            return reason
        pair = (user, product, ReasonKind(reason["kind"]))
        if self.keys.isdisjoint(reason["friends"]) and pair not in self.suspects:
            return reason
        n_behind = self.behind.get(pair, 0)
        if not n_behind:
            return None
        friends = [friend for friend in reason["friends"] if friend not in self.keys]
        if n_behind < self.min_named:
            friends = []
        # A quote is of somebody named; where one of them goes, it may be theirs.
        quote = reason["quote"] if friends == reason["friends"] else ""
        return {**reason, "friends": friends, "quote": quote}

    def _reach_of(self, product: str) -> ReasonKind:
        """Reason kind of a product without any evidence of the user's own."""
        names, reach = self._reach
        place = names.index(product).as_py()
        return ReasonKind.NEW if place < 0 else reach.kind(place)

    @cached_property
    def _reach(self) -> tuple[pa.Array, Reach]:
        """Number of users, without the erased ones, who have met each product of the day; and the names of the
        products.
        """
        products = self.lake.read(SILVER_PRODUCTS, [self.ds], ["product_id", "is_active"])
        names = products["product_id"].combine_chunks()
        others = ~pc.field("user_key").isin(pa.array(sorted(self.keys), pa.string()))
        met = self.lake.read(USER_PRODUCT_AFFINITY, [self.ds], ["product_id", "affinity_micros"], others)
        interested = met.filter(pc.greater(met["affinity_micros"], 0))
        n_users, n_met = (
            np.bincount(positions(rows["product_id"], names) + 1, minlength=len(names) + 1)[1:]
            for rows in (interested, met)
        )
        offered = products["is_active"].to_numpy(zero_copy_only=False)
        return names, Reach.of(n_users, n_met, offered, np.full(len(names), ABSENT, dtype=np.int64))


def _read_stances(lake: Lake, ds: str, users: pa.Array) -> dict[str, list[tuple[str, ReasonKind]]]:
    """Products of each of these users as fan or onlooker on a day."""
    theirs = pc.field("user_key").isin(users)
    columns = ["user_key", "product_id", "n_favourable", "n_returns"]
    events = lake.read(USER_PRODUCT_AFFINITY, [ds], columns, theirs & (pc.field("affinity_micros") > 0))
    comments = lake.read(SILVER_COMMENTS, comment_days(lake, ds), ["user_key", "product_id", "rating"], theirs)
    found: dict[str, list[tuple[str, ReasonKind]]] = defaultdict(list)
    pairs = stances(events, comments)
    for user, product, is_fan in zip(*(pairs[name].to_pylist() for name in pairs.column_names), strict=True):
        found[user].append((product, ReasonKind.FRIENDS if is_fan else ReasonKind.LOOKED_AT))
    return found
