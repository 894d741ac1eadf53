"""Labels of products for people: titles that differ, and the ids of their sources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.product_ids import qualified_id, source_id
from socialrec.contracts.silver import SILVER_PRODUCTS
from socialrec.display.messages.catalogue import Messages
from socialrec.lake import Lake


@dataclass(frozen=True)
class TitledPicture:
    """Picture of a product, by its hash in the lake, and the product's title."""

    picture_hash: str
    title: str


@dataclass(frozen=True)
class ProductLabels:
    """Labels of products for people in one language, by the lake's ids: unique titles, the sources' ids, and the hash
    of the first picture of those that have any.
    """

    titles: Mapping[str, str]
    source_ids: Mapping[str, str]
    pictures: Mapping[str, str]

    def title(self, product_id: str) -> str:
        """Title, or the id where the catalogue no longer has the product."""
        return self.titles.get(product_id, product_id)

    def source_id(self, product_id: str) -> str:
        """Id given by the product's source."""
        return self.source_ids.get(product_id, product_id)

    def picture(self, product_id: str) -> TitledPicture | None:
        """First picture; None for a product without any."""
        found = self.pictures.get(product_id)
        return None if found is None else TitledPicture(found, self.title(product_id))

    def in_reason(self, reason: Mapping[str, Any]) -> dict[str, Any]:
        """Convert a reason of gold.recommendations to the sources' product ids."""
        return {**reason, "products": [self.source_id(product) for product in reason["products"]]}


def labels_of(products: Sequence[Mapping[str, Any]], messages: Messages) -> ProductLabels:
    """Make the labels of rows of silver.products."""
    sources = {row["product_id"]: source_id(row["product_id"], row["platform"]) for row in products}
    pictures = {row["product_id"]: row["pictures"][0] for row in products if row.get("pictures")}
    return ProductLabels(tell_apart(products, messages), sources, pictures)


def described(lake: Lake, ds: str, products: AbstractSet[str]) -> list[dict[str, Any]]:
    """Read these products of a day from silver.products, as far as labels need."""
    wanted = pc.field("product_id").isin(pa.array(sorted(products), pa.string()))
    columns = ["product_id", "title", "brand", "price_cents", "currency", "platform", "pictures"]
    rows: list[dict[str, Any]] = lake.read(SILVER_PRODUCTS, [ds], columns, filter=wanted).to_pylist()
    return rows


def product_ids_of(lake: Lake, ds: str, product: str) -> dict[str, str]:
    """Find a product of a day by its source's id, or by silver's id, on each platform."""
    platforms = pc.unique(lake.read(SILVER_PRODUCTS, [ds], ["platform"])["platform"]).to_pylist()
    wanted = {product, *(qualified_id(platform, product) for platform in platforms)}
    return {row["platform"]: row["product_id"] for row in described(lake, ds, wanted)}


def tell_apart(products: Sequence[Mapping[str, Any]], messages: Messages) -> dict[str, str]:
    """Make unique titles by id from rows of silver.products; where several share one, the brand, the price, the
    source's id or the whole id is appended: the first of these that differs between all of them.
    """
    by_title: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for product in products:
        by_title[product["title"]].append(product)
    return {
        product["product_id"]: messages.in_brackets(title, mark) if mark else title
        for title, twins in by_title.items()
        for product, mark in zip(twins, _marks(twins, messages), strict=True)
    }


def _marks(twins: Sequence[Mapping[str, Any]], messages: Messages) -> list[str]:
    if len(twins) == 1:
        return [""]
    brands = [twin["brand"] or "" for twin in twins]
    prices = [
        "" if (cents := twin["price_cents"]) is None else messages.price(cents, twin["currency"]) for twin in twins
    ]
    sources = [source_id(twin["product_id"], twin["platform"]) for twin in twins]
    for marks in (brands, prices, sources):
        if all(marks) and len(set(marks)) == len(marks):
            return marks
    return [twin["product_id"] for twin in twins]
