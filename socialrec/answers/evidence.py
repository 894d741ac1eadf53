"""Passages of the lake with their vectors, for one product or one category at a time."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.gold import PASSAGES, TEXT_EMBEDDINGS
from socialrec.lake import Lake


def read_evidence(lake: Lake, ds: str, vectors_version: str, product: str | None, category: str | None) -> pa.Table:
    """Read the passages of a day about a category, or else about one product, and those about no product.

    They have a column `embedding`; passages without a vector of this version (see
    `passage_version`) are left out.
    """
    about = pc.field("product_id") == (product or "")
    if category is not None:
        about = pc.field("category") == category
    passages = lake.read(PASSAGES, [ds], filter=about | pc.field("product_id").is_null())
    wanted = pc.field("text_hash").isin(pc.unique(passages["text_hash"]))
    names = ["text_hash", "embedding"]
    vectors = lake.read(TEXT_EMBEDDINGS, [vectors_version], names, filter=wanted).combine_chunks()
    place = pc.index_in(passages["text_hash"].combine_chunks(), value_set=vectors["text_hash"].combine_chunks())
    found = passages.append_column("embedding", vectors["embedding"].take(place))
    return found.filter(pc.is_valid(place))
