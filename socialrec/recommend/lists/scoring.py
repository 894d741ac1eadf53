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
from socialrec.recommend.explain.reason import Reason
from socialrec.recommend.explain.reasons import Explainer
from socialrec.recommend.lists.night import Night
from socialrec.recommend.model import Recommender
from socialrec.recommend.policy import Chosen, Policy, Removed
from socialrec.recommend.ranker import TopKRanker
from socialrec.recommend.signals.base import UserBlock
from socialrec.runtime.memory import give_back_memory
from socialrec.vectors.arrays import Indices

Batches = Iterator[pa.RecordBatch]
Report = Callable[[Removed], None]
"""Callback with the counts of removals of a block by rule."""
REMOVED = "removed"
"""Folder below a saved night for the removal counts of each block."""


def recommend_blocks(
    recommender: Recommender, snapshot: ScoringSnapshot, lister: TopKRanker | None = None
) -> Iterator[tuple[pa.RecordBatch, Removed]]:
    """Make rows of gold.recommendations of the listed users, and the counts of removals, block by block.

    lister: ranker of the same products, to prepare them once for several snapshots.
    """
    policy = Policy(snapshot, recommender.is_new(snapshot.features), lister)
    explainer = Explainer(recommender, snapshot)
    for block in range(snapshot.n_blocks):
        rows = snapshot.block_rows(block)
        lists = explained_lists(recommender, policy, explainer, rows)
        yield _rows_of(lists, snapshot, rows), lists.chosen.removed


def recommend_everyone(recommender: Recommender, snapshot: ScoringSnapshot, report: Report | None = None) -> pa.Table:
    """Make rows of gold.recommendations of every listed user; `report` gets the counts of removals of each block."""
    made = []
    for batch, removed in recommend_blocks(recommender, snapshot):
        made.append(batch)
        if report:
            report(removed)
    return pa.Table.from_batches(made, arrow_schema(RECOMMENDATIONS))


def rows_scorer(model: Path, night: Path) -> Callable[[Batches], Batches]:
    """Make a function for other processes from rows of gold.user_features with their `block`, block by block, to rows
    of gold.recommendations.

    A block holds the users to list and all whom they are tied to. Its rows depend on nothing but model, night and its
    users. Model and night are loaded from these folders, and counts of removals written there.
    """

    def score(batches: Batches) -> Batches:
        (night / REMOVED).mkdir(exist_ok=True)
        recommender, loaded = Recommender.load(model), Night.load(night)
        lister = TopKRanker(loaded.products.active, loaded.settings.score_decimals)
        for block, rows in _whole_blocks(batches):
            total: Counter[str] = Counter()
            for batch, removed in recommend_blocks(recommender, loaded.snapshot(rows), lister):
                total.update(removed)
                yield batch
            # One file per block, so that a repeated block is counted once.
            (night / REMOVED / f"{block}.json").write_text(json.dumps(total), encoding="utf-8")
            give_back_memory()

    return score


def _whole_blocks(batches: Batches) -> Iterator[tuple[int, pa.Table]]:
    """Gather rows that lie by `block` into one table a block, without that column."""
    number: int | None = None
    parts: list[pa.Table] = []
    for batch in batches:
        table = pa.Table.from_batches([batch])
        ends = np.flatnonzero(np.diff(table["block"].to_numpy())) + 1
        for start, stop in zip([0, *ends], [*ends, len(table)], strict=True):
            if start == stop:
                continue
            found = table["block"][int(start)].as_py()
            if number is not None and found != number:
                yield number, pa.concat_tables(parts)
                parts = []
            number = found
            parts.append(table.slice(start, stop - start).drop_columns("block"))
    if number is not None:
        yield number, pa.concat_tables(parts)


def total_removed(night: Path) -> Removed:
    """Sum the removal counts of all blocks below the night's folder."""
    total: Counter[str] = Counter()
    for file in sorted((night / REMOVED).glob("*.json")):
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


def _rows_of(lists: ExplainedLists, context: ScoringSnapshot, rows: Indices) -> pa.RecordBatch:
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
        "platform": context.platforms_of(rows[users]),
        "ds": pa.array([context.stamp.ds] * n, pa.string()),
    }
    schema = arrow_schema(RECOMMENDATIONS)
    arrays = [pa.array(columns[f.name], f.type) if f.name == "reasons" else columns[f.name] for f in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
