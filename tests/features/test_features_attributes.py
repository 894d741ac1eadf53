"""Attributes that the shop states, and predictions where it states none."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import tiny_shop
from small_night import context_of

from socialrec.contracts.gold import PRODUCT_ATTRIBUTES
from socialrec.features.attributes import with_predicted
from socialrec.features.inputs import read_inputs, read_night
from socialrec.lake import Lake
from socialrec.recommend.model import Recommender
from socialrec.settings import Settings


def attribute(product: str, name: str, value: str, origin: str = "predicted") -> dict[str, Any]:
    return {"product_id": product, "attribute": name, "value": value, "confidence": 0.8, "origin": origin}


def attributes(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows))


def test_a_prediction_fills_only_what_the_shop_does_not_state() -> None:
    products = pa.table(
        {"product_id": ["a", "b", "c"], "category": ["toys", " ", None], "brand": [None, "Own", None]},
        pa.schema([(name, pa.string()) for name in ("product_id", "category", "brand")]),
    )
    guessed = attributes(
        attribute("a", "category", "tools"),
        attribute("b", "category", "tools"),
        attribute("a", "brand", "Kite & Co"),
        attribute("c", "brand", "Own", origin="stated"),
        attribute("gone", "category", "tools"),
    )
    found = with_predicted(products, guessed)
    assert found["category"].to_pylist() == ["toys", "tools", None]
    assert found["brand"].to_pylist() == ["Kite & Co", "Own", None]
    assert found["stated_category"].to_pylist() == ["toys", None, None]


def test_nights_and_trainings_read_the_same_attributes_of_their_day(lake: Lake) -> None:
    tiny_shop.fill(lake)
    here = {"platform": "shop", "ds": tiny_shop.DS}
    tiny_shop.write(lake, PRODUCT_ATTRIBUTES, tiny_shop.DS, [{**attribute("p01", "category", "tools"), **here}])
    night = read_night(lake, tiny_shop.DS, tiny_shop.ENCODER_VERSION).products
    training = read_inputs(lake, tiny_shop.DS, tiny_shop.ENCODER_VERSION)
    for products in (night, training.products):
        of = dict(zip(products["product_id"].to_pylist(), products["category"].to_pylist(), strict=True))
        assert (of["p00"], of["p01"]) == (None, "tools")
    assert training.versions[PRODUCT_ATTRIBUTES.name] == lake.version(PRODUCT_ATTRIBUTES)


def test_a_predicted_category_counts_in_features_and_rules_and_is_named_by_no_reason(
    recommender: Recommender, events: pa.Table, catalogue: pa.Table, ties: pa.Table, settings: Settings
) -> None:
    unstated = pa.array(["books"] * 5 + [None] + ["games"] * 6)
    place = catalogue.schema.get_field_index("stated_category")
    night = context_of(recommender, events, catalogue.set_column(place, "stated_category", unstated), ties, settings)
    # b5, the sixth product, is a book by prediction.
    assert night.features.category.tolist() == [0] * 6 + [1] * 6
    assert night.reason_evidence.categories.to_pylist() == unstated.to_pylist()
