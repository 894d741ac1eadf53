"""Lists are kept while nothing changes that is their user's to rest on, and each is made anew when its turn comes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from socialrec.contracts.columns import Table
from socialrec.contracts.gold import LIST_INPUTS, RECOMMENDATIONS, SOCIAL_TIES, USER_PRODUCT_AFFINITY, USER_PROFILES
from socialrec.contracts.silver import SILVER_COMMENTS
from socialrec.contracts.vocabulary import ReasonKind
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.recommend.explain.reason import make_reason
from socialrec.recommend.lists.input_hashes import hash_inputs
from socialrec.recommend.lists.keeping import EarlierNight, ReusedLists, keep_lists
from socialrec.settings import Settings

FIRST, SECOND = "2026-03-01", "2026-03-02"
Rows = list[dict[str, Any]]
Change = Callable[[dict[str, Rows]], None]


def table(contract: Table, rows: Rows) -> pa.Table:
    filled = [{column.name: row.get(column.name) for column in contract.columns} for row in rows]
    return pa.Table.from_pylist(filled, schema=arrow_schema(contract))


def shop() -> dict[str, Rows]:
    """Ann follows Bob, and Bob Cid, who once asked Ann something; each likes a lamp, and Cid gave it four stars."""
    users = ("ann", "bob", "cid")
    liked = {"product_id": "lamp", "affinity_micros": 900, "settled_micros": 1000, "settled_ds": "2026-02-20"}
    tie = {"is_follow": True, "is_mutual": False, "replies_micros": 0, "settled_micros": 0}
    asked = {"is_follow": False, "replies_micros": 70, "settled_micros": 80, "settled_ds": "2026-02-21"}
    return {
        "affinities": [{"user_key": user, **liked, "n_events": 1} for user in users],
        "ties": [
            {"user_key": "ann", "neighbour_key": "bob", **tie},
            {"user_key": "bob", "neighbour_key": "cid", **tie},
            {"user_key": "cid", "neighbour_key": "ann", **tie, **asked},
        ],
        "profiles": [{"user_key": user, "platform": "shop", "ds": FIRST} for user in users],
        "comments": [{"user_key": "cid", "product_id": "lamp", "rating": 4.0, "text_hash": "bright"}],
    }


def hashes(rows: dict[str, Rows], *facts: str) -> dict[str, int]:
    inputs = hash_inputs(
        table(USER_PRODUCT_AFFINITY, rows["affinities"]),
        table(SOCIAL_TIES, rows["ties"]),
        table(USER_PROFILES, rows["profiles"]),
        table(SILVER_COMMENTS, rows["comments"]),
        facts=facts,
    )
    return dict(zip(inputs["user_key"].to_pylist(), inputs["inputs_hash"].to_pylist(), strict=True))


def ann_looks_again(rows: dict[str, Rows]) -> None:
    rows["affinities"][0] |= {"settled_micros": 1900, "settled_ds": FIRST, "n_events": 2}


def bob_likes_a_kite(rows: dict[str, Rows]) -> None:
    rows["affinities"].append(rows["affinities"][1] | {"product_id": "kite"})


def cid_thinks_better_of_it(rows: dict[str, Rows]) -> None:
    rows["comments"][0]["rating"] = 5.0


def cid_asks_ann_again(rows: dict[str, Rows]) -> None:
    rows["ties"][2] |= {"settled_micros": 1080, "settled_ds": FIRST}


def bob_follows_cid_no_more(rows: dict[str, Rows]) -> None:
    del rows["ties"][1]


def time_passes(rows: dict[str, Rows]) -> None:
    for row in rows["affinities"]:
        row["affinity_micros"] = 450
    rows["ties"][2]["replies_micros"] = 35


def rows_come_in_another_order(rows: dict[str, Rows]) -> None:
    for part in rows.values():
        part.reverse()


@pytest.mark.parametrize(
    ("change", "whose"),
    [
        # Cid is tied to Ann, Ann to Bob, and Bob to Cid.
        (ann_looks_again, {"ann", "cid"}),
        (bob_likes_a_kite, {"bob", "ann"}),
        (cid_thinks_better_of_it, {"cid", "bob"}),
        (cid_asks_ann_again, {"cid"}),
        (bob_follows_cid_no_more, {"bob"}),
        (time_passes, set()),
        (rows_come_in_another_order, set()),
    ],
)
def test_a_list_rests_on_what_its_user_and_the_users_neighbours_do_and_not_on_time(
    change: Change, whose: set[str]
) -> None:
    before, rows = hashes(shop()), shop()
    change(rows)
    after = hashes(rows)
    assert {user for user in before if before[user] != after[user]} == whose


def test_every_list_rests_on_the_model() -> None:
    seventh, eighth = hashes(shop(), "7"), hashes(shop(), "8")
    assert all(seventh[user] != eighth[user] for user in seventh)


def inputs_of(ds: str, numbers: dict[str, int]) -> pa.Table:
    rows = [{"user_key": user, "inputs_hash": n, "made_ds": ds, "ds": ds} for user, n in sorted(numbers.items())]
    return table(LIST_INPUTS, rows)


def lists_of(ds: str, listed: dict[str, list[str]]) -> pa.Table:
    rows = [
        {"user_key": user, "rank": rank, "product_id": product, "score": 1.0, "ds": ds}
        for user, products in listed.items()
        for rank, product in enumerate(products, 1)
    ]
    return table(RECOMMENDATIONS, rows)


def kept_of(earlier: EarlierNight, numbers: dict[str, int], offered: list[str], ds: str = SECOND) -> ReusedLists:
    return keep_lists(earlier, inputs_of(ds, numbers), pa.array(offered), days=10_000)


def test_a_list_stands_under_the_new_day_and_remembers_when_it_was_made() -> None:
    earlier = EarlierNight(FIRST, lists_of(FIRST, {"ann": ["lamp", "kite"]}), inputs_of("2026-02-27", {"ann": 1}))
    kept = kept_of(earlier, {"ann": 1, "new": 5}, ["lamp", "kite"])
    assert kept.users.to_pylist() == ["ann"]
    assert kept.lists.equals(lists_of(SECOND, {"ann": ["lamp", "kite"]}))
    assert kept.inputs.select(["user_key", "made_ds", "ds"]).to_pylist() == [
        {"user_key": "ann", "made_ds": "2026-02-27", "ds": SECOND},
        {"user_key": "new", "made_ds": SECOND, "ds": SECOND},
    ]


def test_a_list_falls_with_its_inputs_with_a_product_that_is_gone_and_where_it_was_empty() -> None:
    numbers = {"changed": 1, "empty": 2, "gone": 3, "stands": 4}
    listed = {"changed": ["lamp"], "gone": ["lamp", "kite"], "stands": ["lamp"], "left": ["lamp"]}
    earlier = EarlierNight(FIRST, lists_of(FIRST, listed), inputs_of(FIRST, numbers | {"left": 5}))
    kept = kept_of(earlier, numbers | {"changed": 9}, ["lamp"])
    assert kept.users.to_pylist() == ["stands"]
    assert kept.inputs["made_ds"].to_pylist() == [SECOND, SECOND, SECOND, FIRST]


def test_the_first_night_keeps_nothing() -> None:
    kept = keep_lists(None, inputs_of(FIRST, {"ann": 1}), pa.array(["lamp"]), days=7)
    assert (len(kept.users), kept.lists.num_rows, kept.inputs["made_ds"].to_pylist()) == (0, 0, [FIRST])


@given(
    user=st.text("abc", min_size=1), days=st.integers(1, 31), gaps=st.lists(st.integers(1, 5), min_size=1, max_size=40)
)
def test_no_list_is_older_than_its_days_however_many_nights_are_left_out(user: str, days: int, gaps: list[int]) -> None:
    night = EarlierNight(FIRST, lists_of(FIRST, {user: ["lamp"]}), inputs_of(FIRST, {user: 1}))
    day = date.fromisoformat(FIRST)
    for gap in gaps:
        day += timedelta(days=gap)
        ds = day.isoformat()
        kept = keep_lists(night, inputs_of(ds, {user: 1}), pa.array(["lamp"]), days)
        made = date.fromisoformat(kept.inputs["made_ds"][0].as_py())
        assert (day - made).days < days
        assert (made == day) == (not len(kept.users))
        night = EarlierNight(ds, lists_of(ds, {user: ["lamp"]}), kept.inputs)


def test_inputs_without_the_lists_that_were_made_of_them_are_not_believed(settings: Settings) -> None:
    lake = Lake(settings.lake)
    commits = [(LIST_INPUTS, inputs_of(FIRST, {"ann": 1}), "a"), (RECOMMENDATIONS, whole_list(FIRST), "a")]
    for contract, rows, fingerprint in commits:
        put(lake, contract, rows, fingerprint)
    found = EarlierNight.before(lake, SECOND)
    assert found is not None
    assert (found.ds, found.lists.num_rows, found.inputs.num_rows) == (FIRST, 1, 1)
    # A second attempt at the night is killed between the two.
    put(lake, LIST_INPUTS, inputs_of(FIRST, {"ann": 2}), "b")
    assert EarlierNight.before(lake, SECOND) is None
    assert EarlierNight.before(lake, FIRST) is None


def whole_list(ds: str) -> pa.Table:
    reason = make_reason(ReasonKind.POPULAR, share=1.0)
    named = {"user_key": "ann", "rank": 1, "product_id": "lamp", "score": 1.0, "reasons": [reason]}
    versions = {"recommender_version": "7", "model_kind": "trained", "encoder_version": "enc-1"}
    return table(RECOMMENDATIONS, [{**named, **versions, "platform": "shop", "ds": ds}])


def put(lake: Lake, contract: Table, rows: pa.Table, fingerprint: str) -> None:
    platform = rows.schema.get_field_index("platform")
    filled = rows.set_column(platform, rows.schema.field(platform), pa.array(["shop"] * rows.num_rows))
    with lake.stage(contract, job="test", partitions=[FIRST]) as stage:
        stage.write(filled)
        stage.commit(fingerprint=fingerprint)
