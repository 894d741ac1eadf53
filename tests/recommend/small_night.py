"""The night of the small shop: its recommender, and the context it is scored in."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from socialrec.recommend.context import Context, Stamp, build_context
from socialrec.recommend.data import TrainingData
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.signals import SIGNALS
from socialrec.settings import RecommendSettings, Settings

WEIGHTS = dict.fromkeys((signal.name for signal in SIGNALS), 0.0) | {
    "collaborative": 0.5,
    "social": 0.2,
    "content": 0.3,
}
RATED = pa.table({"user_key": ["r1"], "product_id": ["b0"], "rating": [5.0]})
"""Comments that the night knows of."""
STAMP = Stamp("2026-03-01", "7", "enc-1")


def context_of(
    recommender: Recommender,
    events: pa.Table,
    catalogue: pa.Table,
    ties: pa.Table,
    settings: Settings,
    *,
    sample: float = 1.0,
    **changes: Any,
) -> Context:
    keys = ["friend", "stranger", *[f"{kind}{i}" for kind in "rs" for i in range(5)]]
    rollup = pa.table(
        {
            "user_key": events["user_key"],
            "product_id": events["product_id"],
            "affinity_micros": pa.array([1_000_000] * events.num_rows),
            "last_event_ts": events["event_ts"],
        }
    )
    wanted = RecommendSettings(**{"list_length": 4, "block_users": 5, **changes})
    return build_context(
        rollup,
        ties,
        catalogue,
        pa.table({"user_key": keys, "platform": ["shop"] * len(keys)}),
        RATED,
        catalogue=recommender.products,
        stamp=STAMP,
        settings=settings.model_copy(update={"recommend": wanted}),
        sample=sample,
    )


def fit_recommender(data: TrainingData) -> Recommender:
    return Recommender.fit(data, RecommendSettings(ridge=5.0), WEIGHTS, ModelInfo("enc-1", "2026-03-01", "time cut"))
