"""The benchmark of secret keys, on a shop of a dozen people."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from socialrec.bench.ranking.keys import Training, in_order_of_keys, mean_weights, renamed, run, stability
from socialrec.evaluate.split import make_split
from socialrec.features.inputs import Inputs, with_names
from socialrec.privacy.user_order import USER
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
    for column in ("aspects", "aspect_sentiments"):
        comments = comments.append_column(column, pa.nulls(1, pa.list_(pa.string())))
    ids = [f"p{number}" for number in range(10)]
    catalogue = pa.table({"product_id": ids, "text": ids, "text_hash": ids, "is_active": [True] * 10})
    catalogue = catalogue.append_column("category", pa.array(["a", "b"] * 5)).append_column("brand", pa.array(ids))
    vectors = np.random.default_rng(3).normal(size=(11, 4)).astype(np.float32)
    embeddings = pa.table({"text_hash": [*ids, "hc"], "embedding": pa.array(list(vectors), pa.list_(pa.float32()))})
    return with_names(Inputs("2026-03-01", interactions, comments, ties, catalogue, embeddings, ("shop",), {}))


def test_every_key_gives_the_same_weights_and_the_same_figures(inputs: Inputs, small: Settings) -> None:
    lines: list[str] = []
    found = json.loads(run(inputs, small, 2, deals=True, progress=lines.append).to_json())
    assert found["name"] == "keys"
    assert found["metrics"]["max_weight_deviation"] == 0.0
    assert found["metrics"]["ndcg_spread"] == 0.0
    assert found["metrics"]["targets_met"] is True
    assert "dealt_max_weight_deviation" in found["metrics"]
    assert len(lines) == 4


def test_another_home_has_other_pseudonyms_in_another_order_and_the_same_names(inputs: Inputs) -> None:
    first, second = renamed(inputs, 0), renamed(inputs, 1)
    assert not set(first.interactions[USER].to_pylist()) & set(second.interactions[USER].to_pylist())
    assert with_names(first).interactions.equals(with_names(second).interactions)
    assert with_names(first).ties.equals(inputs.ties)


def test_the_order_of_keys_holds_out_as_many_pairs_of_the_same_products(inputs: Inputs, small: Settings) -> None:
    own = make_split(inputs.interactions, small.evaluate).test_pairs(inputs.interactions)
    other, split = in_order_of_keys(inputs, 0, small)
    held = split.test_pairs(other.interactions)
    assert sorted(held["product_id"].to_pylist()) == sorted(own["product_id"].to_pylist())


def test_deviation_is_the_distance_from_the_mean_and_spread_a_share_of_it() -> None:
    found = [Training({"a": 0.4, "b": 0.6}, 0.19), Training({"a": 0.6, "b": 0.4}, 0.21)]
    assert stability(found) == {"max_weight_deviation": 0.1, "ndcg_spread": 0.1, "ndcg": 0.2}
    assert mean_weights(found) == {"a": 0.5, "b": 0.5}
