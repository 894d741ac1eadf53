"""What is read off texts, by hand: three comments, three products, three users."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import torch

from socialrec.text.insights.attributes import product_attributes
from socialrec.text.insights.comments import comment_insights
from socialrec.text.insights.opinions import user_opinions
from socialrec.text.insights.propensities import behaviour_propensities, last_actions
from socialrec.text.tasks import Output
from socialrec.text.understanding.heads import Head
from socialrec.text.understanding.prediction import predict_batches

DS = "2026-01-02"
WORDS = {"price": ("price", "worth it"), "size": ("size", "größe")}


def table(rows: list[dict[str, Any]], **types: pa.DataType) -> pa.Table:
    filled = [{name: row.get(name) for name in types} | {"platform": "shop", "ds": DS} for row in rows]
    return pa.Table.from_pylist(filled, pa.schema({**types, "platform": pa.string(), "ds": pa.string()}))


def comments(*rows: dict[str, Any]) -> pa.Table:
    types = {name: pa.string() for name in ("comment_id", "user_key", "product_id", "text", "text_hash", "topic")}
    return table(list(rows), **types, rating=pa.float64(), created_ts=pa.timestamp("us", tz="UTC"))


def products(*rows: dict[str, Any]) -> pa.Table:
    return table(list(rows), **{n: pa.string() for n in ("product_id", "title", "category", "brand", "text_hash")})


def head_of(*outputs: Output, weights: list[list[float]], temperature: float = 1.0) -> Head:
    """A head on vectors of two numbers, whose scaling is undone so that the weights are the logits."""
    head = Head(2, outputs, dropout=0.0)
    with torch.no_grad():
        head.linear.weight.copy_(torch.tensor(weights) / head.scale)
        head.linear.bias.zero_()
    head.temperatures = [temperature] * len(outputs)
    return head.eval()


def vectors(**embeddings: list[float]) -> pa.RecordBatch:
    return pa.record_batch(
        {"text_hash": [*embeddings], "embedding": pa.array([*embeddings.values()], pa.list_(pa.float32()))}
    )


def test_heads_tell_the_likeliest_value_and_its_calibrated_probability() -> None:
    """Odds of three to one, ln 3 apart, cooled by two are odds of the square root of three."""
    mood = head_of(Output("mood", ("down", "up")), weights=[[0, 0], [float(np.log(3)), 0]], temperature=2.0)
    age = head_of(Output("age", ("new", "old")), weights=[[0, 1], [0, 0]])
    [told] = predict_batches([mood, age], iter([vectors(a=[1.0, 0.0], b=[-1.0, 0.0])]))
    odds = np.sqrt(3)
    assert told["mood"].to_pylist() == ["up", "down"]
    assert told["mood_confidence"].to_pylist() == pytest.approx([odds / (1 + odds)] * 2)
    assert told["age_confidence"].to_pylist() == pytest.approx([0.5, 0.5])


TOLD = pa.table(
    {
        "text_hash": ["h1", "h2"],
        "sentiment": ["negative", "positive"],
        "sentiment_confidence": pa.array([0.6, 0.7], pa.float32()),
        "topic": ["size", "price"],
    }
)


def test_what_is_stated_stands_and_the_rest_is_told_by_the_text() -> None:
    said = comments(
        {"comment_id": "c1", "text": "The price", "text_hash": "h1", "rating": 5.0},
        {"comment_id": "c2", "text": "Hm", "text_hash": "h2", "topic": " delivery "},
        {"comment_id": "c3", "text": "The price", "text_hash": "h1"},
    )
    rows = comment_insights(said, TOLD, WORDS, "v1").to_pylist()
    assert [(row["sentiment"], row["topic"]) for row in rows] == [
        *(("positive", "size"), ("positive", "delivery"), ("negative", "size"))
    ]
    np.testing.assert_allclose([row["sentiment_confidence"] for row in rows], [1, 0.7, 0.6], rtol=1e-6)
    assert [row["aspects"] for row in rows] == [["price"], [], ["price"]]
    assert [row["aspect_sentiments"] for row in rows] == [["positive"], [], ["negative"]]
    assert {row["encoder_version"] for row in rows} == {"v1"}


def test_without_heads_only_what_is_stated_is_known() -> None:
    said = comments(
        {"comment_id": "c1", "text": "x", "text_hash": "h", "rating": 3.0}, {"comment_id": "c2", "text": "x"}
    )
    nothing = pa.table({"text_hash": pa.array([], pa.string())})
    rows = comment_insights(said, nothing, {}, "v1").to_pylist()
    assert [(row["sentiment"], row["sentiment_confidence"], row["topic"]) for row in rows] == [
        *(("neutral", 1.0, None), (None, None, None))
    ]


def test_predicted_attributes_fill_only_gaps_and_only_where_sure_enough() -> None:
    shop = products(
        {"product_id": "p1", "category": "toys", "brand": "A", "text_hash": "h1"},
        {"product_id": "p2", "category": " ", "text_hash": "h2"},
    )
    sure = {f"{name}_confidence": pa.array(values, pa.float32()) for name, values in
            (("category", [0.9, 0.5]), ("brand", [0.9, 0.4]))}  # fmt: skip
    told = pa.table({"text_hash": ["h1", "h2"], "category": ["books"] * 2, "brand": ["B"] * 2, **sure})
    names = ("product_id", "attribute", "value", "confidence", "origin", "decided_by")
    nothing = pa.table({"product_id": pa.array([], pa.string())})
    rows = product_attributes(shop, told, nothing, min_confidence=0.5).to_pylist()
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("p1", "category", "toys", 1.0, "stated", None),
        ("p2", "category", "books", 0.5, "predicted", "text"),
        ("p1", "brand", "A", 1.0, "stated", None),
    ]
    seen = {"category": ["games"], "category_confidence": pa.array([0.75], pa.float32())}
    both = pa.table({"product_id": ["p2"], **seen, "category_decided_by": ["picture"]})
    [filled] = (
        product_attributes(shop, told, both, min_confidence=0.5).filter(pc.field("origin") == "predicted").to_pylist()
    )
    assert tuple(filled[name] for name in names[2:]) == ("games", 0.75, "predicted", "picture")


def test_the_last_action_of_a_user_on_the_liked_product_is_what_is_predicted_from() -> None:
    """Of u's products of the day the lamp is liked more; the carpet is not described; v's event has no time."""
    hours = {"view": 1, "cart": 3, "click": 2}
    events = [("u", "lamp", "cart"), ("u", "lamp", "view"), ("u", "kite", "click"), ("u", "carpet", "view")]
    acted = pa.table(
        {
            "user_key": [user for user, *_ in events] + ["v"],
            "product_id": [product for _, product, _ in events] + ["lamp"],
            "event_type": [event for *_, event in events] + ["view"],
            "event_ts": [datetime(2026, 1, 2, hours[event], tzinfo=UTC) for *_, event in events] + [None],
            "platform": ["shop"] * 5,
        }
    )
    liked = pa.table({"user_key": ["u"] * 3, "product_id": ["lamp", "kite", "carpet"], "affinity_micros": [7, 5, 9]})
    shop = products({"product_id": "lamp", "title": "Lamp"}, {"product_id": "kite", "title": "Kite"})
    assert last_actions(acted, liked, shop, 1)["text"].to_pylist() == ["cart: Lamp"]
    two = last_actions(acted, liked, shop, 2)
    assert two["text"].to_pylist() == ["cart: Lamp", "click: Kite"]
    assert last_actions(acted.slice(0, 0), liked, shop, 1).num_rows == 0
    chances = np.array([[0.25, 0.75], [1.0, 0.0]], dtype=np.float32)
    rows = behaviour_propensities(two, chances, ("cart", "purchase"), "v1", DS).to_pylist()
    assert [(row["product_id"], row["action"], row["probability"]) for row in rows] == [
        *(("lamp", "cart", 0.25), ("lamp", "purchase", 0.75), ("kite", "cart", 1.0), ("kite", "purchase", 0.0))
    ]


def test_opinions_are_means_by_category_and_aspect_with_the_newest_comments_behind_them() -> None:
    days = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
    said = comments(
        *(
            {"comment_id": f"c{n}", "user_key": "u", "product_id": "p1", "created_ts": when}
            for n, when in enumerate(days)
        ),
        {"comment_id": "c3", "user_key": "v", "product_id": "unknown"},
        {"comment_id": "c4", "user_key": "v", "product_id": "p1"},
    )
    told = pa.table(
        {
            # Another platform's comment of the same id says nothing about this one.
            "platform": ["app", *["shop"] * 5],
            "comment_id": ["c0", "c0", "c1", "c2", "c3", "c4"],
            "sentiment": ["negative", "positive", "negative", "positive", "neutral", None],
            "aspects": [["other"], ["price"], ["price", "size"], [], ["size"], ["size"]],
            # The second comment complains of the size alone, and the last one says nothing about it.
            "aspect_sentiments": [["negative"], ["positive"], ["positive", "negative"], [], ["neutral"], ["unknown"]],
        }
    )
    rows = user_opinions(said, told, products({"product_id": "p1", "category": "toys"}), DS).to_pylist()
    found = {(row["user_key"], row["kind"], row["subject"]): row for row in rows}
    assert {key: (row["sentiment"], row["n_comments"]) for key, row in found.items()} == {
        ("u", "category", "toys"): (pytest.approx(1 / 3), 3),
        ("u", "aspect", "price"): (1.0, 2),
        ("u", "aspect", "size"): (-1.0, 1),
        ("v", "aspect", "size"): (0.0, 1),
    }
