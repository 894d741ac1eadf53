"""Attributes of products: those that the shop states, and what text and pictures tell of the others."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.gold import PRODUCT_ATTRIBUTES, TEXT_EMBEDDINGS
from socialrec.contracts.silver import SILVER_PRODUCTS
from socialrec.contracts.vocabulary import AttributeOrigin, Modality
from socialrec.features.pictures import mean_pictures, picture_version, read_pictures
from socialrec.lake.schemas import arrow_schema
from socialrec.settings.text import TaskName
from socialrec.text.insights.night import InsightNight, shaped
from socialrec.text.material import ATTRIBUTES, blank_to_null
from socialrec.text.understanding.picture_heads import picture_heads_beside
from socialrec.text.understanding.prediction import confidence_of, decided_by_of
from socialrec.vectors.arrays import vectors_of


def build(night: InsightNight) -> pa.Table:
    """Make gold.product_attributes."""
    names = ("product_id", "category", "brand", "text_hash", "pictures", "platform", "ds")
    products = night.lake.read(SILVER_PRODUCTS, [night.ds], names)
    predictions = night.predicted([TaskName.ATTRIBUTES], products["text_hash"])
    of_both, least = _of_both(night, products), night.settings.min_attribute_confidence
    return product_attributes(products, predictions, of_both, least)


def _of_both(night: InsightNight, products: pa.Table) -> pa.Table:
    """Predictions from text and pictures by product_id, of products that have pictures and lack an attribute."""
    heads, nothing = picture_heads_beside(night.folder), pa.table({"product_id": pa.array([], pa.string())})
    if heads is None or heads.picture_version != picture_version(night.lake):
        return nothing
    missing = [pc.is_null(blank_to_null(products[name])) for name in ATTRIBUTES]
    lacking = products.filter(pc.or_(*missing))
    vectors = read_pictures(night.lake, lacking)
    if not vectors.num_rows:
        return nothing
    pictures = mean_pictures(lacking["product_id"].combine_chunks(), lacking, vectors)
    shown = np.flatnonzero(pictures.any(axis=1))
    lacking = lacking.take(pa.array(shown))
    known = pa.Table.from_batches(night.vectors(lacking["text_hash"]), arrow_schema(TEXT_EMBEDDINGS))
    places = pc.index_in(lacking["text_hash"], known["text_hash"].combine_chunks())
    texts = vectors_of(known["embedding"].combine_chunks().take(places))
    columns = heads.predict(night.heads[TaskName.ATTRIBUTES], texts, pictures[shown])
    return pa.table({"product_id": lacking["product_id"]} | columns)


def product_attributes(products: pa.Table, predictions: pa.Table, of_both: pa.Table, min_confidence: float) -> pa.Table:
    """Make rows of gold.product_attributes for rows of silver.products.

    A predicted value, from `of_both` (text and pictures) by product_id or else from `predictions` by text_hash, only
    fills what the shop does not state, and only from this confidence on.
    """
    known = predictions.take(pc.index_in(products["text_hash"], predictions["text_hash"].combine_chunks()))
    both = of_both.take(pc.index_in(products["product_id"], of_both["product_id"].combine_chunks()))
    parts = []
    for name in ATTRIBUTES:
        said = blank_to_null(products[name])
        parts.append(_attribute(products, name, said, pa.array(np.ones(len(products)), pa.float32()), None))
        if name in known.column_names:
            value, confidence = known[name], known[confidence_of(name)]
            decided_by = pa.chunked_array([pa.array([Modality.TEXT.value] * len(products))])
            if name in both.column_names:
                value, confidence = pc.coalesce(both[name], value), pc.coalesce(both[confidence_of(name)], confidence)
                decided_by = pc.coalesce(both[decided_by_of(name)], decided_by)
            fills = pc.and_(pc.is_null(said), pc.greater_equal(confidence, min_confidence))
            guessed = pc.if_else(fills, value, pa.scalar(None, pa.string()))
            parts.append(_attribute(products, name, guessed, confidence, decided_by))
    return pa.concat_tables(parts)


def _attribute(
    products: pa.Table, name: str, values: pa.Array, confidence: pa.Array, decided_by: pa.ChunkedArray | None
) -> pa.Table:
    """Rows of one attribute; what decided is None of values that the shop states."""
    n = len(products)
    origin = AttributeOrigin.STATED if decided_by is None else AttributeOrigin.PREDICTED
    columns = {column: products[column] for column in ("product_id", "platform", "ds")}
    columns |= {"attribute": pa.array([name] * n), "value": values, "confidence": confidence}
    columns["origin"] = pa.array([origin.value] * n)
    columns["decided_by"] = pa.nulls(n, pa.string()) if decided_by is None else decided_by
    rows = shaped(columns, PRODUCT_ATTRIBUTES)
    return rows.filter(pc.is_valid(rows["value"]))
