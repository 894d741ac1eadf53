"""The night of the small shop: its recommender, and the context it is scored in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import scipy.sparse as sp

from socialrec.features.context import ScoringSnapshot, Stamp, build_snapshot
from socialrec.features.feature_set import FeatureSet
from socialrec.features.inputs import NightTables
from socialrec.features.item_rows import NightProducts
from socialrec.features.reason_evidence import ReasonEvidence
from socialrec.features.tables import feature_tables
from socialrec.recommend.lists.night import Night
from socialrec.recommend.model import ModelInfo, Recommender
from socialrec.recommend.signals import SIGNALS
from socialrec.recommend.signals.aspects import Aspects
from socialrec.settings import RecommendSettings, Settings

BOOKS, GAMES = [f"b{i}" for i in range(6)], [f"g{i}" for i in range(6)]
WEIGHTS = dict.fromkeys((signal.name for signal in SIGNALS), 0.0) | {
    "collaborative": 0.5,
    "social": 0.2,
    "content": 0.3,
}
RATED = pa.table(
    {
        "user_key": ["r1"],
        "product_id": ["b0"],
        "text": ["This novel is a joy."],
        "text_hash": ["h-rated"],
        "rating": [5.0],
        "parent_comment_id": pa.nulls(1, pa.string()),
        "sentiment": pa.nulls(1, pa.string()),
        "sentiment_confidence": pa.nulls(1, pa.float32()),
        "aspects": pa.nulls(1, pa.list_(pa.string())),
        "aspect_sentiments": pa.nulls(1, pa.list_(pa.string())),
        "aspect_quotes": pa.nulls(1, pa.list_(pa.string())),
    }
)
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
    comments: pa.Table = RATED,
    embeddings: pa.Table | None = None,
    n_returns: Sequence[int] | None = None,
    **changes: Any,
) -> ScoringSnapshot:
    """The night of these events; clicks are onlookers', everything else is favourable."""
    night = rows_of_night(events, catalogue, ties, comments=comments, embeddings=embeddings, n_returns=n_returns)
    wanted = RecommendSettings(**{"list_length": 4, "block_users": 5, **changes})
    return build_snapshot(
        night,
        catalogue=recommender.products,
        stamp=STAMP,
        settings=settings.model_copy(update={"recommend": wanted}),
        sample=sample,
    )


def rows_of_night(
    events: pa.Table,
    catalogue: pa.Table,
    ties: pa.Table,
    *,
    comments: pa.Table = RATED,
    embeddings: pa.Table | None = None,
    n_returns: Sequence[int] | None = None,
) -> NightTables:
    """Rows of gold and silver of the night of these events."""
    keys = ["friend", "stranger", *[f"{kind}{i}" for kind in "rs" for i in range(5)]]
    rollup = pa.table(
        {
            "user_key": events["user_key"],
            "product_id": events["product_id"],
            "affinity_micros": pa.array([1_000_000] * events.num_rows),
            "n_favourable": pa.array([int(kind != "click") for kind in events["event_type"].to_pylist()], pa.int64()),
            "n_returns": pa.array(n_returns or [0] * events.num_rows, pa.int64()),
            "last_event_ts": events["event_ts"],
        }
    )
    profiles = pa.table({"user_key": keys, "platform": ["shop"] * len(keys)})
    vectors = vectors_of_texts() if embeddings is None else embeddings
    return NightTables(rollup, ties, catalogue, profiles, comments, vectors)


def saved_night(
    folder: Path, recommender: Recommender, night: NightTables, settings: Settings
) -> tuple[pa.Table, Path, Path]:
    """Rows of gold.user_features of the night, and the folders of its model and of what else its blocks read."""
    wanted = settings.model_copy(update={"recommend": RecommendSettings(list_length=4, block_users=5)})
    tables = feature_tables(night, STAMP.ds, STAMP.encoder_version, wanted)
    likes, products = folder / "likes.parquet", NightProducts.of(tables.items, recommender.products)
    pq.write_table(tables.community_likes, likes)
    recommender.save(folder / "model")
    Night(products, (str(likes),), STAMP, wanted.recommend).save(folder / "night")
    return tables.users, folder / "model", folder / "night"


def block_of(users: pa.Table, block: int, listed: Sequence[str]) -> pa.Table:
    """Rows of a block: these users, and all others as those whom they may be tied to."""
    is_listed = pc.is_in(users["user_key"], value_set=pa.array(listed))
    platform = pc.if_else(is_listed, users["platform"], pa.scalar(None, pa.string()))
    rows = users.set_column(users.schema.get_field_index("platform"), "platform", platform)
    return rows.append_column("block", pa.array([block] * len(rows), pa.int64()))


def vectors_of_texts() -> pa.Table:
    """Vectors of the catalogue's texts and of the comment: books point one way, games another."""
    noise = np.random.default_rng(5).normal(0, 0.1, (13, 4)).astype(np.float32)
    noise[:6, 0] += 1
    noise[6:12, 1] += 1
    noise[12, 0] += 1
    hashes = [*(f"h-{product}" for product in BOOKS + GAMES), "h-comment"]
    return pa.table({"text_hash": hashes, "embedding": pa.array(list(noise), pa.list_(pa.float32()))})


def about_size(user: str, product: str, sentiment: str) -> dict[str, Any]:
    """A comment of three stars that says this of the product's size."""
    text = "A handy size."
    row = {"user_key": user, "product_id": product, "text": text, "text_hash": text, "rating": 3.0}
    nothing = dict.fromkeys(("parent_comment_id", "sentiment", "sentiment_confidence"))
    return {**row, **nothing, "aspects": ["size"], "aspect_sentiments": [sentiment], "aspect_quotes": [text]}


def with_aspects(recommender: Recommender) -> Recommender:
    """The same recommender, where half of a score is for aspects."""
    halved = {name: weight / 2 for name, weight in recommender.weights.items()} | {"aspects": 0.5}
    return Recommender(recommender.learned, (*recommender.signals, Aspects()), halved, recommender.info)


def nothing_known(n_users: int, n_products: int) -> ReasonEvidence:
    """Evidence of a shop of which nothing is known that a reason could state."""
    nobody, width = sp.csr_matrix((n_users, n_products), dtype=np.float32), (n_products, 0)
    ties = sp.csr_matrix((n_users, n_users), dtype=np.float32)
    praise, praised = (pa.array([[]] * n_users, pa.list_(kind)) for kind in (pa.string(), pa.int64()))
    words, categories = sp.csr_matrix(width, dtype=np.float32), pa.nulls(n_products, pa.string())
    return ReasonEvidence(nobody, nobody, ties, words, [], praise, praised, [], praised, praise, categories)


def fit_recommender(data: FeatureSet) -> Recommender:
    return Recommender.fit(
        data, RecommendSettings(regularization=5.0), WEIGHTS, ModelInfo("enc-1", "2026-03-01", "time cut")
    )
