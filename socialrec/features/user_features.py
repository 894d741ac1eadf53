"""Features of users as of a day, each from the user's own rows: the same in any partition of users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import pyarrow as pa

from socialrec.features.aspects import cares_of
from socialrec.features.evidence import affinity_matrix, newest_pairs, recency_of_times
from socialrec.features.opinions import opinion_matrix
from socialrec.features.product_features import ProductFeatures
from socialrec.features.texts import TextVectors, directions
from socialrec.features.ties import tie_matrix
from socialrec.settings import Settings
from socialrec.vectors.arrays import F32, Csr


@dataclass(frozen=True)
class UserFeatures:
    """Features of n users; the matrices are csr float32 (n, n_products), but for those named otherwise.

    affinity: see `affinity_matrix`. recency: each user's newest product 1, the one before it 2, undated ones left out.
    opinions: -1 to 1. ties: csr (n, n_neighbours), rows adding up to 1. words: float32 (n, dim), the mean of the user's
    comments as a direction from `ProductFeatures.said_centre`. cares: csr (n, n_aspects), see `cares_of`.
    """

    affinity: Csr
    recency: Csr
    opinions: Csr
    ties: Csr
    words: F32
    cares: Csr

    @classmethod
    def of(
        cls,
        affinities: pa.Table,
        comments: pa.Table,
        ties: pa.Table,
        texts: TextVectors,
        *,
        users: pa.Array,
        neighbours: pa.Array,
        products: ProductFeatures,
        settings: Settings,
    ) -> Self:
        """Build the features of these users from their rows; neighbours: the users that columns of `ties` are of."""
        ids = products.products
        affinity = affinity_matrix(affinities, users, ids, settings)
        spoken = texts.means(comments, "user_key", users)
        return cls(
            affinity=affinity,
            recency=recency_of_times(*newest_pairs(affinities, "last_event_ts", users, ids), affinity.shape),
            opinions=opinion_matrix(comments, users, ids),
            ties=tie_matrix(ties, users, neighbours, settings.etl),
            words=directions(spoken, products.said_centre),
            cares=cares_of(comments, users, products.aspects),
        )
