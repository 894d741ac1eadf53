"""What users care about and what is said of products, counted by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from socialrec.features.aspects import cares_of, favourable_aspects, praise_of, said_of_aspects

USERS, PRODUCTS = pa.array(["ann", "bob"]), pa.array(["coat", "shoe"])
SCHEMA = pa.schema(
    {
        "user_key": pa.string(),
        "product_id": pa.string(),
        "aspects": pa.list_(pa.string()),
        "aspect_sentiments": pa.list_(pa.string()),
        "aspect_quotes": pa.list_(pa.string()),
    }
)


def said(user: str, product: str, **aspects: str) -> dict[str, Any]:
    lists = {"aspects": [*aspects], "aspect_sentiments": [*aspects.values()]}
    return {
        "user_key": user,
        "product_id": product,
        **lists,
        "aspect_quotes": [f"{name} of {product}" for name in aspects],
    }


def matrices(*comments: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    rows = pa.Table.from_pylist(list(comments), SCHEMA)
    praise, aspects = praise_of(said_of_aspects(rows, PRODUCTS), len(PRODUCTS))
    return cares_of(rows, USERS, aspects).toarray(), praise


def test_a_user_cares_for_the_aspects_of_the_own_comments_in_proportion() -> None:
    ann = said("ann", "coat", price="negative", size="positive")
    cares, _ = matrices(ann, said("ann", "shoe", size="unknown", smell="unknown"))
    assert cares.tolist() == [[pytest.approx(1 / 3), pytest.approx(2 / 3)], [0, 0]]


def test_a_product_has_the_mean_of_what_is_said_with_two_comments_that_say_nothing() -> None:
    _, praise = matrices(
        said("ann", "coat", size="positive"), said("bob", "coat", size="positive"), said("bob", "shoe", size="negative")
    )
    assert praise.tolist() == [[2 / 4], [pytest.approx(-1 / 3)]]


def test_neutral_words_count_as_a_comment_and_unknown_ones_do_not() -> None:
    _, praise = matrices(said("ann", "coat", size="positive"), said("bob", "coat", size="neutral"))
    assert praise[0].tolist() == [1 / 4]
    _, praise = matrices(said("ann", "coat", size="positive"), said("bob", "coat", size="unknown"))
    assert praise[0].tolist() == [pytest.approx(1 / 3)]


def test_comments_without_insights_or_of_strangers_say_nothing() -> None:
    nothing = {"user_key": "ann", "product_id": "coat", "aspects": None, "aspect_sentiments": None}
    older = {"user_key": "ann", "product_id": "coat", "aspects": ["size"], "aspect_sentiments": None}
    cares, praise = matrices(nothing, older, said("eve", "hat", size="positive"))
    assert (cares.tolist(), praise.tolist()) == ([[0], [0]], [[0], [0]])
    cares, praise = matrices(nothing)
    assert (cares.shape, praise.shape, cares.any(), praise.any()) == ((2, 1), (2, 1), False, False)


def test_a_user_is_quoted_on_aspects_that_they_spoke_well_of_by_one_sentence_each() -> None:
    said_so = [
        said("ann", "shoe", price="negative", size="positive"),
        said("ann", "coat", size="positive"),
        said("bob", "coat", colour="neutral"),
        said("eve", "hat", size="positive"),
        {**said("bob", "shoe", size="positive"), "aspect_quotes": [""]},
        {**said("bob", "shoe", size="positive"), "aspect_quotes": None},
    ]
    comments = pa.Table.from_pylist(said_so, SCHEMA)
    assert favourable_aspects(comments, USERS).to_pylist() == [[{"aspect": "size", "quote": "size of coat"}], []]
