"""Differences between the lists of two days: how many, for whom most, and the reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.gold import RECOMMENDATIONS, USER_PROFILES
from socialrec.lake import Lake

N_MOVERS = 10


@dataclass(frozen=True)
class Mover:
    """User whose list changed, with the number of new products in it and the user's own changes."""

    user_key: str
    n_new: int
    why: str


@dataclass(frozen=True)
class Changes:
    """Comparison of lists with an earlier day; new_share: recommendations that were not in the user's earlier list."""

    previous_ds: str
    new_share: float
    new_users: int
    is_other_model: bool
    movers: tuple[Mover, ...]


def read_changes(lake: Lake, previous: str, ds: str) -> Changes:
    """Return the differences between the lists of `ds` and those of another published day."""
    columns = ["user_key", "product_id", "recommender_version"]
    old, new = (lake.read(RECOMMENDATIONS, [day], columns) for day in (previous, ds))
    fresh = new.join(old.select(["user_key", "product_id"]), ["user_key", "product_id"], join_type="left anti")
    strangers = pc.invert(pc.is_in(fresh["user_key"], value_set=pc.unique(old["user_key"])))
    known = fresh.filter(pc.invert(strangers)).group_by("user_key").aggregate([([], "count_all")])
    known = known.sort_by([("count_all", "descending"), ("user_key", "ascending")]).slice(0, N_MOVERS)
    versions = [set(pc.unique(rows["recommender_version"]).to_pylist()) for rows in (old, new)]
    return Changes(
        previous_ds=previous,
        new_share=fresh.num_rows / new.num_rows if new.num_rows else 0.0,
        new_users=len(pc.unique(fresh.filter(strangers)["user_key"])),
        is_other_model=versions[0] != versions[1],
        movers=tuple(_movers(lake, known, previous, ds)),
    )


def _movers(lake: Lake, moved: pa.Table, previous: str, ds: str) -> list[Mover]:
    keys = moved["user_key"].to_pylist()
    before, after = (_numbers(lake, day, keys) for day in (previous, ds))
    counts = zip(keys, moved["count_all"].to_pylist(), strict=True)
    return [Mover(key, n, _why(before.get(key, {}), after.get(key, {}))) for key, n in counts]


def _numbers(lake: Lake, day: str, keys: Sequence[str]) -> dict[str, dict[str, int]]:
    wanted = pc.field("user_key").isin(pa.array(keys, pa.string()))
    names = ["n_interactions", "n_comments", "n_follows"]
    rows = lake.read(USER_PROFILES, [day], ["user_key", *names], filter=wanted).to_pylist()
    return {row.pop("user_key"): row for row in rows}


def _why(before: dict[str, Any], after: dict[str, Any]) -> str:
    grown = {name.removeprefix("n_"): value - before.get(name, 0) for name, value in after.items()}
    said = [f"{number:+,} {name}" for name, number in grown.items() if number]
    return ", ".join(said) or "nothing new from this user: connected people, products or the model changed"
