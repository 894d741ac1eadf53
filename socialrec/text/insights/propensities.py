"""Next actions of users with products that they have met, with their probabilities."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.gold import BEHAVIOUR_PROPENSITIES, TEXT_EMBEDDINGS, USER_PRODUCT_AFFINITY
from socialrec.contracts.silver import SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.lake.schemas import arrow_schema
from socialrec.privacy.user_order import HAPPENED
from socialrec.settings.text import TaskName
from socialrec.text.insights.night import InsightNight, shaped
from socialrec.text.material import EVENT_COLUMNS, behaviour_text, in_order
from socialrec.text.understanding.calibration import Logits
from socialrec.vectors.arrays import vectors_of


def build(night: InsightNight) -> pa.Table:
    """Make gold.behaviour_propensities; texts of events without vector are encoded and kept."""
    if TaskName.NEXT_ACTION not in night.heads:
        return arrow_schema(BEHAVIOUR_PROPENSITIES).empty_table()
    events = night.lake.read(SILVER_INTERACTIONS, [night.ds], EVENT_COLUMNS, HAPPENED)
    is_active = pc.field("user_key").isin(pc.unique(events["user_key"]))
    columns = ("user_key", "product_id", "affinity_micros")
    affinities = night.lake.read(USER_PRODUCT_AFFINITY, [night.ds], columns, filter=is_active)
    products = night.lake.read(SILVER_PRODUCTS, [night.ds], ("product_id", "title"))
    actions = last_actions(events, affinities, products, night.settings.propensity_products)
    night.encode(actions.select(["text_hash", "text"]))
    known = pa.Table.from_batches(night.vectors(actions["text_hash"]), arrow_schema(TEXT_EMBEDDINGS))
    known = known.take(pc.index_in(actions["text_hash"], known["text_hash"].combine_chunks())).combine_chunks()
    head = night.heads[TaskName.NEXT_ACTION]
    chances = np.zeros((0, len(head.outputs[0].classes)), dtype=np.float32)
    if len(actions):
        (chances,) = head.probabilities(vectors_of(known["embedding"].combine_chunks()), actions["text"].to_pylist())
    classes = head.outputs[0].classes
    return behaviour_propensities(actions, chances, classes, night.version, night.ds)


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
    return shaped(columns, BEHAVIOUR_PROPENSITIES)
