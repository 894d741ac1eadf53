"""Features of users and products as of a day: the one set that training, scoring, explaining and measuring read."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from socialrec.errors import UserError
from socialrec.features.communities import community_likes, find_communities
from socialrec.features.item_metadata import numbered
from socialrec.features.pictures import looks_of, no_pictures
from socialrec.features.product_features import ProductFeatures
from socialrec.features.product_sums import Hours, ProductSums
from socialrec.features.texts import TextVectors
from socialrec.features.user_features import UserFeatures
from socialrec.settings import Settings
from socialrec.vectors.arrays import ABSENT, F32, Csr, Indices, vocabulary

OF_PRODUCTS = ("products", "text", "praise", "popularity", "trend", "category", "looks")


@dataclass(frozen=True)
class EvidenceTables:
    """Rows that features are built from, all before one cut.

    affinities: rows of gold.user_product_affinity, or `affinities_of_events`. comments: rows of silver.comments with
    what gold.comment_insights says of each, null where nothing was predicted. ties: parts of ties, see `tie_parts`.
    products: one snapshot of silver.products. embeddings: `text_hash` and `embedding` of one encoder. pictures: see
    `pictures.read_aligned`.
    """

    affinities: pa.Table
    comments: pa.Table
    ties: pa.Table
    products: pa.Table
    embeddings: pa.Table
    pictures: pa.Table = field(default_factory=no_pictures)


@dataclass(frozen=True)
class FeatureSet:
    """Features of all users and products as of a day.

    users: names (n_users,) that do not depend on pseudonyms. products: ids (n_products,). affinity: csr float32
    (n_users, n_products). recency: csr float32 (n_users, n_products), each user's newest product 1, the one before it 2
    and so on, undated ones left out. opinions: csr float32 (n_users, n_products), -1 to 1. ties: csr float32 (n_users,
    n_users), rows adding up to 1. communities: int64 (n_users,), ABSENT without ties. community_likes: csr float32
    (n_communities + 1, n_products), share of each community who like each product; the last row is for users without
    one. words: float32 (n_users, dim), vectors of the users' own comments, unit rows or zeros. cares: float32 (n_users,
    n_aspects), share of each aspect in what a user's comments name. text: float32 (n_products, dim), vectors of the
    products' texts, unit rows or zeros. praise: float32 (n_products, n_aspects), what comments say of each aspect, -1
    to 1. popularity: float32 (n_products,), users with positive affinity. trend: float32 (n_products,), those users,
    the newest counting most. category: int64 (n_products,), ABSENT where the shop names none. looks: float32
    (n_products, n_dims), whitened vectors of the products' pictures, unit rows or zeros; without columns where no
    product has a picture.
    """

    users: pa.Array
    products: pa.Array
    affinity: Csr
    recency: Csr
    opinions: Csr
    ties: Csr
    communities: Indices
    community_likes: Csr
    words: F32
    cares: F32
    text: F32
    praise: F32
    popularity: F32
    trend: F32
    category: Indices
    looks: F32

    def has_products_of(self, other: FeatureSet) -> bool:
        """Check if both are features of users over the same products: all that is known of these is the same object."""
        return all(getattr(self, name) is getattr(other, name) for name in OF_PRODUCTS)

    @cached_property
    def categories(self) -> Csr:
        """Indicator of each product's category, csr float32 (n_products, n_categories)."""
        known = np.flatnonzero(self.category != ABSENT)
        shape = (len(self.category), int(self.category.max(initial=ABSENT)) + 1)
        return sp.csr_matrix((np.ones(len(known), np.float32), (known, self.category[known])), shape=shape)


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
    texts = TextVectors.of(evidence.embeddings)
    hours = Hours.of_likes(affinities, settings.recommend.trend_half_life)
    sums = ProductSums.of(affinities, comments, texts, products, hours)
    of_products = ProductFeatures.of(sums, evidence.products, texts, evidence.pictures)
    of_users = UserFeatures.of(
        affinities, comments, ties, texts, users=users, neighbours=users, products=of_products, settings=settings
    )
    communities = find_communities(of_users.ties)
    return FeatureSet(
        users=users,
        products=products,
        affinity=of_users.affinity,
        recency=of_users.recency,
        opinions=of_users.opinions,
        ties=of_users.ties,
        communities=communities,
        community_likes=community_likes(communities, of_users.affinity),
        words=of_users.words,
        cares=of_users.cares.toarray(),
        text=of_products.text,
        praise=of_products.praise,
        popularity=of_products.popularity,
        trend=of_products.trend,
        category=numbered(of_products.category),
        looks=looks_of(products, evidence.products, evidence.pictures),
    )
