"""Features of users and products as of a day: the one set that training, scoring, explaining and measuring read."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import scipy.sparse as sp
from safetensors.numpy import load_file, save_file

from socialrec.errors import UserError
from socialrec.features.aspects import aspect_matrices
from socialrec.features.communities import community_likes, find_communities
from socialrec.features.evidence import (
    affinity_matrix,
    newest_pairs,
    opinion_matrix,
    recency_of_times,
    tie_matrix,
    trend_of,
)
from socialrec.features.item_metadata import kind_numbers
from socialrec.settings import Settings
from socialrec.vectors.arrays import ABSENT, F32, Csr, Indices, centred, csr, positions, unit_rows, vocabulary

MATRICES = ("affinity", "recency", "opinions", "ties")
ARRAYS = ("communities", "words", "cares", "text", "praise", "popularity", "trend", "category")
CSR_PARTS = ("data", "indices", "indptr", "shape")
FILE = "features.safetensors"


@dataclass(frozen=True)
class EvidenceTables:
    """Rows that features are built from, all before one cut.

    affinities: rows of gold.user_product_affinity, or `affinities_of_events`. comments: rows of silver.comments with
    what gold.comment_insights says of each, null where nothing was predicted. ties: parts of ties, see `tie_parts`.
    products: one snapshot of silver.products. embeddings: `text_hash` and `embedding` of one encoder.
    """

    affinities: pa.Table
    comments: pa.Table
    ties: pa.Table
    products: pa.Table
    embeddings: pa.Table


@dataclass(frozen=True)
class FeatureSet:
    """Features of all users and products as of a day.

    users: names (n_users,) that do not depend on pseudonyms. products: ids (n_products,). affinity: csr float32
    (n_users, n_products). recency: csr float32 (n_users, n_products), each user's newest product 1, the one before it 2
    and so on, undated ones left out. opinions: csr float32 (n_users, n_products), -1 to 1. ties: csr float32 (n_users,
    n_users), rows adding up to 1. communities: int64 (n_users,), ABSENT without ties. words: float32 (n_users, dim),
    vectors of the users' own comments, unit rows or zeros. cares: float32 (n_users, n_aspects), share of each aspect in
    what a user's comments name. text: float32 (n_products, dim), vectors of the products' texts, unit rows or zeros.
    praise: float32 (n_products, n_aspects), what comments say of each aspect, -1 to 1. popularity: float32
    (n_products,), users with positive affinity. trend: float32 (n_products,), those users, the newest counting most.
    category: int64 (n_products,), ABSENT where the shop names none.
    """

    users: pa.Array
    products: pa.Array
    affinity: Csr
    recency: Csr
    opinions: Csr
    ties: Csr
    communities: Indices
    words: F32
    cares: F32
    text: F32
    praise: F32
    popularity: F32
    trend: F32
    category: Indices

    @cached_property
    def community_likes(self) -> Csr:
        """Share of each community who like each product; the last row is for users without a community."""
        return community_likes(self.communities, self.affinity)

    @cached_property
    def categories(self) -> Csr:
        """Indicator of each product's category, csr float32 (n_products, n_categories)."""
        known = np.flatnonzero(self.category != ABSENT)
        shape = (len(self.category), int(self.category.max(initial=ABSENT)) + 1)
        return sp.csr_matrix((np.ones(len(known), np.float32), (known, self.category[known])), shape=shape)

    def save(self, folder: Path) -> None:
        """Write the features for other processes to load."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {
            f"{name}.{part}": np.asarray(getattr(getattr(self, name), part)) for name in MATRICES for part in CSR_PARTS
        }
        save_file(tensors | {name: np.ascontiguousarray(getattr(self, name)) for name in ARRAYS}, folder / FILE)
        for name in ("users", "products"):
            pq.write_table(pa.table({name: getattr(self, name)}), folder / f"{name}.parquet")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        tensors = load_file(folder / FILE)
        found: dict[str, Any] = {name: tensors[name] for name in ARRAYS}
        for name in MATRICES:
            data, indices, indptr, shape = (tensors[f"{name}.{part}"] for part in CSR_PARTS)
            found[name] = sp.csr_matrix((data, indices, indptr), shape=tuple(shape.tolist()))
        for name in ("users", "products"):
            found[name] = pq.read_table(folder / f"{name}.parquet")[name].combine_chunks()
        return cls(**{field.name: found[field.name] for field in fields(cls)})


def build_features(
    evidence: EvidenceTables,
    settings: Settings,
    *,
    users: pa.Array | None = None,
    products: pa.Array | None = None,
) -> FeatureSet:
    """Build the features of these users and products, or else of all in the evidence, sorted.

    A training builds them as of its cuts and a night as of its day, by this function alone. Raises UserError where the
    catalogue is empty.
    """
    affinities, comments, ties = evidence.affinities, evidence.comments, evidence.ties
    if evidence.products.num_rows == 0:
        raise UserError("silver.products has no rows on this day: land the catalogue before training")
    if products is None:
        products = vocabulary(evidence.products["product_id"])
    if users is None:
        users = vocabulary(affinities["user_key"], comments["user_key"], ties["user_key"], ties["neighbour_key"])
    affinity = affinity_matrix(affinities, users, products, settings)
    strengths, newest = (
        tie_matrix(ties, users, settings.etl),
        newest_pairs(affinities, "last_event_ts", users, products),
    )
    words, text = text_vectors(evidence, users, products)
    cares, praise = aspect_matrices(comments, users, products)
    return FeatureSet(
        users=users,
        products=products,
        affinity=affinity,
        recency=recency_of_times(*newest, affinity.shape),
        opinions=opinion_matrix(comments, users, products),
        ties=strengths,
        communities=find_communities(strengths),
        words=words,
        cares=cares,
        text=text,
        praise=praise,
        popularity=np.asarray((affinity > 0).sum(axis=0), dtype=np.float32).ravel(),
        trend=trend_of(newest, affinity, settings.recommend.trend_half_life),
        category=kind_numbers(evidence.products, "category", products),
    )


def text_vectors(evidence: EvidenceTables, users: pa.Array, products: pa.Array) -> tuple[F32, F32]:
    """Compute vectors of the users' own words and of the products' texts, float32 (n_users, dim), (n_products, dim).

    A user's vector is the mean of the user's comments; a product's is its own text plus the mean of its comments. The
    mean over users or products is subtracted from each, because encoders put all texts into a narrow cone, and rows are
    scaled to length 1. Without any encoded text they are zeros.
    """
    comments, embeddings = evidence.comments, evidence.embeddings
    hashes = embeddings["text_hash"].combine_chunks()
    vectors = _matrix(embeddings["embedding"])
    described = _means(evidence.products, "product_id", hashes, products).dot(vectors)
    said = _means(comments, "product_id", hashes, products).dot(vectors)
    spoken = _means(comments, "user_key", hashes, users).dot(vectors)
    text, words = (np.asarray(rows, dtype=np.float32) for rows in (described + said, spoken))
    return unit_rows(centred(words)), unit_rows(centred(text))


def _means(rows: pa.Table, owner_column: str, hashes: pa.Array, names: pa.Array) -> Csr:
    """Make the matrix (n_names, n_texts) that averages the encoded texts of each owner, summed in hash order."""
    order = pc.sort_indices(hashes)
    owner, text = positions(rows[owner_column], names), positions(rows["text_hash"], hashes.take(order))
    known = (owner != ABSENT) & (text != ABSENT)
    counts = csr(np.ones(known.sum()), owner[known], text[known], (len(names), len(hashes)))
    counts.indices = order.to_numpy()[counts.indices].astype(counts.indices.dtype)
    counts.has_sorted_indices = False
    sums = np.asarray(counts.sum(axis=1)).ravel()
    return sp.diags(np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0)).dot(counts).tocsr()


def _matrix(vectors: pa.ChunkedArray) -> F32:
    rows = vectors.combine_chunks()
    if len(rows) == 0:
        return np.zeros((0, 1), dtype=np.float32)
    flat: F32 = rows.flatten().to_numpy(zero_copy_only=False).reshape(len(rows), -1)
    return flat
