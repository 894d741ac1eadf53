"""Published lists without some people: their own lists go, and reasons that rest on them no longer name them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.gold import RECOMMENDATIONS, SOCIAL_TIES, USER_PRODUCT_AFFINITY
from socialrec.contracts.vocabulary import ReasonKind
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema

Pair = tuple[str, str]
NOBODY: dict[str, list[str]] = {"products": [], "friends": [], "words": []}


@dataclass
class ListCleaner:
    """Cleans rows of gold.recommendations of one day. `changed` collects whose reasons it touched.

    behind: by user and product how many other neighbours like it, for those (`suspects`) where one of the people does.
    tied: who has a tie to one of them, however weak.
    """

    keys: Set[str]
    min_named: int
    suspects: Set[Pair]
    behind: Mapping[Pair, int]
    tied: Set[str]
    changed: set[str] = field(default_factory=set)

    @classmethod
    def of_day(cls, lake: Lake, ds: str, keys: Set[str], min_named: int) -> ListCleaner:
        """From the ties and affinities of a day, which must still hold the people."""
        people = pa.array(sorted(keys), pa.string())
        ties = _read(lake, SOCIAL_TIES, ds, ["user_key", "neighbour_key", "strength"], None)
        tied = pc.unique(ties.filter(pc.is_in(ties["neighbour_key"], value_set=people))["user_key"])
        counts = pc.and_(pc.is_in(ties["user_key"], value_set=tied), pc.greater(ties["strength"], 0))
        ties = ties.filter(counts).drop_columns("strength")
        likes: dict[str, list[str]] = defaultdict(list)
        liked = _read(lake, USER_PRODUCT_AFFINITY, ds, ["user_key", "product_id"], pc.field("affinity_micros") > 0)
        liked = liked.filter(pc.is_in(liked["user_key"], value_set=pc.unique(ties["neighbour_key"])))
        for user, product in zip(*(liked[name].to_pylist() for name in liked.column_names), strict=True):
            likes[user].append(product)
        suspects: set[Pair] = set()
        behind: dict[Pair, int] = defaultdict(int)
        for user, neighbour in zip(*(ties[name].to_pylist() for name in ties.column_names), strict=True):
            for product in likes[neighbour]:
                if neighbour in keys:
                    suspects.add((user, product))
                else:
                    behind[user, product] += 1
        return cls(keys, min_named, suspects, behind, frozenset(tied.to_pylist()))

    def clean(self, rows: pa.Table) -> pa.Table:
        """The rows that stay, in their order; products, places and scores are untouched."""
        theirs = pc.is_in(rows["user_key"], value_set=pa.array(sorted(self.keys), pa.string()))
        kept = rows.filter(pc.invert(theirs))
        pairs = zip(kept["user_key"].to_pylist(), kept["product_id"].to_pylist(), strict=True)
        every = kept["reasons"].to_pylist()
        cleaned = [self._reasons(pair, reasons) for pair, reasons in zip(pairs, every, strict=True)]
        if cleaned == every:
            return kept
        kind = arrow_schema(RECOMMENDATIONS).field("reasons").type
        place = kept.schema.get_field_index("reasons")
        return kept.set_column(place, "reasons", pa.array(cleaned, kind))

    def concerns(self, rows: pa.Table) -> bool:
        """Whether cleaning these rows would change any of them."""
        return not self.clean(rows).equals(rows)

    def _reasons(self, pair: Pair, reasons: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not any(reason["kind"] == ReasonKind.FRIENDS for reason in reasons):
            return reasons
        cleaned = [kept for reason in reasons if (kept := self._reason(pair, reason)) is not None]
        if cleaned == reasons:
            return reasons
        self.changed.add(pair[0])
        return cleaned or [{"kind": ReasonKind.POPULAR.value, "share": 0.0, **NOBODY}]

    def _reason(self, pair: Pair, reason: dict[str, Any]) -> dict[str, Any] | None:
        is_named = not self.keys.isdisjoint(reason["friends"])
        if reason["kind"] != ReasonKind.FRIENDS or not (is_named or pair in self.suspects):
            return reason
        n_behind = self.behind.get(pair, 0)
        if not n_behind:
            return None
        friends = [friend for friend in reason["friends"] if friend not in self.keys]
        return {**reason, "friends": friends if n_behind >= self.min_named else []}


def _read(lake: Lake, table: Any, ds: str, columns: list[str], keep: pc.Expression | None) -> pa.Table:
    return lake.read(table, [ds], columns, keep)
