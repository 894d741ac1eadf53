"""Rows of gold.item_features, and the products of a night that they become."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import scipy.sparse as sp
from safetensors.numpy import load_file, save_file

from socialrec.contracts.gold import ITEM_FEATURES
from socialrec.features.attributes import STATED_CATEGORY
from socialrec.features.item_metadata import ages_in_days, numbered, offered, small_sellers
from socialrec.features.product_features import ProductFeatures, named_column
from socialrec.features.product_sums import ProductSums
from socialrec.features.user_rows import structs_of
from socialrec.features.words import distinctive_words, product_words
from socialrec.lake.schemas import arrow_schema
from socialrec.vectors.arrays import ABSENT, F32, Csr, Flags, Indices, csr, positions, vocabulary

ARRAYS = (
    *("text", "looks", "praise", "popularity", "trend", "category"),
    *("active", "brand", "age_days", "small_seller", "n_met"),
)
NAMES = ("products", "aspects", "categories", "word_names")
WORDS = ("data", "indices", "indptr")
FILE = "products.safetensors"


def item_rows(
    side: ProductFeatures,
    sums: ProductSums,
    rows: pa.Table,
    labels: pa.Table,
    looks: F32,
    *,
    ds: str,
    encoder_version: str,
    small_seller_share: float,
) -> pa.Table:
    """Make rows of gold.item_features of all products of the shop, by id.

    rows: one snapshot of silver.products. labels: see `words.label_counts`. looks: see `pictures.looks_of`.
    """
    products, brand = side.products, named_column(rows, "brand", side.products)
    words, word_names = distinctive_words(product_words(rows, labels, products))
    small = small_sellers(numbered(brand), sums.n_likes, small_seller_share)
    columns = {
        "product_id": products,
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(side.text.ravel()), side.text.shape[1]),
        "picture_vector": _lists_of(looks),
        "praise": structs_of(sp.csr_matrix(side.praise), {"aspect": side.aspects}, "praise"),
        "n_likes": pa.array(sums.n_likes),
        "n_met": pa.array(sums.n_met),
        "trend": pa.array(side.trend),
        "category": side.category,
        "stated_category": named_column(rows, STATED_CATEGORY, products),
        "brand": brand,
        "is_active": pa.array(offered(rows, products)),
        "age_days": pa.array(ages_in_days(rows, products, ds)),
        "is_small_seller": pa.array(small),
        "words": structs_of(words, {"word": pa.array(word_names, pa.string())}, "weight"),
        "encoder_version": pa.repeat(encoder_version, len(products)),
        "ds": pa.repeat(ds, len(products)),
    }
    schema = arrow_schema(ITEM_FEATURES)
    return pa.table([columns[field.name].cast(field.type) for field in schema], schema=schema)


@dataclass(frozen=True)
class NightProducts:
    """Products of a night, in the order of the model's catalogue, and then those that came after it, by id.

    products: ids (n_products,). text, looks, praise, popularity, trend, category: see `FeatureSet`; aspects: of the
    columns of praise. active: bool (n_products,). brand: int64 (n_products,), ABSENT where the shop names none.
    age_days: float32 (n_products,), since the newer of its description and its first appearance. small_seller: bool
    (n_products,). n_met: int64 (n_products,), users with any event. categories: string (n_products,), those that the
    shop states. words: csr float32 (n_products, n_words), see `distinctive_words`, and word_names of its columns.
    """

    products: pa.Array
    text: F32
    looks: F32
    praise: F32
    aspects: pa.Array
    popularity: F32
    trend: F32
    category: Indices
    active: Flags
    brand: Indices
    age_days: F32
    small_seller: Flags
    n_met: Indices
    categories: pa.Array
    words: Csr
    word_names: pa.Array

    @classmethod
    def of(cls, rows: pa.Table, catalogue: pa.Array) -> Self:
        """Read rows of gold.item_features; catalogue: the model's products, of which the shop may lack some."""
        products = with_new(catalogue, rows["product_id"])
        n, place = len(products), positions(products, rows["product_id"].combine_chunks())
        here = place != ABSENT
        aspects = vocabulary(pa.chunked_array([_field(rows["praise"], "aspect")]))
        word_names = vocabulary(pa.chunked_array([_field(rows["words"], "word")]))
        categories, stated, brand = (_taken(rows[name], place) for name in ("category", "stated_category", "brand"))
        praise = _cells(rows["praise"], ("aspect", "praise"), aspects, place)
        return cls(
            products=products,
            text=_vectors(rows["vector"], place, 1),
            looks=_vectors(rows["picture_vector"], place, 0),
            praise=praise.toarray() if len(aspects) else np.zeros((n, 1), dtype=np.float32),
            aspects=aspects if len(aspects) else pa.array([""]),
            popularity=_numbers(rows["n_likes"], place).astype(np.float32),
            trend=_numbers(rows["trend"], place).astype(np.float32),
            category=numbered(categories),
            active=here & (_numbers(rows["is_active"], place) > 0),
            brand=numbered(brand),
            age_days=_numbers(rows["age_days"], place).astype(np.float32),
            small_seller=_numbers(rows["is_small_seller"], place) > 0,
            n_met=_numbers(rows["n_met"], place).astype(np.int64),
            categories=stated,
            words=_cells(rows["words"], ("word", "weight"), word_names, place),
            word_names=word_names,
        )

    def save(self, folder: Path) -> None:
        """Write the products for other processes to load."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {name: np.ascontiguousarray(getattr(self, name)) for name in ARRAYS}
        save_file(tensors | {f"words.{name}": getattr(self.words, name) for name in WORDS}, folder / FILE)
        for name in NAMES:
            pq.write_table(pa.table({name: getattr(self, name)}), folder / f"{name}.parquet")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        tensors = load_file(folder / FILE)
        names = {name: pq.read_table(folder / f"{name}.parquet")[name].combine_chunks() for name in NAMES}
        shape = (len(names["products"]), len(names["word_names"]))
        words = sp.csr_matrix(tuple(tensors.pop(f"words.{name}") for name in WORDS), shape=shape)
        return cls(**tensors, **names, words=words)


def with_new(catalogue: pa.Array, products: pa.ChunkedArray) -> pa.Array:
    """Catalogue of a night: the model's products in their order, then the shop's others, sorted."""
    ids = vocabulary(products)
    new = ids.filter(pc.invert(pc.is_in(ids, value_set=catalogue)))
    return pa.concat_arrays([catalogue.cast(pa.string()), new])


def _taken(column: pa.ChunkedArray, place: Indices) -> pa.Array:
    return column.combine_chunks().take(pa.array(place, mask=place == ABSENT))


def _numbers(column: pa.ChunkedArray, place: Indices) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Values of a column of numbers or flags, float64 (n_products,); 0 for products without a row."""
    taken = pc.fill_null(_taken(column.cast(pa.float64()), place), 0.0)
    return np.asarray(taken.to_numpy(zero_copy_only=False), dtype=np.float64)


def _lists_of(vectors: F32) -> pa.Array:
    """Vectors as lists; an empty one for each row of zeros."""
    present = vectors.any(axis=1)
    ends = np.cumsum(np.where(present, vectors.shape[1], 0), dtype=np.int32)
    offsets = np.concatenate([np.zeros(1, np.int32), ends])
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(vectors[present].ravel(), pa.float32()))


def _vectors(column: pa.ChunkedArray, place: Indices, least: int) -> F32:
    """Vectors of a column of lists, float32 (n_products, dim), at least this long; zeros where the list is empty."""
    lists = column.combine_chunks()
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    filled, dim = np.flatnonzero(lengths), int(lengths.max(initial=least))
    found = np.zeros((len(lists) + 1, dim), dtype=np.float32)
    found[filled] = lists.flatten().to_numpy(zero_copy_only=False).reshape(len(filled), dim)
    return found[place]


def _field(lists: pa.ChunkedArray, name: str) -> pa.Array:
    return lists.combine_chunks().flatten().field(name)


def _cells(lists: pa.ChunkedArray, fields: tuple[str, str], names: pa.Array, place: Indices) -> Csr:
    """Matrix (n_products, n_names) of a column of named values."""
    whole = lists.combine_chunks()
    name, value = (_field(lists, field) for field in fields)
    rows = pc.list_parent_indices(whole).to_numpy().astype(np.int64)
    cells = csr(value.to_numpy(zero_copy_only=False), rows, positions(name, names), (len(whole) + 1, len(names)))
    return cells[place].tocsr()
