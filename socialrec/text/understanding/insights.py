"""Insights from texts about comments, products and users, in the columns of their gold tables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.gold import BEHAVIOUR_PROPENSITIES, COMMENT_INSIGHTS, PRODUCT_ATTRIBUTES, USER_OPINIONS
from socialrec.contracts.product_ids import SEPARATOR
from socialrec.contracts.vocabulary import AttributeOrigin, Modality, SubjectKind
from socialrec.lake.schemas import arrow_schema
from socialrec.text.material import ATTRIBUTES, behaviour_text, blank_to_null, in_order, sentiment_from_rating
from socialrec.text.understanding.aspects import aspect_columns
from socialrec.text.understanding.calibration import Logits
from socialrec.text.understanding.prediction import confidence_of, decided_by_of

_SIGNS = pa.table({"sentiment": ["negative", "neutral", "positive"], "sign": [-1.0, 0.0, 1.0]})


def comment_insights(
    comments: pa.Table, predictions: pa.Table, words: Mapping[str, Sequence[str]], encoder_version: str
) -> pa.Table:
    """Make rows of gold.comment_insights for rows of silver.comments.

    Values from the writer's stars or the shop have confidence 1; the others come from `predictions`, by text_hash.
    """
    known = predictions.take(pc.index_in(comments["text_hash"], predictions["text_hash"].combine_chunks()))
    columns = {name: comments[name] for name in ("comment_id", "platform", "ds")}
    for name, said in (
        ("sentiment", sentiment_from_rating(comments["rating"])),
        ("topic", blank_to_null(comments["topic"])),
    ):
        confidence = confidence_of(name)
        guessed = known[name] if name in known.column_names else pa.nulls(len(comments), pa.string())
        sure = known[confidence] if name in known.column_names else pa.nulls(len(comments), pa.float32())
        columns[name] = pc.coalesce(said, guessed)
        columns[confidence] = pc.if_else(pc.is_valid(said), pa.scalar(1, pa.float32()), sure)
    said = aspect_columns(comments["text"], columns["sentiment"], words)
    columns |= {name: said[name] for name in said.column_names}
    columns["encoder_version"] = pa.array([encoder_version] * len(comments), pa.string())
    return _shaped(columns, arrow_schema(COMMENT_INSIGHTS))


def product_attributes(products: pa.Table, predictions: pa.Table, of_both: pa.Table, min_confidence: float) -> pa.Table:
    """Make rows of gold.product_attributes for rows of silver.products.

    A predicted value, from `of_both` (text and pictures) by product_id or else from `predictions` by text_hash, only
    fills what the shop does not state, and only from this confidence on.
    """
    known = predictions.take(pc.index_in(products["text_hash"], predictions["text_hash"].combine_chunks()))
    both = of_both.take(pc.index_in(products["product_id"], of_both["product_id"].combine_chunks()))
    parts = []
    for name in ATTRIBUTES:
        said = blank_to_null(products[name])
        parts.append(_attribute(products, name, said, pa.array(np.ones(len(products)), pa.float32()), None))
        if name in known.column_names:
            value, confidence = known[name], known[confidence_of(name)]
            decided_by = pa.chunked_array([pa.array([Modality.TEXT.value] * len(products))])
            if name in both.column_names:
                value, confidence = pc.coalesce(both[name], value), pc.coalesce(both[confidence_of(name)], confidence)
                decided_by = pc.coalesce(both[decided_by_of(name)], decided_by)
            fills = pc.and_(pc.is_null(said), pc.greater_equal(confidence, min_confidence))
            guessed = pc.if_else(fills, value, pa.scalar(None, pa.string()))
            parts.append(_attribute(products, name, guessed, confidence, decided_by))
    return pa.concat_tables(parts)


def _attribute(
    products: pa.Table, name: str, values: pa.Array, confidence: pa.Array, decided_by: pa.ChunkedArray | None
) -> pa.Table:
    """Rows of one attribute; what decided is None of values that the shop states."""
    n = len(products)
    origin = AttributeOrigin.STATED if decided_by is None else AttributeOrigin.PREDICTED
    columns = {column: products[column] for column in ("product_id", "platform", "ds")}
    columns |= {"attribute": pa.array([name] * n), "value": values, "confidence": confidence}
    columns["origin"] = pa.array([origin.value] * n)
    columns["decided_by"] = pa.nulls(n, pa.string()) if decided_by is None else decided_by
    rows = _shaped(columns, arrow_schema(PRODUCT_ATTRIBUTES))
    return rows.filter(pc.is_valid(rows["value"]))


def last_actions(interactions: pa.Table, affinities: pa.Table, products: pa.Table, n_products: int) -> pa.Table:
    """Find each user's last event of a day with each product: user_key, product_id, platform, text, text_hash.

    Of a user's products those of greatest affinity are taken; undated events are left out. The text is that of the
    task `next_action`.
    """
    rows = in_order(interactions.filter(pc.field("event_ts").is_valid()))
    users, ids = (rows[name].to_numpy(zero_copy_only=False) for name in ("user_key", "product_id"))
    is_last = np.append((users[1:] != users[:-1]) | (ids[1:] != ids[:-1]), True)[: len(users)]
    last = rows.filter(pa.array(is_last)).select(["user_key", "product_id", "event_type", "platform"])
    keys = ["user_key", "product_id"]
    liked = last.join(affinities.select([*keys, "affinity_micros"]), keys, join_type="left outer")
    described = liked.join(products.select(["product_id", "title"]), "product_id", join_type="inner")
    order = [("user_key", "ascending"), ("affinity_micros", "descending"), ("product_id", "ascending")]
    ranked = described.sort_by(order)
    _, first, counts = np.unique(
        ranked["user_key"].to_numpy(zero_copy_only=False).astype(str), return_index=True, return_counts=True
    )
    rank = np.arange(len(ranked)) - np.repeat(first, counts)
    chosen = ranked.filter(pa.array(rank < n_products))
    said = zip(chosen["event_type"].to_pylist(), chosen["title"].to_pylist(), strict=True)
    texts = [behaviour_text(event, title) for event, title in said]
    hashes = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    kept = chosen.select([*keys, "platform"])
    return kept.append_column("text", pa.array(texts, pa.string())).append_column(
        "text_hash", pa.array(hashes, pa.string())
    )


def behaviour_propensities(
    actions: pa.Table, chances: Logits, classes: Sequence[str], encoder_version: str, ds: str
) -> pa.Table:
    """Make rows of gold.behaviour_propensities: `chances` is (n, n_classes), a row for each of the `actions`."""
    n, k = len(actions), len(classes)
    repeated = actions.take(pa.array(np.repeat(np.arange(n), k)))
    columns = {name: repeated[name] for name in ("user_key", "product_id", "platform")}
    columns |= {"action": pa.array([*classes] * n, pa.string()), "probability": pa.array(chances.ravel(), pa.float32())}
    columns |= {"encoder_version": pa.array([encoder_version] * (n * k)), "ds": pa.array([ds] * (n * k))}
    return _shaped(columns, arrow_schema(BEHAVIOUR_PROPENSITIES))


def user_opinions(comments: pa.Table, insights: pa.Table, products: pa.Table, n_comments: int, ds: str) -> pa.Table:
    """Make rows of gold.user_opinions from all rows of silver.comments and their insights.

    A comment counts for the category of its product: 1 where it is positive, -1 where it is negative. For each aspect
    that it names it counts by what it says about the aspect; an aspect of which it says nothing does not count.
    """
    known = insights.take(pc.index_in(_comment_keys(comments), _comment_keys(insights).combine_chunks()))
    signs = _SIGNS["sign"].take(pc.index_in(known["sentiment"], _SIGNS["sentiment"].combine_chunks()))
    place = pc.index_in(comments["product_id"], products["product_id"].combine_chunks())
    said = pa.table(
        {name: comments[name] for name in ("user_key", "comment_id", "created_ts", "platform")}
        | {"sign": signs, "category": blank_to_null(products["category"].take(place))}
        | {name: known[name] for name in ("aspects", "aspect_sentiments")}
    ).combine_chunks()
    said = said.take(pc.sort_indices(said, [("created_ts", "descending"), ("comment_id", "ascending")]))
    by_category = said.filter(pc.is_valid(said["category"]))
    parts = [_subjects(by_category, SubjectKind.CATEGORY, by_category["category"]), _by_aspect(said)]
    keys = ["user_key", "platform", "kind", "subject"]
    # On one thread, so that a group's comments stay in order.
    grouped = pa.concat_tables(parts).group_by(keys, use_threads=False)
    found = grouped.aggregate([("sign", "mean"), ("sign", "count"), ("comment_id", "list")])
    columns = {name: found[name] for name in keys}
    columns |= {"sentiment": found["sign_mean"], "n_comments": found["sign_count"]}
    columns["comment_ids"] = pc.list_slice(found["comment_id_list"], 0, n_comments)
    columns["ds"] = pa.array([ds] * len(found), pa.string())
    return _shaped(columns, arrow_schema(USER_OPINIONS))


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
    rows = said.select(["user_key", "platform", "sign", "comment_id"])
    rows = rows.append_column("kind", pa.array([kind.value] * len(said), pa.string()))
    rows = rows.append_column("subject", subjects.cast(pa.string()))
    return rows.filter(pc.is_valid(rows["sign"]))


def _shaped(columns: Mapping[str, pa.Array | pa.ChunkedArray], schema: pa.Schema) -> pa.Table:
    return pa.table({name: columns[name] for name in schema.names}).cast(schema)
