"""Fresh evidence of a night: events of every user, their ties, and the products on offer."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import scipy.sparse as sp
from safetensors.numpy import load_file, save_file

from socialrec.contracts.vocabulary import ModelKind
from socialrec.evaluate.split import tie_parts
from socialrec.features.communities import community_likes, find_communities
from socialrec.features.evidence import (
    affinity_of_rollup,
    newest_pairs,
    opinion_matrix,
    recency_of_times,
    tie_matrix,
    trend_of,
)
from socialrec.features.item_metadata import ages_in_days, kind_numbers, offered, small_sellers
from socialrec.features.reason_evidence import ReasonEvidence, gather_evidence
from socialrec.privacy.user_order import AFFINITY_PARTS, COMMENT_PARTS, PROFILE_PARTS, in_order, order_users
from socialrec.settings import RecommendSettings, Settings
from socialrec.vectors.arrays import ABSENT, F32, Csr, Flags, Indices, csr, positions

MATRICES = ("affinity", "recency", "seen", "returned", "opinions", "ties")
PRODUCT_FACTS = ("trend", "active", "category", "brand", "age_days", "small_seller")


@dataclass(frozen=True)
class Stamp:
    """Values written on every row of a night: day, model versions and kind of model."""

    ds: str
    recommender_version: str
    encoder_version: str
    model_kind: str = ModelKind.TRAINED.value


@dataclass(frozen=True)
class ScoringSnapshot:
    """Fresh evidence over a model's catalogue.

    user_ids: pseudonyms (n_everyone,), in an order independent of them, and names: labels that do not depend on
    pseudonyms, see `UserOrder`. target_rows: int64 (n_users,), users who get a list, ascending; platforms: (n_users,).
    affinity, recency, seen, returned, opinions: csr (n_everyone, n_products). ties: csr (n_everyone, n_everyone), rows
    adding up to 1. communities: int64 (n_everyone,), ABSENT without ties. trend: float32 (n_products,), users of each
    product, the newest counting most. active: bool (n_products,). category, brand: int64 (n_products,), ABSENT where
    the shop names none. age_days: float32 (n_products,), since the newer of its description and its first appearance.
    small_seller: bool (n_products,). reason_evidence: of everyone and the catalogue.
    """

    user_ids: pa.Array
    names: pa.Array
    target_rows: Indices
    platforms: pa.Array
    affinity: Csr
    recency: Csr
    seen: Csr
    returned: Csr
    opinions: Csr
    ties: Csr
    communities: Indices
    trend: F32
    active: Flags
    category: Indices
    brand: Indices
    age_days: F32
    small_seller: Flags
    reason_evidence: ReasonEvidence
    stamp: Stamp
    settings: RecommendSettings

    @cached_property
    def community_likes(self) -> Csr:
        """Share of each community who like each product; the last row is for users without a community."""
        return community_likes(self.communities, self.affinity)

    @cached_property
    def small_seller_likes(self) -> float:
        """Share of all likes on small sellers' products."""
        likes = likes_of(self.affinity)
        return float(likes[self.small_seller].sum() / max(likes.sum(), 1))

    @property
    def block_users(self) -> int:
        """Users of a block: it depends on settings and catalogue alone, the same on every machine."""
        return self.settings.users_per_block(len(self.active))

    @property
    def n_blocks(self) -> int:
        """Number of blocks of `block_users` users; their members do not depend on the distribution of the work."""
        return -(-len(self.target_rows) // self.block_users)

    def block_rows(self, block: int) -> tuple[int, Indices]:
        """First place of a block among the listed users, and the rows of its users among `everyone`."""
        start = block * self.block_users
        return start, self.target_rows[start : start + self.block_users]

    def without(self, users: pa.Array) -> Self:
        """Make the same context without lists for these users."""
        is_left = pc.invert(pc.is_in(self.user_ids.take(pa.array(self.target_rows)), value_set=users))
        rows = self.target_rows[is_left.to_numpy(zero_copy_only=False)]
        return replace(self, target_rows=rows, platforms=self.platforms.filter(is_left))

    def save(self, folder: Path) -> None:
        """Write the context for other processes to load."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {f"{name}.{part}": getattr(getattr(self, name), part) for name in MATRICES for part in _PARTS}
        tensors |= {name: getattr(self, name) for name in ("target_rows", "communities", *PRODUCT_FACTS)}
        save_file(tensors, folder / "context.safetensors")
        pq.write_table(pa.table({"user_key": self.user_ids, "name": self.names}), folder / "everyone.parquet")
        pq.write_table(pa.table({"platform": self.platforms}), folder / "platforms.parquet")
        self.reason_evidence.save(folder)
        document = {"stamp": vars(self.stamp), "settings": self.settings.model_dump(mode="json")}
        (folder / "context.json").write_text(json.dumps(document), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        tensors = load_file(folder / "context.safetensors")
        document = json.loads((folder / "context.json").read_text(encoding="utf-8"))
        users = pq.read_table(folder / "everyone.parquet").combine_chunks()
        n_everyone, n_products = users.num_rows, len(tensors["active"])
        widths = {**dict.fromkeys(MATRICES, n_products), "ties": n_everyone}
        matrices = {
            name: sp.csr_matrix(tuple(tensors[f"{name}.{part}"] for part in _PARTS), shape=(n_everyone, width))
            for name, width in widths.items()
        }
        return cls(
            user_ids=users["user_key"].combine_chunks(),
            names=users["name"].combine_chunks(),
            target_rows=tensors["target_rows"],
            communities=tensors["communities"],
            platforms=pq.read_table(folder / "platforms.parquet")["platform"].combine_chunks(),
            **{name: tensors[name] for name in PRODUCT_FACTS},
            reason_evidence=ReasonEvidence.load(folder),
            stamp=Stamp(**document["stamp"]),
            settings=RecommendSettings.model_validate(document["settings"]),
            **matrices,
        )


_PARTS = ("data", "indices", "indptr")


def likes_of(affinity: Csr) -> npt.NDArray[np.int64]:
    """Number of users who like each product, int64 (n_products,)."""
    return np.bincount(affinity.indices[affinity.data > 0], minlength=affinity.shape[1]).astype(np.int64)


def build_context(
    affinities: pa.Table,
    ties: pa.Table,
    products: pa.Table,
    profiles: pa.Table,
    comments: pa.Table,
    *,
    catalogue: pa.Array,
    stamp: Stamp,
    settings: Settings,
    sample: float = 1.0,
) -> ScoringSnapshot:
    """Build the context from rows of gold.user_product_affinity, gold.social_ties, silver.products and
    gold.user_profiles of one day, and of silver.comments up to it.

    `catalogue` is the model's products. Products that came after it was trained have no column yet and wait for the
    next training. Every user of the profiles gets a list, or a share of them where `sample` is below 1.
    """
    own = ((affinities, AFFINITY_PARTS), (comments, COMMENT_PARTS), (profiles, PROFILE_PARTS))
    users = order_users(own, ties)
    everyone = users.keys
    products = products.sort_by("product_id")
    rows, columns = positions(affinities["user_key"], everyone), positions(affinities["product_id"], catalogue)
    profile = positions(everyone, profiles["user_key"].combine_chunks())
    is_listed = (profile != ABSENT) & np.array([_in_sample(name, sample) for name in users.names.to_pylist()], np.bool_)
    listed = np.flatnonzero(is_listed)
    returned = affinities["affinity_micros"].to_numpy(zero_copy_only=False) <= 0
    strengths = tie_matrix(tie_parts(ties), everyone, settings)
    affinity = affinity_of_rollup(affinities, everyone, catalogue, settings)
    newest = newest_pairs(affinities, "last_event_ts", everyone, catalogue)
    brand = kind_numbers(products, "brand", catalogue)
    return ScoringSnapshot(
        user_ids=everyone,
        names=users.names,
        target_rows=listed,
        platforms=profiles["platform"].take(pa.array(profile[listed])).combine_chunks(),
        affinity=affinity,
        trend=trend_of(newest, affinity, settings.recommend.trend_half_life),
        recency=recency_of_times(*newest, affinity.shape),
        seen=csr(np.ones(len(rows)), rows, columns, (len(everyone), len(catalogue))),
        returned=csr(np.ones(returned.sum()), rows[returned], columns[returned], (len(everyone), len(catalogue))),
        opinions=opinion_matrix(in_order(users.renamed(comments), COMMENT_PARTS), users.names, catalogue),
        ties=strengths,
        communities=find_communities(strengths),
        active=offered(products, catalogue),
        category=kind_numbers(products, "category", catalogue),
        brand=brand,
        age_days=ages_in_days(products, catalogue, stamp.ds),
        small_seller=small_sellers(brand, likes_of(affinity), settings.recommend.small_seller_share),
        reason_evidence=gather_evidence(affinities, comments, ties, products, users=everyone, names=catalogue),
        stamp=stamp,
        settings=settings.recommend,
    )


def _in_sample(name: str, share: float) -> bool:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "little") < share * 2**32
