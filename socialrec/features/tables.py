"""Feature tables of a night, made in one process; `etl.gold.features` makes the same by partitions of users."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.gold import COMMUNITY_LIKES, USER_FEATURES
from socialrec.evaluate.split import tie_parts
from socialrec.features.communities import find_communities
from socialrec.features.feature_set import EvidenceTables
from socialrec.features.inputs import NightTables
from socialrec.features.item_rows import item_rows
from socialrec.features.opinions import favourable
from socialrec.features.pictures import looks_of
from socialrec.features.product_features import ProductFeatures
from socialrec.features.product_sums import Hours, ProductSums
from socialrec.features.texts import TextVectors
from socialrec.features.ties import tie_shares, tie_strengths
from socialrec.features.user_rows import UserParts, user_rows
from socialrec.features.words import label_counts
from socialrec.lake.row_hashes import Hashes
from socialrec.lake.schemas import arrow_schema
from socialrec.privacy.user_order import (
    AFFINITY_PARTS,
    COMMENT_PARTS,
    PROFILE_PARTS,
    TieHashes,
    order_by_hashes,
    own_hashes,
)
from socialrec.settings import Settings
from socialrec.vectors.arrays import ABSENT, Indices, positions, vocabulary

_NO_TIES = pa.table({name: pa.array([], pa.string()) for name in ("user_key", "neighbour_key")})


@dataclass(frozen=True)
class FeatureTables:
    """Rows of gold.user_features, gold.item_features and gold.community_likes of one day."""

    users: pa.Table
    items: pa.Table
    community_likes: pa.Table


@dataclass(frozen=True)
class NamedUsers:
    """Keys of all users (n_users,), their names, and communities, int64 (n_users,), ABSENT without ties."""

    keys: pa.Array
    names: pa.Array
    communities: Indices

    @classmethod
    def of(cls, keys: pa.Array, own: Hashes, ties: Iterable[pa.Table], settings: Settings) -> Self:
        """Name users, sorted by key, by the hashes of their own rows, and find their communities.

        ties: rows of gold.social_ties, some at a time; they are held as numbers.
        """
        hashed, strengths = [TieHashes.of(_NO_TIES, keys)], [np.zeros(0)]
        for rows in ties:
            hashed.append(TieHashes.of(rows, keys))
            counts = tie_strengths(rows, settings.etl)
            strengths.append(np.where(hashed[-1].users == hashed[-1].neighbours, 0.0, counts))
        fields = zip(*((each.users, each.neighbours, each.parts) for each in hashed), strict=True)
        numbers = TieHashes(*(np.concatenate(each) for each in fields))
        order = order_by_hashes(keys, own, numbers)
        place = np.empty(len(keys), dtype=np.int64)
        place[positions(order.keys, keys)] = np.arange(len(keys))
        ends = (place[numbers.users], place[numbers.neighbours])
        shares = tie_shares(np.concatenate(strengths), *ends, (len(keys), len(keys)))
        return cls(order.keys, order.names, find_communities(shares))

    def rows(self) -> pa.Table:
        """One row a user: `user_key`, `name`, `community`."""
        community = pa.array(self.communities, mask=self.communities == ABSENT)
        return pa.table({"user_key": self.keys, "name": self.names, "community": community})

    def sizes(self) -> Indices:
        """Number of members of each community, int64 (n_communities,)."""
        return np.bincount(self.communities[self.communities != ABSENT])


def feature_tables(night: NightTables, ds: str, encoder_version: str, settings: Settings) -> FeatureTables:
    """Make the feature tables of the users of these rows."""
    own = ((night.affinities, AFFINITY_PARTS), (night.comments, COMMENT_PARTS), (night.profiles, PROFILE_PARTS))
    tied = (night.ties["user_key"], night.ties["neighbour_key"])
    keys = vocabulary(*(rows["user_key"] for rows, _ in own), *tied)
    users = NamedUsers.of(keys, own_hashes(own, keys), [night.ties], settings)
    evidence = EvidenceTables(
        *(night.affinities, night.comments, tie_parts(night.ties)),
        *(night.products, night.embeddings, night.pictures),
    )
    found = tables_of(evidence, users, ds, encoder_version, settings)
    place = positions(users.keys, night.profiles["user_key"].combine_chunks())
    platform = night.profiles["platform"].combine_chunks().take(pa.array(place, mask=place == ABSENT))
    at = found.users.schema.get_field_index("platform")
    return FeatureTables(found.users.set_column(at, "platform", platform), found.items, found.community_likes)


def tables_of(
    evidence: EvidenceTables, users: NamedUsers, ds: str, encoder_version: str, settings: Settings
) -> FeatureTables:
    """Make the feature tables of named users, of whom none gets a list."""
    texts, products = TextVectors.of(evidence.embeddings), vocabulary(evidence.products["product_id"])
    hours = Hours.of_likes(evidence.affinities, settings.recommend.trend_half_life)
    sums = ProductSums.of(evidence.affinities, evidence.comments, texts, products, hours)
    side = ProductFeatures.of(sums, evidence.products, texts, evidence.pictures)
    parts = UserParts(evidence.affinities, evidence.comments, evidence.ties, texts)
    rows, named = user_rows(parts, users.keys, side, settings), users.rows()
    columns = {name: rows[name] for name in rows.column_names}
    columns |= {"name": named["name"], "community": named["community"]}
    columns |= {"platform": pa.nulls(len(rows), pa.string()), "ds": pa.array([ds] * len(rows), pa.string())}
    labels = label_counts(favourable(evidence.comments)[1])
    items = item_rows(
        side,
        sums,
        evidence.products,
        labels,
        looks_of(products, evidence.products, evidence.pictures),
        ds=ds,
        encoder_version=encoder_version,
        small_seller_share=settings.recommend.small_seller_share,
    )
    return FeatureTables(
        pa.table(columns).select(arrow_schema(USER_FEATURES).names).cast(arrow_schema(USER_FEATURES)),
        items,
        community_rows(_likes_by_community(evidence.affinities, users), users.sizes(), ds),
    )


def community_rows(counts: pa.Table, sizes: Indices, ds: str) -> pa.Table:
    """Make rows of gold.community_likes from the members who like a product: `community`, `product_id`, `n`."""
    counts = counts.sort_by([("community", "ascending"), ("product_id", "ascending")])
    shares = counts["n"].to_numpy() / sizes[counts["community"].to_numpy()]
    days = pa.array([ds] * len(counts), pa.string())
    columns = [counts["community"], counts["product_id"], pa.array(shares.astype(np.float32)), days]
    return pa.table(columns, schema=arrow_schema(COMMUNITY_LIKES))


def _likes_by_community(affinities: pa.Table, users: NamedUsers) -> pa.Table:
    liked = affinities.filter(pc.field("affinity_micros") > 0)
    community = users.communities[positions(liked["user_key"], users.keys)]
    found = pa.table({"community": community, "product_id": liked["product_id"]}).filter(pa.array(community != ABSENT))
    counted = found.group_by(["community", "product_id"]).aggregate([([], "count_all")])
    return counted.rename_columns({"count_all": "n"})
