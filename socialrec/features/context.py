"""Users of a night to score: their features and those of all products, what may be listed, the evidence of reasons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.vocabulary import ModelKind
from socialrec.features.feature_set import FeatureSet
from socialrec.features.inputs import NightTables
from socialrec.features.item_rows import NightProducts
from socialrec.features.reason_evidence import ReasonEvidence
from socialrec.features.tables import feature_tables
from socialrec.features.user_matrices import matrices_of
from socialrec.settings import RecommendSettings, Settings
from socialrec.vectors.arrays import ABSENT, F32, Csr, Flags, Indices, csr, positions

PRODUCT_FACTS = ("active", "brand", "age_days", "small_seller", "n_met")


@dataclass(frozen=True)
class Stamp:
    """Values written on every row of a night: day, model versions and kind of model."""

    ds: str
    recommender_version: str
    encoder_version: str
    model_kind: str = ModelKind.TRAINED.value


@dataclass(frozen=True)
class ScoringSnapshot:
    """Features of some users of a night, with what their lists need beside them.

    The users are those who get a list, and all whom these are tied to. user_ids: pseudonyms (n_users,) in the order of
    the features' users. target_rows: int64 (n_listed,), users who get a list, ascending; platforms: (n_listed,). seen,
    returned: csr (n_users, n_products). active, brand, age_days, small_seller, n_met: (n_products,), see
    `NightProducts`. reason_evidence: of these users and all products.
    """

    features: FeatureSet
    user_ids: pa.Array
    target_rows: Indices
    platforms: pa.Array
    seen: Csr
    returned: Csr
    active: Flags
    brand: Indices
    age_days: F32
    small_seller: Flags
    n_met: Indices
    reason_evidence: ReasonEvidence
    stamp: Stamp
    settings: RecommendSettings

    @classmethod
    def of(
        cls,
        rows: pa.Table,
        community_likes: pa.Table,
        products: NightProducts,
        stamp: Stamp,
        settings: RecommendSettings,
    ) -> Self:
        """Make the snapshot of rows of gold.user_features, with the likes of their communities.

        Users with a platform get a list. Rows are sorted by name, so that sums do not depend on pseudonyms.
        """
        rows = rows.sort_by("name")
        found = matrices_of(rows, products.products, products.aspects, products.text.shape[1])
        communities = pc.fill_null(rows["community"], ABSENT).to_numpy()
        platforms = rows["platform"].combine_chunks()
        features = FeatureSet(
            users=rows["name"].combine_chunks(),
            products=products.products,
            affinity=found.affinity,
            recency=found.recency,
            opinions=found.opinions,
            ties=found.ties,
            communities=communities,
            community_likes=_likes_of(community_likes, communities, products.products),
            words=found.words,
            cares=found.cares if len(products.aspects) else np.zeros((rows.num_rows, 1), dtype=np.float32),
            text=products.text,
            praise=products.praise,
            popularity=products.popularity,
            trend=products.trend,
            category=products.category,
            looks=products.looks,
        )
        evidence = ReasonEvidence(
            fans=found.fans,
            onlookers=found.onlookers,
            follows=found.follows,
            words=products.words,
            word_names=products.word_names.to_pylist(),
            praise=found.praise,
            praised=found.praised,
            aspect_names=products.aspects.to_pylist(),
            aspects=found.aspects,
            aspect_quotes=found.aspect_quotes,
            categories=products.categories,
        )
        return cls(
            features=features,
            user_ids=rows["user_key"].combine_chunks(),
            target_rows=np.flatnonzero(platforms.is_valid().to_numpy(zero_copy_only=False)),
            platforms=platforms.drop_null(),
            seen=found.seen,
            returned=found.returned,
            **{name: getattr(products, name) for name in PRODUCT_FACTS},
            reason_evidence=evidence,
            stamp=stamp,
            settings=settings,
        )

    @cached_property
    def small_seller_likes(self) -> float:
        """Share of all likes on small sellers' products."""
        likes = self.features.popularity.astype(np.int64)
        return float(likes[self.small_seller].sum() / max(likes.sum(), 1))

    @property
    def block_users(self) -> int:
        """Users of a block: it depends on settings and catalogue alone, the same on every machine."""
        return self.settings.users_per_block(len(self.active))

    @property
    def n_blocks(self) -> int:
        """Number of blocks of `block_users` users."""
        return -(-len(self.target_rows) // self.block_users)

    def block_rows(self, block: int) -> Indices:
        """Rows of the users of a block."""
        start = block * self.block_users
        return self.target_rows[start : start + self.block_users]

    def platforms_of(self, rows: Indices) -> pa.Array:
        """Platforms of listed users, int64 (n,) of their rows."""
        return self.platforms.take(pa.array(np.searchsorted(self.target_rows, rows)))


def build_snapshot(
    night: NightTables, *, catalogue: pa.Array, stamp: Stamp, settings: Settings, sample: float = 1.0
) -> ScoringSnapshot:
    """Build the features of a night in this process, and their snapshot over the model's products (`catalogue`) and
    those that came after it was trained.

    Every user of the profiles gets a list, or a share of them where `sample` is below 1.
    """
    tables = feature_tables(night, stamp.ds, stamp.encoder_version, settings)
    platform = tables.users["platform"].combine_chunks()
    is_in = pa.array([in_sample(name, sample) for name in tables.users["name"].to_pylist()], pa.bool_())
    users = tables.users.set_column(
        tables.users.schema.get_field_index("platform"),
        "platform",
        pc.if_else(is_in, platform, pa.scalar(None, pa.string())),
    )
    products = NightProducts.of(tables.items, catalogue)
    return ScoringSnapshot.of(users, tables.community_likes, products, stamp, settings.recommend)


def in_sample(name: str, share: float) -> bool:
    """Draw a share of the users by name."""
    return crc32(f"sample {name}".encode()) < share * 2**32


def _likes_of(likes: pa.Table, communities: Indices, products: pa.Array) -> Csr:
    """Likes of communities, csr float32 (n_communities + 1, n_products), from rows of gold.community_likes."""
    number = likes["community"].to_numpy()
    shape = (int(max(number.max(initial=ABSENT), communities.max(initial=ABSENT))) + 2, len(products))
    return csr(likes["share"].to_numpy(), number, positions(likes["product_id"], products), shape)
