"""A shop of a dozen people, for benchmarks that train on one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from socialrec.features.inputs import Inputs, with_names
from socialrec.settings import EvaluateSettings, RecommendSettings, Settings


@pytest.fixture
def small(settings: Settings) -> Settings:
    chosen = RecommendSettings(regularization=5.0, factor_dim=4, factor_iterations=2)
    return settings.model_copy(update={"evaluate": EvaluateSettings(cutoff=3), "recommend": chosen})


@pytest.fixture
def inputs() -> Inputs:
    """Twelve people, each with six of the ten products in turn, undated; all follow the next one."""
    pairs = [(f"u{user:02}", f"p{(user + step) % 10}") for user in range(12) for step in range(6)]
    users, products = zip(*pairs, strict=True)
    n, time = len(pairs), pa.timestamp("us", "UTC")
    interactions = pa.table({"user_key": users, "product_id": products, "event_type": ["click"] * n})
    interactions = interactions.append_column("event_ts", pa.nulls(n, time))
    interactions = interactions.append_column("quantity", pa.array(np.arange(n) % 3 + 1.0))
    interactions = interactions.append_column("platform", pa.array(["shop"] * n))
    interactions = interactions.append_column("ds", pa.array(["2026-03-01"] * n))
    ties = pa.table(
        {
            "user_key": [f"u{user:02}" for user in range(12)],
            "neighbour_key": [f"u{(user + 1) % 12:02}" for user in range(12)],
            "is_follow": [True] * 12,
            "is_mutual": [False] * 12,
            "replies_micros": pa.array([0] * 12, pa.int64()),
        }
    )
    text = {"user_key": pa.array(["u00"]), "product_id": pa.array(["p0"]), "text": pa.array(["a fine thing"])}
    comments = pa.table({**text, "text_hash": ["hc"], "rating": [5.0], "created_ts": pa.nulls(1, time)})
    for column in ("parent_comment_id", "sentiment"):
        comments = comments.append_column(column, pa.nulls(1, pa.string()))
    comments = comments.append_column("sentiment_confidence", pa.nulls(1, pa.float32()))
    for column in ("aspects", "aspect_sentiments", "aspect_quotes"):
        comments = comments.append_column(column, pa.nulls(1, pa.list_(pa.string())))
    ids = [f"p{number}" for number in range(10)]
    catalogue = pa.table({"product_id": ids, "text": ids, "text_hash": ids, "is_active": [True] * 10})
    catalogue = catalogue.append_column("category", pa.array(["a", "b"] * 5)).append_column("brand", pa.array(ids))
    vectors = np.random.default_rng(3).normal(size=(11, 4)).astype(np.float32)
    embeddings = pa.table({"text_hash": [*ids, "hc"], "embedding": pa.array(list(vectors), pa.list_(pa.float32()))})
    return with_names(Inputs("2026-03-01", interactions, comments, ties, catalogue, embeddings, ("shop",), {}))
