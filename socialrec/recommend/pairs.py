"""Recommender in two lines, from pairs of users and products: the classes of the nights, without a lake.

from socialrec import Recommender

Recommender.fit(pairs).recommend("ann")
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.errors import UserError
from socialrec.evaluate.split import Split, Until, make_split
from socialrec.features.evidence import MICROS
from socialrec.features.feature_set import EvidenceTables, FeatureSet, build_features
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.ranker import TopKRanker
from socialrec.recommend.training.fits import learn_blend
from socialrec.recommend.training.offline import blocks, held_out
from socialrec.settings import RecommendSettings, Settings
from socialrec.vectors.arrays import ABSENT, positions

Frame = Any
"""A pandas DataFrame or a pyarrow Table."""
TIME = pa.timestamp("us", "UTC")


class PairRecommender:
    """Model fitted on pairs, with the features that it was fitted on."""

    def __init__(self, model: Recommender, features: FeatureSet, settings: RecommendSettings) -> None:
        self.model, self.features, self._settings = model, features, settings
        self._ranker = TopKRanker(np.ones(len(features.products), dtype=np.bool_), settings.score_decimals)

    @classmethod
    def fit(
        cls,
        pairs: Frame,
        *,
        ties: Frame | None = None,
        items: Frame | None = None,
        settings: RecommendSettings | None = None,
    ) -> Self:
        """Learn a blend on held-out pairs, then fit it on all pairs.

        pairs: columns user and item, and where they are known weight (above 0) and time. The newest tenth of the pairs
        chooses the blend, or, where most have no time, a tenth of each user's. ties: user and friend. items: item, and
        where they are known vector (of the item's text or picture, all of one length), category; items that are in no
        pair are recommended by their vectors. Raises UserError where a column is missing or there is no pair.
        """
        rows = _rows(pairs, "pairs", ("user", "item"))
        if not rows.num_rows:
            raise UserError("there are no pairs to learn from")
        tables = _Tables(_events(rows), _ties(ties), *_items(items, rows["item"]))
        chosen = Settings(home=Path(), recommend=settings or RecommendSettings())
        split = make_split(tables.events, chosen.evaluate)
        before, learned = tables.features(split, "validation", chosen), tables.features(split, "all", chosen)
        training = split.training_interactions(tables.events, "validation")
        held = held_out(before, training, split.validation_pairs(tables.events))
        blend = learn_blend(before, held, chosen)
        model = Recommender.fit(learned, blend.settings.recommend, blend.recommender.weights, ModelInfo(""))
        return cls(model, learned, blend.settings.recommend)

    def recommend(self, user: str, k: int = 10) -> list[tuple[str, float]]:
        """Best k items that the user has not met, with their scores, best first; popular ones for an unknown user."""
        return self.recommend_many([user], k)[0]

    def recommend_many(self, users: Sequence[str], k: int = 10) -> list[list[tuple[str, float]]]:
        """Recommend for several users, in their order."""
        rows = positions(pa.array([str(user) for user in users], pa.string()), self.features.users)
        names, size = self.features.products.to_pylist(), self._settings.users_per_block(len(self.features.products))
        lists: list[list[tuple[str, float]]] = []
        for _, block in blocks(self.features, rows, size):
            listed, scores = self._ranker.top_k(self.model.score(block), block.affinity, k)
            lists += [
                [(names[item], float(score)) for item, score in zip(found, values, strict=True) if item != ABSENT]
                for found, values in zip(listed.tolist(), scores.tolist(), strict=True)
            ]
        return lists


class _Tables:
    """Pairs, ties and items in the form of the lake's tables."""

    def __init__(self, events: pa.Table, ties: pa.Table, products: pa.Table, embeddings: pa.Table) -> None:
        self.events, self.ties, self.products, self.embeddings = events, ties, products, embeddings

    def features(self, split: Split, until: Until, settings: Settings) -> FeatureSet:
        """Build the features of the pairs before a cut; users and items are always all of them."""
        events = split.training_interactions(self.events, until)
        affinities = events.group_by(["user_key", "product_id"], use_threads=False).aggregate(
            [("weight", "sum"), ("event_ts", "max")]
        )
        micros = np.rint(affinities["weight_sum"].to_numpy() * MICROS).astype(np.int64)
        affinities = affinities.rename_columns({"event_ts_max": "last_event_ts"})
        affinities = affinities.append_column("affinity_micros", pa.array(micros))
        evidence = EvidenceTables(affinities, _NO_COMMENTS, self.ties, self.products, self.embeddings)
        users = pc.unique(pa.chunked_array([*self.events["user_key"].chunks, *self.ties["user_key"].chunks]))
        return build_features(evidence, settings, users=users.take(pc.sort_indices(users)))


_NO_COMMENTS = pa.schema(
    {
        **dict.fromkeys(("user_key", "product_id", "text_hash", "sentiment", "parent_comment_id"), pa.string()),
        **dict.fromkeys(("rating", "sentiment_confidence"), pa.float64()),
        **dict.fromkeys(("aspects", "aspect_sentiments"), pa.list_(pa.string())),
    }
).empty_table()


def _rows(frame: Frame, what: str, wanted: Sequence[str]) -> pa.Table:
    rows = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
    if missing := [name for name in wanted if name not in rows.column_names]:
        raise UserError(f"{what} have no column {' and none '.join(missing)}; they have {', '.join(rows.column_names)}")
    return rows


def _names(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(values, pa.string())


def _events(rows: pa.Table) -> pa.Table:
    n = rows.num_rows
    weight = pc.cast(rows["weight"], pa.float64()) if "weight" in rows.column_names else pa.chunked_array([[1.0] * n])
    if not pc.all(pc.greater(weight, 0.0)).as_py():
        raise UserError("pairs hold a weight that is not above 0")
    time = pc.cast(rows["time"], TIME) if "time" in rows.column_names else pa.chunked_array([pa.nulls(n, TIME)])
    kinds = pa.chunked_array([pa.array(["like"] * n)])
    columns = {"user_key": _names(rows["user"]), "product_id": _names(rows["item"]), "event_type": kinds}
    return pa.table({**columns, "event_ts": time, "weight": weight})


def _ties(frame: Frame | None) -> pa.Table:
    empty = {"user": pa.array([], pa.string()), "friend": pa.array([], pa.string())}
    rows = pa.table(empty) if frame is None else _rows(frame, "ties", ("user", "friend"))
    users, friends, n = _names(rows["user"]), _names(rows["friend"]), rows.num_rows
    both = {
        "user_key": pa.chunked_array([*users.chunks, *friends.chunks], pa.string()),
        "neighbour_key": pa.chunked_array([*friends.chunks, *users.chunks], pa.string()),
    }
    flags = {"is_follow": pa.array([True] * 2 * n, pa.bool_()), "is_mutual": pa.array([False] * 2 * n, pa.bool_())}
    return pa.table({**both, **flags, "replies_micros": pa.array([0] * 2 * n, pa.int64())})


def _items(frame: Frame | None, met: pa.ChunkedArray) -> tuple[pa.Table, pa.Table]:
    """Rows of silver.products of all items, and the vectors of those that have one."""
    ids = pc.unique(_names(met))
    rows = pa.table({"item": ids}) if frame is None else _rows(frame, "items", ("item",))
    named = _names(rows["item"])
    others = ids.filter(pc.invert(pc.is_in(ids, value_set=named.combine_chunks())))
    category = _names(rows["category"]) if "category" in rows.column_names else pa.nulls(rows.num_rows, pa.string())
    items = pa.table({"product_id": named, "category": category})
    known = pa.concat_tables([items, pa.table({"product_id": others, "category": pa.nulls(len(others), pa.string())})])
    products = known.append_column("text_hash", known["product_id"])
    vectors = rows["vector"] if "vector" in rows.column_names else pa.nulls(rows.num_rows, pa.list_(pa.float32()))
    embeddings = pa.table({"text_hash": named, "embedding": pc.cast(vectors, pa.list_(pa.float32()))})
    embeddings = embeddings.filter(pc.is_valid(embeddings["embedding"]))
    lengths = pc.unique(pc.list_value_length(embeddings["embedding"])).to_pylist()
    if len(lengths) > 1:
        raise UserError(
            f"items hold vectors of lengths {', '.join(map(str, sorted(lengths)))}: all must have one length"
        )
    return products, embeddings
