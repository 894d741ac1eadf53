"""A shop small enough to see through: two tastes, friends, texts in a plane."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest
from small_night import BOOKS, GAMES, fit_recommender, vectors_of_texts

from socialrec.features.evidence import affinities_of_events
from socialrec.features.feature_set import EvidenceTables, FeatureSet, build_features
from socialrec.recommend.model import Recommender
from socialrec.settings import Settings

TIME = pa.timestamp("us", "UTC")
DAY = date(2026, 3, 1)


@pytest.fixture
def events() -> pa.Table:
    """Ten users: five like books, five like games, each all but one or two; `friend` has none and follows a reader."""
    rows = [
        (f"{kind}{user}", product)
        for kind, products in (("r", BOOKS), ("s", GAMES))
        for user in range(5)
        for number, product in enumerate(products[:5])
        if number != user
    ]
    n = len(rows)
    return pa.table(
        {
            "user_key": [row[0] for row in rows],
            "product_id": [row[1] for row in rows],
            "event_type": ["like"] * n,
            "event_ts": pa.nulls(n, TIME),
            "quantity": [1.0] * n,
            "platform": ["shop"] * n,
            "ds": ["2026-03-01"] * n,
        }
    )


@pytest.fixture
def catalogue() -> pa.Table:
    ids = BOOKS + GAMES
    texts = ["paper novel" if i in (0, 1, 5) else "hardback atlas" for i in range(6)] + ["board with dice"] * 6
    return pa.table(
        {
            "product_id": ids,
            "text": texts,
            "text_hash": [f"h-{p}" for p in ids],
            "is_active": [True] * 12,
            "category": ["books"] * 6 + ["games"] * 6,
            "stated_category": ["books"] * 6 + ["games"] * 6,
            "brand": ["old", "new"] * 6,
            "first_seen_ds": ["2026-02-01"] * 12,
            "updated_ts": pa.nulls(12, TIME),
        }
    )


@pytest.fixture
def ties() -> pa.Table:
    return pa.table(
        {
            "user_key": ["friend", "r0"],
            "neighbour_key": ["r1", "r1"],
            "is_follow": [True, True],
            "is_mutual": [False, False],
            "replies_micros": pa.array([0, 0], pa.int64()),
        }
    )


@pytest.fixture
def comments() -> pa.Table:
    return pa.table(
        {
            "user_key": ["r1"],
            "product_id": ["b0"],
            "text": ["a novel that grips"],
            "text_hash": ["h-comment"],
            "rating": [5.0],
            "created_ts": pa.nulls(1, TIME),
            "parent_comment_id": pa.nulls(1, pa.string()),
            "sentiment": pa.nulls(1, pa.string()),
            "sentiment_confidence": pa.nulls(1, pa.float32()),
            "aspects": pa.nulls(1, pa.list_(pa.string())),
            "aspect_sentiments": pa.nulls(1, pa.list_(pa.string())),
            "aspect_quotes": pa.nulls(1, pa.list_(pa.string())),
        }
    )


@pytest.fixture
def embeddings() -> pa.Table:
    return vectors_of_texts()


@pytest.fixture
def data(
    events: pa.Table, catalogue: pa.Table, ties: pa.Table, comments: pa.Table, embeddings: pa.Table, settings: Settings
) -> FeatureSet:
    affinities = affinities_of_events(events, DAY, settings.etl)
    return build_features(EvidenceTables(affinities, comments, ties, catalogue, embeddings), settings)


@pytest.fixture
def recommender(data: FeatureSet) -> Recommender:
    return fit_recommender(data)
