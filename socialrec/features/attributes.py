"""Attributes of products: those that the shop states, and where it states none those that were predicted."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.vocabulary import AttributeOrigin
from socialrec.vectors.arrays import ABSENT, positions

FILLED = ("category", "brand")
STATED_CATEGORY = "stated_category"
"""Column of the category that the shop itself states: the one that a reason may name."""


def with_predicted(products: pa.Table, attributes: pa.Table) -> pa.Table:
    """Fill `category` and `brand` of rows of silver.products, and add `stated_category`.

    attributes: `product_id`, `attribute`, `value`, `origin` of gold.product_attributes. Blank values are none.
    """
    filled = products
    for name in FILLED:
        stated = _blank_to_null(products[name])
        is_guess = (pc.field("attribute") == name) & (pc.field("origin") == AttributeOrigin.PREDICTED.value)
        guesses = attributes.filter(is_guess)
        places = positions(products["product_id"], guesses["product_id"].combine_chunks())
        guessed = guesses["value"].take(pa.array(places, mask=places == ABSENT))
        filled = filled.set_column(filled.schema.get_field_index(name), name, pc.coalesce(stated, guessed))
    return filled.append_column(STATED_CATEGORY, _blank_to_null(products["category"]))


def _blank_to_null(values: pa.ChunkedArray) -> pa.ChunkedArray:
    said = pc.cast(values, pa.string())
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(said), ""), pa.scalar(None, pa.string()), said)
