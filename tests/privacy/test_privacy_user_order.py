"""The order of users: from what is known of them, whatever they are called and however their rows lie."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from socialrec.privacy.user_order import NamedTables, order_users

DID = ("product_id", "quantity")


def did(*rows: tuple[str, str, float]) -> pa.Table:
    users, products, quantities = zip(*rows, strict=True) if rows else ((), (), ())
    columns = {"user_key": pa.array(users, pa.string()), "product_id": pa.array(products, pa.string())}
    return pa.table(columns | {"quantity": pa.array(quantities, pa.float64())})


def tied(*pairs: tuple[str, str]) -> pa.Table:
    return pa.table(
        {
            "user_key": pa.array([user for user, _ in pairs], pa.string()),
            "neighbour_key": pa.array([neighbour for _, neighbour in pairs], pa.string()),
            "is_follow": [True] * len(pairs),
            "is_mutual": [False] * len(pairs),
            "replies_micros": pa.array([0] * len(pairs), pa.int64()),
        }
    )


SHOP = did(("ann", "kite", 1.0), ("ann", "ball", 2.0), ("bob", "kite", 1.0), ("cyd", "ball", 1.0))
TIES = tied(("ann", "bob"), ("eve", "bob"), ("dan", "ann"))


def called(rows: pa.Table, names: dict[str, str]) -> pa.Table:
    for column in ("user_key", "neighbour_key"):
        if column in rows.column_names:
            place = rows.schema.get_field_index(column)
            rows = rows.set_column(place, column, pa.array([names[user] for user in rows[column].to_pylist()]))
    return rows


@given(order=st.permutations(range(5)), seed=st.integers(0, 99))
def test_renamed_users_and_shuffled_rows_give_the_same_order(order: list[int], seed: int) -> None:
    people = ["ann", "bob", "cyd", "dan", "eve"]
    names = {person: f"u{place}" for person, place in zip(people, order, strict=True)}
    rng = np.random.default_rng(seed)
    rows, ties = (called(t, names).take(rng.permutation(t.num_rows)) for t in (SHOP, TIES))
    known, found = order_users([(SHOP, DID)], TIES), order_users([(rows, DID)], ties)
    assert found.keys.to_pylist() == [names[person] for person in known.keys.to_pylist()]
    assert found.names.equals(known.names)


def test_what_others_do_does_not_rename_a_user() -> None:
    before = order_users([(SHOP, DID)], TIES)
    after = order_users([(pa.concat_tables([SHOP, did(("bob", "lamp", 1.0), ("fay", "lamp", 1.0))]), DID)], TIES)
    name = dict(zip(before.keys.to_pylist(), before.names.to_pylist(), strict=True))
    again = dict(zip(after.keys.to_pylist(), after.names.to_pylist(), strict=True))
    assert (name["ann"], name["cyd"]) == (again["ann"], again["cyd"])
    assert name["bob"] != again["bob"]


def test_twins_are_told_apart_by_whom_they_know_three_steps_away() -> None:
    """Two chains x-x2-x3 and y-y2-y3 of people without rows, of which one ends at ann: x is told from y."""
    chains = tied(("x", "x2"), ("x2", "x3"), ("x3", "ann"), ("y", "y2"), ("y2", "y3"), ("y3", "bob"))
    swapped = tied(("y", "y2"), ("y2", "y3"), ("y3", "ann"), ("x", "x2"), ("x2", "x3"), ("x3", "bob"))
    first, second = (order_users([(SHOP, DID)], ties).keys.to_pylist() for ties in (chains, swapped))
    assert second == [{"x": "y", "y": "x"}.get(key[0], key[0]) + key[1:] if key[0] in "xy" else key for key in first]


def test_twins_of_whom_the_same_is_known_have_names_of_their_own() -> None:
    order = order_users([(did(("b", "kite", 1.0), ("a", "kite", 1.0), ("c", "ball", 1.0)), DID)], tied())
    assert len(set(order.names.to_pylist())) == 3
    places = [order.keys.to_pylist().index(twin) for twin in ("a", "b")]
    assert places[1] == places[0] + 1
    assert order.hashes[places[0]] == order.hashes[places[1]]


def test_a_missing_quantity_is_not_a_quantity_of_zero() -> None:
    rows = pa.table({"user_key": ["a", "b"], "product_id": ["kite", "kite"], "quantity": pa.array([None, 0.0])})
    assert len(np.unique(order_users([(rows, DID)], tied()).hashes)) == 2


def test_tables_with_names_are_equal_under_any_pseudonyms() -> None:
    names = {"ann": "q", "bob": "z", "cyd": "c", "dan": "b", "eve": "a"}
    said = pa.table({"user_key": ["bob"], "product_id": ["kite"], "text_hash": ["h"], "rating": [4.0]})
    first = NamedTables.of(SHOP, said, TIES)
    second = NamedTables.of(
        *(called(table, names).take([*range(table.num_rows)][::-1]) for table in (SHOP, said, TIES))
    )
    assert first.interactions.equals(second.interactions)
    assert first.comments.equals(second.comments)
    assert first.ties.equals(second.ties)
