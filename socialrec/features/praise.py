"""Favourable comments and labels of users, which reasons may quote."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.opinions import FAVOURABLE_RATING
from socialrec.features.words import is_label
from socialrec.vectors.arrays import ABSENT, positions


def favourable(comments: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Comments with text and a favourable rating, and labels: `user_key`, `product_id`, `text`."""
    comments = comments.filter(pc.field("text") != "")
    columns = ["user_key", "product_id", "text"]
    is_good = pc.fill_null(pc.greater_equal(comments["rating"], FAVOURABLE_RATING), False)
    unrated = comments.filter(pc.and_(pc.is_null(comments["rating"]), pc.is_null(comments["parent_comment_id"])))
    labels = pa.array([is_label(text) for text in unrated["text"].to_pylist()], pa.bool_())
    return comments.filter(is_good).select(columns), unrated.filter(labels).select(columns)


def texts_by_user(texts: pa.Table, users: pa.Array) -> pa.Array:
    """Texts of each user with their products, list of {product_id, text} (n_users,), sorted by text so that the order
    of rows does not matter.
    """
    found: list[list[tuple[str, str]]] = [[] for _ in range(len(users))]
    rows = positions(texts["user_key"], users)
    for row, text, product in zip(
        rows.tolist(), texts["text"].to_pylist(), texts["product_id"].to_pylist(), strict=True
    ):
        if row != ABSENT:
            found[row].append((text, product))
    own = [[{"product_id": product, "text": text} for text, product in sorted(each)] for each in found]
    return pa.array(own, pa.list_(pa.struct({"product_id": pa.string(), "text": pa.string()})))
