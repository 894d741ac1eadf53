"""Stances of users on products: fans, and onlookers who only met them, by events and comments."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.opinions import UNFAVOURABLE_RATING

PAIR = ("user_key", "product_id")


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
