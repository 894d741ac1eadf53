"""Checks of a first night's outcome: a full list for every user, the same in the table and in the export."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow.parquet as pq

from socialrec.contracts.columns import Table
from socialrec.contracts.gold import RECOMMENDATIONS, USER_PROFILES
from socialrec.contracts.runs import NEWEST_DAY
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_FOLLOWS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.contracts.vocabulary import Entity
from socialrec.lake import Lake
from socialrec.privacy.user_order import HAPPENED
from socialrec.recommend.lists.publishing import FILE, with_lake_ids
from socialrec.settings import Settings

Lists = Mapping[str, Sequence[str]]
"""Products by user, best first."""


@dataclass(frozen=True)
class DayFacts:
    """Silver's content up to a day: all users, the products on offer, and the products that each user has met."""

    users: frozenset[str]
    offered: frozenset[str]
    met: Mapping[str, frozenset[str]]


def check_lists(settings: Settings, ds: str) -> list[str]:
    """Faults of the lists of a day in gold.recommendations and in the export, one line each; empty if none."""
    lake, length = Lake(settings.lake), settings.recommend.list_length
    evidence = read_evidence(lake, ds)
    columns = ["user_key", "rank", "product_id"]
    table = lake.read(RECOMMENDATIONS, [ds], [*columns, "reasons"]).to_pylist()
    published = settings.export / ds / FILE
    if not published.exists():
        return [f"no export {published}"]
    is_shared = Entity.PRODUCTS in settings.etl.shared_ids
    export = with_lake_ids(pq.read_table(published), is_shared=is_shared).select(columns).to_pylist()
    profiles = frozenset(lake.read(USER_PROFILES, [ds], ["user_key"])["user_key"].to_pylist())
    faults = faults_of_lists(lists_of(table), evidence, length)
    if lists_of(export) != lists_of(table):
        faults.append("the export holds other lists than gold.recommendations")
    if (newest := (settings.export / NEWEST_DAY).read_text(encoding="utf-8").strip()) != ds:
        faults.append(f"the export's newest day is {newest}, not {ds}")
    if profiles != evidence.users:
        faults.append(f"{len(profiles)} profiles of {len(evidence.users)} users")
    if n_bare := sum(not row["reasons"] for row in table):
        faults.append(f"{n_bare} recommendations without a reason")
    return faults


def faults_of_lists(lists: Lists, evidence: DayFacts, length: int) -> list[str]:
    """Kinds of faults, each with the number of users and one example user."""
    found: dict[str, list[str]] = defaultdict(list)
    for user in sorted(evidence.users | lists.keys()):
        listed = lists.get(user, ())
        open_to_user = evidence.offered - evidence.met.get(user, frozenset())
        for what, is_so in {
            "of unknown users": user not in evidence.users,
            f"of another length than the catalogue allows, at most {length}": len(listed)
            != min(length, len(open_to_user)),
            "with a product that is not offered, or that the user has met": not open_to_user.issuperset(listed),
            "with a product twice": len(set(listed)) != len(listed),
        }.items():
            if is_so:
                found[what].append(user)
    return [f"{len(users)} lists {what}, such as of user {users[0][:8]}" for what, users in found.items()]


def lists_of(rows: Sequence[Mapping[str, object]]) -> dict[str, list[str]]:
    """Products by user in the order of their ranks. A rank that is missing or double leaves an empty name."""
    places: dict[str, dict[int, str]] = defaultdict(dict)
    sizes = Counter(str(row["user_key"]) for row in rows)
    for row in rows:
        places[str(row["user_key"])][int(str(row["rank"]))] = str(row["product_id"])
    return {user: [ranked.get(rank, "") for rank in range(1, sizes[user] + 1)] for user, ranked in places.items()}


def read_evidence(lake: Lake, ds: str) -> DayFacts:
    """Everything up to the day, read from silver."""
    events = lake.read(SILVER_INTERACTIONS, _until(lake, ds, SILVER_INTERACTIONS), ["user_key", "product_id"], HAPPENED)
    comments = lake.read(SILVER_COMMENTS, _until(lake, ds, SILVER_COMMENTS), ["user_key"])
    follows = lake.read(SILVER_FOLLOWS, [ds], ["follower_key", "followee_key"])
    products = lake.read(SILVER_PRODUCTS, [ds], ["product_id", "is_active"])
    met: dict[str, set[str]] = defaultdict(set)
    for user, product in zip(events["user_key"].to_pylist(), events["product_id"].to_pylist(), strict=True):
        met[user].add(product)
    users = {user for column in (*comments.columns, *follows.columns) for user in column.to_pylist()}
    return DayFacts(
        frozenset(users | met.keys()),
        frozenset(products["product_id"].filter(products["is_active"]).to_pylist()),
        {user: frozenset(those) for user, those in met.items()},
    )


def _until(lake: Lake, ds: str, table: Table) -> list[str]:
    return [day for day in lake.partitions(table) if day <= ds]
