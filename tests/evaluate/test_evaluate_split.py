"""Splits: shared cuts, no leaks, no dependence on the order of rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from socialrec.evaluate.split import make_split, tie_parts
from socialrec.settings import EvaluateSettings

START = datetime(2026, 1, 1, tzinfo=UTC)
TIME = pa.timestamp("us", "UTC")
SETTINGS = EvaluateSettings()


def at(day: int) -> datetime:
    return START + timedelta(days=day)


def interactions(rows: list[tuple[str, str, int | None]], event: str = "view") -> pa.Table:
    users, products, days = zip(*rows, strict=True)
    return pa.table(
        {
            "user_key": pa.array(users),
            "product_id": pa.array(products),
            "event_type": pa.array([event] * len(rows)),
            "event_ts": pa.array([None if day is None else at(day) for day in days], TIME),
        }
    )


def hundred_days() -> pa.Table:
    return interactions([(f"u{day % 7}", f"p{day % 13}", day) for day in range(100)])


def pairs_of(table: pa.Table) -> set[tuple[str, str]]:
    return set(zip(table["user_key"].to_pylist(), table["product_id"].to_pylist(), strict=True))


def test_time_cuts_stand_at_80_and_90_percent_of_the_events() -> None:
    split = make_split(hundred_days(), SETTINGS)
    assert (split.kind, split.validation_cut, split.test_cut) == ("time", at(80), at(90))
    assert split.label == "time cut 2026-04-01"


@pytest.mark.parametrize(("until", "cut"), [("validation", 80), ("test", 90)])
def test_no_training_row_of_any_kind_is_newer_than_the_cut(until: str, cut: int) -> None:
    events = hundred_days()
    split = make_split(events, SETTINGS)
    comments = pa.table({"created_ts": events["event_ts"], "user_key": events["user_key"]})
    assert max(split.training_interactions(events, until)["event_ts"].to_pylist()) < at(cut)
    assert max(split.training_comments(comments, until)["created_ts"].to_pylist()) < at(cut)
    ties = tie_table([("a", "b", True, at(day), 10, at(day)) for day in range(100)])
    kept = split.ties_as_of(ties, until)
    assert kept.num_rows == cut
    assert split.training_interactions(events, "all").num_rows == 100


def test_undated_events_are_never_evidence_before_a_cut() -> None:
    events = pa.concat_tables([hundred_days(), interactions([("u1", "p99", None)])])
    split = make_split(events, SETTINGS)
    assert "p99" not in split.training_interactions(events, "test")["product_id"].to_pylist()
    assert "p99" in split.training_interactions(events, "all")["product_id"].to_pylist()


def test_held_out_pairs_are_new_to_their_user_and_no_returns() -> None:
    old = [("u1", "p1", day) for day in range(80)]
    window = [("u1", "p1", 80), ("u1", "p2", 81), ("u2", "p1", 82)] + [("u1", "p2", 83 + day) for day in range(7)]
    test = [("u1", "p2", 90), ("u2", "p3", 91)] + [("u2", "p3", 92 + day) for day in range(7)]
    events = pa.concat_tables([interactions(old + window + test), interactions([("u9", "p9", 99)], "return")])
    split = make_split(events, SETTINGS)
    assert pairs_of(split.validation_pairs(events)) == {("u1", "p2"), ("u2", "p1")}
    assert pairs_of(split.test_pairs(events)) == {("u2", "p3")}


def undated(n_users: int = 5, n_products: int = 20) -> pa.Table:
    return interactions([(f"u{u}", f"p{p}", None) for u in range(n_users) for p in range(n_products)])


def test_a_source_without_times_is_split_at_random_per_user_and_says_so() -> None:
    events = undated()
    split = make_split(events, SETTINGS)
    assert split.label == "random per user (source has no event times)"
    train, validation, test = (f(events) for f in (split.train_pairs, split.validation_pairs, split.test_pairs))
    assert (train.num_rows, validation.num_rows, test.num_rows) == (5 * 16, 5 * 2, 5 * 2)
    assert not pairs_of(train) & pairs_of(validation) | pairs_of(train) & pairs_of(test)
    assert pairs_of(train) | pairs_of(validation) | pairs_of(test) == pairs_of(events)


def test_the_random_split_depends_on_the_seed_and_not_on_the_order_of_rows() -> None:
    events = undated()
    shuffled = events.take(np.random.default_rng(1).permutation(events.num_rows))
    first, again = make_split(events, SETTINGS), make_split(shuffled, SETTINGS)
    other = make_split(events, EvaluateSettings(seed=7))
    assert pairs_of(first.test_pairs(events)) == pairs_of(again.test_pairs(shuffled))
    assert pairs_of(first.test_pairs(events)) != pairs_of(other.test_pairs(events))


def test_small_users_give_test_first_then_validation_and_always_keep_one() -> None:
    events = interactions([("one", "p1", None)] + [("two", f"p{i}", None) for i in range(2)])
    events = pa.concat_tables([events, interactions([("three", f"p{i}", None) for i in range(3)])])
    split = make_split(events, SETTINGS)
    counts = [
        [
            f(events)["user_key"].to_pylist().count(user)
            for f in (split.train_pairs, split.validation_pairs, split.test_pairs)
        ]
        for user in ("one", "two", "three")
    ]
    assert counts == [[1, 0, 0], [1, 0, 1], [1, 1, 1]]


def test_comments_on_held_out_pairs_are_hidden_by_the_random_split() -> None:
    events = undated()
    split = make_split(events, SETTINGS)
    comments = events.select(["user_key", "product_id"]).append_column("created_ts", events["event_ts"])
    assert pairs_of(split.training_comments(comments, "validation")) == pairs_of(split.train_pairs(events))
    hidden = pairs_of(comments) - pairs_of(split.training_comments(comments, "test"))
    assert hidden == pairs_of(split.test_pairs(events))


def tie_table(rows: list[tuple[str, str, bool, datetime | None, int, datetime | None]]) -> pa.Table:
    names = ["user_key", "neighbour_key", "is_follow", "since_ts", "replies_micros", "last_reply_ts"]
    table = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    for name in ("since_ts", "last_reply_ts"):
        table = table.set_column(table.column_names.index(name), name, table[name].cast(TIME))
    both = {(row[0], row[1]) for row in rows if row[2]}
    return table.append_column("is_mutual", pa.array([row[2] and (row[1], row[0]) in both for row in rows]))


def test_each_part_of_a_tie_counts_only_from_when_it_began() -> None:
    ties = tie_table(
        [
            ("a", "b", True, at(1), 500, at(50)),
            ("b", "a", True, at(50), 0, None),
            ("a", "c", True, None, 0, None),
            ("a", "d", False, None, 700, at(2)),
            ("a", "e", False, None, 700, at(60)),
            ("a", "f", False, None, 700, None),
        ]
    )
    kept = tie_parts(ties, at(10)).to_pylist()
    found = {(r["user_key"], r["neighbour_key"]): (r["is_follow"], r["is_mutual"], r["replies_micros"]) for r in kept}
    assert found == {("a", "b"): (True, False, 0), ("a", "c"): (True, False, 0), ("a", "d"): (False, False, 700)}
    assert tie_parts(ties)["is_mutual"].to_pylist()[:2] == [True, True]


def test_without_interactions_nothing_is_held_out() -> None:
    nothing = hundred_days().slice(0, 0)
    split = make_split(nothing, SETTINGS)
    assert split.kind == "random_per_user"
    assert split.test_pairs(nothing).num_rows == split.validation_pairs(nothing).num_rows == 0
