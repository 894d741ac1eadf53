"""Lists with reasons for blocks of users: a pure function over Arrow batches."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from socialrec.contracts.gold import RECOMMENDATIONS
from socialrec.features.context import ScoringSnapshot
from socialrec.lake.schemas import arrow_schema
from socialrec.recommend.explain.reasons import Explainer, Reason
from socialrec.recommend.model import Recommender
from socialrec.recommend.policy import Chosen, Policy, Removed
from socialrec.recommend.signals.base import UserBlock
from socialrec.vectors.arrays import Indices

Batches = Iterator[pa.RecordBatch]
Report = Callable[[int, Removed], None]
"""Callback with the number of a block and the counts of removals by rule."""
REMOVED = "removed"
"""Folder below a saved context for the removal counts of each block."""


def recommend_batches(
    recommender: Recommender, context: ScoringSnapshot, batches: Batches, report: Report | None = None
) -> Batches:
    """Make rows of gold.recommendations from block numbers (column `block`, int64), one batch per block.

    A block's rows depend on nothing but model, context and block number.
    """
    explainer, policy = (
        Explainer(recommender, context),
        Policy(context, recommender.is_new(context.features)),
    )
    for batch in batches:
        for block in batch.column("block").to_pylist():
            lists = explained_lists(recommender, policy, explainer, context.block_rows(block)[1])
            if report:
                report(block, lists.chosen.removed)
            yield _rows_of(lists, recommender, context, block)


def recommend_everyone(recommender: Recommender, context: ScoringSnapshot, report: Report | None = None) -> pa.Table:
    """Make rows of gold.recommendations of every listed user."""
    blocks = pa.record_batch([pa.array(range(context.n_blocks), pa.int64())], names=["block"])
    schema = arrow_schema(RECOMMENDATIONS)
    return pa.Table.from_batches(list(recommend_batches(recommender, context, iter([blocks]), report)), schema)


def block_scorer(model: Path, context: Path) -> Callable[[Batches], Batches]:
    """Make a `recommend_batches` for other processes, which load model and context from these folders."""

    def score(batches: Batches) -> Batches:
        folder = context / REMOVED
        folder.mkdir(exist_ok=True)

        def report(block: int, removed: Removed) -> None:
            # One file per block, so that a repeated block is counted once.
            (folder / f"{block}.json").write_text(json.dumps(removed), encoding="utf-8")

        yield from recommend_batches(Recommender.load(model), ScoringSnapshot.load(context), batches, report)

    return score


def total_removed(context: Path) -> Removed:
    """Sum the removal counts of all blocks below the context's folder."""
    total: Counter[str] = Counter()
    for file in sorted((context / REMOVED).glob("*.json")):
        total.update(json.loads(file.read_text(encoding="utf-8")))
    return dict(total)


@dataclass(frozen=True)
class ExplainedLists:
    """Lists of n users as chosen by the rules, and the reasons by place."""

    chosen: Chosen
    reasons: list[list[list[Reason]]]


def explained_lists(recommender: Recommender, policy: Policy, explainer: Explainer, rows: Indices) -> ExplainedLists:
    """Make lists with reasons for some rows of everyone, int64 (n,)."""
    scores = recommender.score(UserBlock.of(policy.context.features, rows))
    chosen = policy.choose(scores, rows)
    contributions = scores.contributions(np.maximum(chosen.listed, 0))
    return ExplainedLists(chosen, explainer.explain(rows, chosen.listed, contributions))


def _rows_of(lists: ExplainedLists, recommender: Recommender, context: ScoringSnapshot, block: int) -> pa.RecordBatch:
    start, rows = context.block_rows(block)
    listed, scores = lists.chosen.listed, lists.chosen.scores
    filled = listed >= 0
    users, ranks = np.nonzero(filled)
    n = len(users)
    columns = {
        "user_key": context.user_ids.take(pa.array(rows[users])),
        "rank": pa.array(ranks + 1, pa.int32()),
        "product_id": context.features.products.take(pa.array(listed[filled])),
        "score": pa.array(scores[filled], pa.float64()),
        "reasons": [reason for row in lists.reasons for reason in row],
        "recommender_version": pa.array([context.stamp.recommender_version] * n, pa.string()),
        "model_kind": pa.array([context.stamp.model_kind] * n, pa.string()),
        "encoder_version": pa.array([context.stamp.encoder_version] * n, pa.string()),
        "platform": context.platforms.take(pa.array(start + users)),
        "ds": pa.array([context.stamp.ds] * n, pa.string()),
    }
    schema = arrow_schema(RECOMMENDATIONS)
    arrays = [pa.array(columns[f.name], f.type) if f.name == "reasons" else columns[f.name] for f in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
