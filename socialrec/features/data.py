"""Training data of the recommender: vocabularies and matrices built from rows of the lake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from socialrec.errors import UserError
from socialrec.features.communities import community_likes, find_communities
from socialrec.features.evidence import (
    affinity_of_events,
    newest_pairs,
    opinion_matrix,
    recency_of_times,
    tie_matrix,
    trend_of,
)
from socialrec.features.item_metadata import kind_numbers
from socialrec.settings import Settings
from socialrec.vectors.arrays import ABSENT, F32, Csr, Indices, centred, positions, unit_rows, vocabulary


@dataclass(frozen=True)
class TrainingTables:
    """Rows that may be learned from: silver.interactions, silver.comments, parts of ties, and the moment of the cut."""

    interactions: pa.Table
    comments: pa.Table
    ties: pa.Table
    as_of: datetime | None


@dataclass(frozen=True)
class TrainingData:
    """Data that signals are fitted on.

    users, products: sorted names. affinity: csr float32 (n_users, n_products). ties: csr float32 (n_users, n_users),
    rows adding up to 1. text: float32 (n_products, dim), unit rows or zeros. popularity: float32 (n_products,), users
    with positive affinity. recency: csr float32 (n_users, n_products), each user's newest product 1, the one before it
    2 and so on, undated ones left out. trend: float32 (n_products,), users of each product, the newest counting most.
    opinions: csr float32 (n_users, n_products), -1 to 1. communities: int64
    (n_users,), ABSENT without ties. category: int64 (n_products,), ABSENT where the shop names none.
    """

    users: pa.Array
    products: pa.Array
    affinity: Csr
    ties: Csr
    recency: Csr
    trend: F32
    opinions: Csr
    communities: Indices
    category: Indices
    text: F32
    popularity: F32

    @cached_property
    def community_likes(self) -> Csr:
        """Share of each community who like each product; the last row is for users without a community."""
        return community_likes(self.communities, self.affinity)


def build_training_data(
    evidence: TrainingTables, products: pa.Table, embeddings: pa.Table, settings: Settings
) -> TrainingData:
    """Build matrices from evidence, one snapshot of silver.products and gold.text_embeddings (text_hash, embedding).

    Raises UserError where the catalogue is empty.
    """
    if products.num_rows == 0:
        raise UserError("silver.products has no rows on this day: land the catalogue before training")
    names = vocabulary(products["product_id"])
    interactions, comments, ties = evidence.interactions, evidence.comments, evidence.ties
    users = vocabulary(interactions["user_key"], comments["user_key"], ties["user_key"], ties["neighbour_key"])
    affinity = affinity_of_events(interactions, users, names, settings, evidence.as_of)
    strengths, newest = tie_matrix(ties, users, settings), newest_pairs(interactions, "event_ts", users, names)
    return TrainingData(
        users=users,
        products=names,
        affinity=affinity,
        ties=strengths,
        opinions=opinion_matrix(comments, users, names),
        communities=find_communities(strengths),
        category=kind_numbers(products, "category", names),
        recency=recency_of_times(*newest, affinity.shape),
        trend=trend_of(newest, affinity, settings.recommend.trend_half_life),
        text=product_text(products, comments, embeddings, names),
        popularity=np.asarray((affinity > 0).sum(axis=0), dtype=np.float32).ravel(),
    )


def product_text(products: pa.Table, comments: pa.Table, embeddings: pa.Table, names: pa.Array) -> F32:
    """Compute one vector per product: its own text plus the mean of its comments, less the mean product, float32 unit
    rows.

    Encoders put all texts into a narrow cone; without the mean product, cosines separate products.
    Products without any encoded text are rows of zeros.
    """
    hashes = embeddings["text_hash"].combine_chunks()
    vectors = _matrix(embeddings["embedding"])
    own = _means(products, hashes, names).dot(vectors)
    said = _means(comments, hashes, names).dot(vectors)
    return unit_rows(centred(np.asarray(own + said, dtype=np.float32)))


def _means(rows: pa.Table, hashes: pa.Array, names: pa.Array) -> Csr:
    """Make the matrix (n_products, n_texts) that averages the encoded texts of each product, summed in hash order."""
    order = pc.sort_indices(hashes)
    owner, text = positions(rows["product_id"], names), positions(rows["text_hash"], hashes.take(order))
    known = (owner != ABSENT) & (text != ABSENT)
    counts = sp.csr_matrix((np.ones(known.sum(), np.float32), (owner[known], text[known])), (len(names), len(hashes)))
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
