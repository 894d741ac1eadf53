"""The recommender in two lines: pairs in memory, no lake."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from socialrec import Recommender
from socialrec.errors import UserError

BOOKS, GAMES = [f"b{i}" for i in range(6)], [f"g{i}" for i in range(6)]


def two_tastes() -> pd.DataFrame:
    """Twelve readers and twelve players, each with all but one or two of six products."""
    rows = [
        (f"{kind}{user}", product)
        for kind, products in (("r", BOOKS), ("s", GAMES))
        for user in range(12)
        for number, product in enumerate(products)
        if number != user % 6
    ]
    return pd.DataFrame(rows, columns=["user", "item"])


def items_of(found: list[tuple[str, float]]) -> list[str]:
    return [item for item, _ in found]


def test_a_reader_is_recommended_the_book_that_other_readers_met() -> None:
    model = Recommender.fit(two_tastes())
    assert items_of(model.recommend("r0", 1)) == ["b0"]
    assert items_of(model.recommend("s3", 1)) == ["g3"]


def test_arrow_and_pandas_and_any_order_of_rows_give_the_same_lists() -> None:
    pairs = two_tastes()
    shuffled = pa.Table.from_pandas(pairs.sample(frac=1.0, random_state=3), preserve_index=False)
    first, second = Recommender.fit(pairs), Recommender.fit(shuffled)
    users = sorted(pairs["user"].unique())
    assert [items_of(found) for found in first.recommend_many(users)] == [
        items_of(found) for found in second.recommend_many(users)
    ]


def test_met_items_are_left_out_and_a_list_ends_where_items_do() -> None:
    found = Recommender.fit(two_tastes()).recommend("r0", 50)
    assert sorted(items_of(found)) == sorted(["b0", *GAMES])
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)


def test_an_unknown_user_gets_what_is_popular() -> None:
    pairs = pd.concat([two_tastes(), pd.DataFrame({"user": [f"x{i}" for i in range(20)], "item": "hit"})])
    assert items_of(Recommender.fit(pairs).recommend("nobody", 1)) == ["hit"]


def test_a_user_with_ties_alone_is_recommended_what_friends_met() -> None:
    model = Recommender.fit(two_tastes(), ties=pd.DataFrame({"user": ["friend"], "friend": ["s1"]}))
    assert "friend" in model.features.users.to_pylist()
    assert len(model.recommend("friend", 3)) == 3


def test_an_item_that_nobody_met_is_recommended_by_its_vector() -> None:
    vectors = [[1.0, 0.1 * n] for n in range(6)] + [[0.1 * n, 1.0] for n in range(6)]
    items = pd.DataFrame({"item": [*BOOKS, *GAMES, "new book"], "vector": [*vectors, [1.0, 0.2]]})
    model = Recommender.fit(two_tastes(), items=items)
    assert set(items_of(model.recommend("r0", 2))) == {"b0", "new book"}
    assert "new book" not in items_of(model.recommend("s0", 1))


def test_times_and_weights_are_used_where_they_are_known() -> None:
    pairs = two_tastes()
    start = datetime(2026, 1, 1, tzinfo=UTC)
    timed = pairs.assign(time=[start + timedelta(hours=n) for n in range(len(pairs))], weight=2.0)
    assert len(Recommender.fit(timed).recommend("r0", 5)) == 5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"pairs": pd.DataFrame({"user": ["ann"]})}, "pairs have no column item"),
        ({"pairs": pd.DataFrame({"user": [], "item": []})}, "no pairs"),
        ({"pairs": pd.DataFrame({"user": ["ann"], "item": ["b"], "weight": [0.0]})}, "not above 0"),
        ({"ties": pd.DataFrame({"user": ["ann"]})}, "ties have no column friend"),
        ({"items": pd.DataFrame({"item": ["b0", "b1"], "vector": [[1.0], [1.0, 2.0]]})}, "lengths 1, 2"),
    ],
)
def test_what_cannot_be_read_is_one_line(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Recommender.fit(**{"pairs": two_tastes(), **given})
