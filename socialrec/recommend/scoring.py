"""Lists with reasons for blocks of users: a pure function over Arrow batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from socialrec.contracts.gold import RECOMMENDATIONS
from socialrec.lake.schemas import arrow_schema
from socialrec.recommend.blend import combine
from socialrec.recommend.context import Context
from socialrec.recommend.model import Recommender
from socialrec.recommend.reasons import Explainer
from socialrec.recommend.signals.base import UserBlock
from socialrec.recommend.topk import top_k

Batches = Iterator[pa.RecordBatch]


def recommend_batches(recommender: Recommender, context: Context, batches: Batches) -> Batches:
    """Numbers of blocks in (column `block`, int64), rows of gold.recommendations out, a batch a block.

    A block's rows depend on nothing but model, context and block number.
    """
    explainer = Explainer(recommender, context)
    for batch in batches:
        for block in batch.column("block").to_pylist():
            yield _recommend(recommender, context, explainer, block)


def recommend_everyone(recommender: Recommender, context: Context) -> pa.Table:
    """Rows of gold.recommendations of every listed user."""
    blocks = pa.record_batch([pa.array(range(context.n_blocks), pa.int64())], names=["block"])
    schema = arrow_schema(RECOMMENDATIONS)
    return pa.Table.from_batches(list(recommend_batches(recommender, context, iter([blocks]))), schema)


def block_scorer(model: Path, context: Path) -> Callable[[Batches], Batches]:
    """`recommend_batches` for other processes, which load model and context from these folders."""

    def score(batches: Batches) -> Batches:
        yield from recommend_batches(Recommender.load(model), Context.load(context), batches)

    return score


def _recommend(recommender: Recommender, context: Context, explainer: Explainer, block: int) -> pa.RecordBatch:
    start, rows = context.block_rows(block)
    neighbours = context.ties[rows].dot(context.affinity).tocsr()
    parts = recommender.parts(UserBlock(context.affinity[rows], neighbours, context.recency[rows]))
    weights = recommender.blend_weights()
    settings = context.settings
    listed, scores = top_k(
        combine(parts, weights), context.seen[rows], context.active, settings.list_length, settings.score_decimals
    )
    places = np.maximum(listed, 0)
    contributions = np.stack(
        [np.float32(w) * np.take_along_axis(part, places, axis=1) for part, w in zip(parts, weights, strict=True)],
        axis=2,
    )
    reasons = explainer.explain(rows, listed, contributions)
    filled = listed >= 0
    users, ranks = np.nonzero(filled)
    n = len(users)
    columns = {
        "user_key": context.everyone.take(pa.array(rows[users])),
        "rank": pa.array(ranks + 1, pa.int32()),
        "product_id": recommender.products.take(pa.array(listed[filled])),
        "score": pa.array(scores[filled], pa.float64()),
        "reasons": [reason for row in reasons for reason in row],
        "recommender_version": pa.array([context.stamp.recommender_version] * n, pa.string()),
        "encoder_version": pa.array([context.stamp.encoder_version] * n, pa.string()),
        "platform": context.platforms.take(pa.array(start + users)),
        "ds": pa.array([context.stamp.ds] * n, pa.string()),
    }
    schema = arrow_schema(RECOMMENDATIONS)
    arrays = [pa.array(columns[f.name], f.type) if f.name == "reasons" else columns[f.name] for f in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
