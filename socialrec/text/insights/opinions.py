"""Opinions of users on categories and aspects, from the insights into all their comments."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.gold import COMMENT_INSIGHTS, USER_OPINIONS
from socialrec.contracts.product_ids import SEPARATOR
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_PRODUCTS
from socialrec.contracts.vocabulary import SubjectKind
from socialrec.text.insights.night import InsightNight, shaped
from socialrec.text.material import blank_to_null

_SIGNS = pa.table({"sentiment": ["negative", "neutral", "positive"], "sign": [-1.0, 0.0, 1.0]})


def build(night: InsightNight, fresh: pa.Table) -> pa.Table:
    """Make gold.user_opinions, from uncommitted insights and those of all other days so far."""
    days = [day for day in night.lake.partitions(SILVER_COMMENTS) if day <= night.ds]
    names = ("comment_id", "user_key", "product_id", "platform")
    said = night.lake.read(SILVER_COMMENTS, days, names)
    predictions = ["comment_id", "platform", "sentiment", "aspects", "aspect_sentiments"]
    others = sorted(set(days) - set(pc.unique(fresh["ds"]).to_pylist()))
    known = pa.concat_tables([fresh.select(predictions), night.lake.read(COMMENT_INSIGHTS, others, predictions)])
    products = night.lake.read(SILVER_PRODUCTS, [night.ds], ("product_id", "category"))
    return user_opinions(said, known, products, night.ds)


def user_opinions(comments: pa.Table, insights: pa.Table, products: pa.Table, ds: str) -> pa.Table:
    """Make rows of gold.user_opinions from all rows of silver.comments and their insights.

    A comment counts for the category of its product: 1 where it is positive, -1 where it is negative. For each aspect
    that it names it counts by what it says about the aspect; an aspect of which it says nothing does not count.
    """
    known = insights.take(pc.index_in(_comment_keys(comments), _comment_keys(insights).combine_chunks()))
    signs = _SIGNS["sign"].take(pc.index_in(known["sentiment"], _SIGNS["sentiment"].combine_chunks()))
    place = pc.index_in(comments["product_id"], products["product_id"].combine_chunks())
    said = pa.table(
        {name: comments[name] for name in ("user_key", "platform")}
        | {"sign": signs, "category": blank_to_null(products["category"].take(place))}
        | {name: known[name] for name in ("aspects", "aspect_sentiments")}
    ).combine_chunks()
    by_category = said.filter(pc.is_valid(said["category"]))
    parts = [_subjects(by_category, SubjectKind.CATEGORY, by_category["category"]), _by_aspect(said)]
    keys = ["user_key", "platform", "kind", "subject"]
    found = pa.concat_tables(parts).group_by(keys).aggregate([("sign", "mean"), ("sign", "count")])
    found = found.sort_by([(name, "ascending") for name in keys])
    columns = {name: found[name] for name in keys}
    columns |= {"sentiment": found["sign_mean"], "n_comments": found["sign_count"]}
    columns["ds"] = pa.array([ds] * len(found), pa.string())
    return shaped(columns, USER_OPINIONS)


def _by_aspect(said: pa.Table) -> pa.Table:
    """Rows of comments for each aspect that they say something about."""
    aspects, sentiments = (said[name].combine_chunks() for name in ("aspects", "aspect_sentiments"))
    signs = _SIGNS["sign"].take(pc.index_in(pc.list_flatten(sentiments), _SIGNS["sentiment"].combine_chunks()))
    rows = said.take(pc.list_parent_indices(aspects)).drop_columns(["sign"]).append_column("sign", signs)
    return _subjects(rows, SubjectKind.ASPECT, pc.list_flatten(aspects))


def _comment_keys(rows: pa.Table) -> pa.ChunkedArray:
    """Combine platform and id of each comment into one key."""
    return pc.binary_join_element_wise(rows["platform"], rows["comment_id"], SEPARATOR)


def _subjects(said: pa.Table, kind: SubjectKind, subjects: pa.Array) -> pa.Table:
    """Rows of opinions, without those of comments that have none."""
    rows = said.select(["user_key", "platform", "sign"])
    rows = rows.append_column("kind", pa.array([kind.value] * len(said), pa.string()))
    rows = rows.append_column("subject", subjects.cast(pa.string()))
    return rows.filter(pc.is_valid(rows["sign"]))
