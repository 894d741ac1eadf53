"""Opinions of users on products, stances by what they said and did, and texts that reasons may quote."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.opinions import FAVOURABLE_RATING, UNFAVOURABLE_RATING
from socialrec.features.words import is_label
from socialrec.vectors.arrays import ABSENT, Csr, csr, positions

PAIR = ("user_key", "product_id")
SIGN_OF_SENTIMENT = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}


def opinion_matrix(comments: pa.Table, users: pa.Array, products: pa.Array) -> Csr:
    """Opinions of users on products, csr float32 (n_users, n_products): the mean of their comments on each, -1 to 1.

    A comment counts 1 star as -1 and 5 as 1. One without stars that answers no other counts 1 for positive and -1 for
    negative sentiment, times its confidence; an answer may speak of the comment and not of the product. A mean of 0
    counts as no opinion.
    """
    opinions = comments.select(["user_key", "product_id"]).append_column("opinion", _opinions(comments))
    known = opinions.filter(pc.is_valid(opinions["opinion"]))
    means = known.group_by(["user_key", "product_id"]).aggregate([("opinion", "mean")])
    rows, columns = positions(means["user_key"], users), positions(means["product_id"], products)
    matrix = csr(means["opinion_mean"].to_numpy(), rows, columns, (len(users), len(products)))
    matrix.eliminate_zeros()
    return matrix


def _opinions(comments: pa.Table) -> pa.ChunkedArray:
    """Opinion of each comment, float64, -1 to 1; null where nothing tells it."""
    stars = pc.divide(pc.subtract(pc.cast(comments["rating"], pa.float64()), 3.0), 2.0)
    kinds, signs = zip(*SIGN_OF_SENTIMENT.items(), strict=True)
    sign = pc.take(pa.array(signs), pc.index_in(comments["sentiment"], value_set=pa.array(kinds)))
    written = pc.multiply(sign, pc.cast(comments["sentiment_confidence"], pa.float64()))
    written = pc.if_else(pc.is_null(comments["parent_comment_id"]), written, pa.scalar(None, pa.float64()))
    # Rounded, so that sums do not depend on the order of rows.
    return pc.divide(pc.round(pc.multiply(pc.coalesce(stars, written), 2.0**24)), 2.0**24)


def stances(events: pa.Table, comments: pa.Table) -> pa.Table:
    """Compute `user_key`, `product_id` and `is_fan` of every pair in which the user is a fan or an onlooker.

    events: rows of gold.user_product_affinity, or `affinities_of_events`. comments: `user_key`, `product_id`, `rating`.
    A fan did something favourable with the product, did not return it, and gave stars above a complaint's in every
    comment on it: one without stars may be a complaint. Users who returned it or complained are neither; others who met
    it are onlookers.
    """
    kept = events.filter(pc.equal(pc.fill_null(events["n_returns"], 0), 0))
    kept = kept.select([*PAIR, "n_favourable"]).join(_worst_comments(comments), list(PAIR))
    n_unrated = pc.subtract(pc.fill_null(kept["rating_count_all"], 0), pc.fill_null(kept["rating_count"], 0))
    complains = pc.fill_null(pc.less_equal(kept["rating_min"], UNFAVOURABLE_RATING), False)
    is_unclear = pc.greater(n_unrated, 0)
    is_fan = pc.and_(pc.greater(pc.fill_null(kept["n_favourable"], 0), 0), pc.invert(is_unclear))
    found = pa.table({**{name: kept[name] for name in PAIR}, "is_fan": is_fan})
    return found.filter(pc.invert(complains))


def _worst_comments(comments: pa.Table) -> pa.Table:
    """Number of comments, number with stars, and fewest stars of each pair with comments."""
    ratings = comments.select([*PAIR, "rating"])
    ratings = ratings.append_column("rating_all", pa.array([1] * ratings.num_rows, pa.int64()))
    counted = ratings.group_by(list(PAIR)).aggregate([("rating_all", "sum"), ("rating", "count"), ("rating", "min")])
    return counted.rename_columns({"rating_all_sum": "rating_count_all"})


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
