"""Guesses about files that are not what the contract wants."""

from __future__ import annotations

import pytest

from socialrec.contracts.vocabulary import Entity
from socialrec.etl.landing.guesses import missing_columns, rename_advice, similar_columns


@pytest.mark.parametrize(
    ("entity", "found", "meant"),
    [
        (Entity.PRODUCTS, ["Product_ID", "Title"], {"Product_ID": "product_id", "Title": "title"}),
        (Entity.PRODUCTS, ["product_id", "title", "price"], {"price": "price_cents"}),
        (Entity.PRODUCTS, ["sku", "name", "colour"], {"sku": "product_id", "name": "title"}),
        (Entity.PRODUCTS, ["id", "title"], {"id": "product_id"}),
        (Entity.PRODUCTS, ["active", "prodcut_id"], {"active": "is_active", "prodcut_id": "product_id"}),
        (Entity.INTERACTIONS, ["userId", "product id", "time"], {
            "userId": "user_id", "product id": "product_id", "time": "event_ts"}),
        (Entity.INTERACTIONS, ["event_id", "user_id", "product_id", "type"], {"type": "event_type"}),
        (Entity.COMMENTS, ["stars", "body", "created_at"], {
            "stars": "rating", "body": "text", "created_at": "created_ts"}),
        (Entity.FOLLOWS, ["follower", "followee"], {"follower": "follower_id", "followee": "followee_id"}),
    ],
)  # fmt: skip
def test_a_name_that_is_nearly_right_is_recognised(entity: Entity, found: list[str], meant: dict[str, str]) -> None:
    assert similar_columns(entity, found) == meant


def test_a_name_that_could_be_two_columns_or_is_like_none_is_left_alone() -> None:
    assert similar_columns(Entity.INTERACTIONS, ["id"]) == {}  # event_id, user_id or product_id
    assert similar_columns(Entity.INTERACTIONS, ["id", "user_id", "product_id"]) == {"id": "event_id"}
    assert similar_columns(Entity.PRODUCTS, ["colour", "weight", "", "stock"]) == {}


def test_a_new_name_with_another_unit_says_the_unit() -> None:
    said = rename_advice(Entity.PRODUCTS, {"Title": "title", "price": "price_cents"})
    assert said == "rename Title to title, price to price_cents (price in hundredths of the currency)"


@pytest.mark.parametrize(
    ("form", "header", "said"),
    [
        (
            "csv",
            ["product_id;title;price_cents"],
            "required columns product_id, title are missing; its header is: product_id;title;price_cents; "
            "its columns look separated by semicolons: separate them by commas",
        ),
        (
            "csv",
            ["Product_ID|Title"],
            "required columns product_id, title are missing; its header is: Product_ID|Title; its columns look "
            "separated by vertical bars: separate them by commas; rename Product_ID to product_id, Title to title",
        ),
        (
            "csv",
            ["product_id\tcolour"],
            "required columns product_id, title are missing; its header is: 'product_id\\tcolour'; its columns look "
            "separated by tabs: separate them by commas; deliver products with title",
        ),
        (
            "csv",
            ["p1", "Red kite"],
            "required columns product_id, title are missing; its header is: p1, Red kite; the first line of a CSV "
            "file names its columns, such as product_id,title",
        ),
        (
            "jsonl",
            ["product_id", "colour"],
            "required column title is missing; its first records have: product_id, colour; deliver products with title",
        ),
        (
            "parquet",
            ["PRODUCT_ID", "title"],
            "required column product_id is missing; it has: PRODUCT_ID, title; rename PRODUCT_ID to product_id",
        ),
    ],
)
def test_a_file_without_its_required_columns_is_explained(form: str, header: list[str], said: str) -> None:
    assert missing_columns(Entity.PRODUCTS, form, header) == said


def test_a_file_with_its_required_columns_needs_no_explanation() -> None:
    assert missing_columns(Entity.PRODUCTS, "csv", ["title", "product_id", "colour"]) is None


def test_a_long_header_is_cut() -> None:
    assert "…; deliver" in (missing_columns(Entity.FOLLOWS, "jsonl", [f"column_{n}" for n in range(99)]) or "")


def test_a_header_of_noise_is_said_in_one_line_and_soon() -> None:
    noise = ["x" * 100_000, "line\nbreak", *(f"column_{n}" for n in range(20_000))]
    assert similar_columns(Entity.PRODUCTS, noise) == {}
    assert "\n" not in (missing_columns(Entity.PRODUCTS, "csv", noise[1:]) or "")
