"""Features of products as of a day, from sums over all users and the shop's own rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from socialrec.features.aspects import praise_of
from socialrec.features.pictures import with_pictures
from socialrec.features.product_sums import ProductSums
from socialrec.features.texts import TextVectors, centre_of, directions
from socialrec.vectors.arrays import ABSENT, F32, positions


@dataclass(frozen=True)
class ProductFeatures:
    """Features of the products of a shop.

    products: ids (n_products,). text: float32 (n_products, dim), the product's own text and the mean of its comments,
    as a direction from the mean over products; where neither has a word that of its pictures. praise: float32
    (n_products, n_aspects), see `praise_of`, of these aspects. popularity, trend: float32 (n_products,). category:
    string (n_products,), null where the shop names none. said_centre: float64 (dim,), mean over products of what is
    said about them.
    """

    products: pa.Array
    text: F32
    praise: F32
    aspects: pa.Array
    popularity: F32
    trend: F32
    category: pa.Array
    said_centre: npt.NDArray[np.float64]

    @classmethod
    def of(cls, sums: ProductSums, rows: pa.Table, texts: TextVectors, pictures: pa.Table) -> Self:
        """Combine the sums with rows of silver.products, the vectors of their texts, and their pictures."""
        said = sums.means_said()
        means = texts.means(rows, "product_id", sums.products) + said
        praise, aspects = praise_of(sums.praise, len(sums.products))
        return cls(
            products=sums.products,
            text=with_pictures(directions(means, centre_of(means)), sums, rows, pictures),
            praise=praise,
            aspects=aspects,
            popularity=sums.n_likes.astype(np.float32),
            trend=sums.trend.astype(np.float32),
            category=named_column(rows, "category", sums.products),
            said_centre=centre_of(said),
        )


def named_column(rows: pa.Table, column: str, products: pa.Array) -> pa.Array:
    """Value of each product in a string column, (n_products,); null where it has none, or the shop lacks it."""
    place = positions(products, rows["product_id"].combine_chunks())
    values = rows[column].combine_chunks().cast(pa.string())
    return values.take(pa.array(place, mask=place == ABSENT))
