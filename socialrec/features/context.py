"""Night to score: features of all users and products, what may be listed, and the evidence of reasons."""

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
from socialrec.features.feature_set import CSR_PARTS, EvidenceTables, FeatureSet, build_features
from socialrec.features.inputs import NightTables
from socialrec.features.item_metadata import ages_in_days, kind_numbers, offered, small_sellers
from socialrec.features.reason_evidence import ReasonEvidence, gather_evidence
from socialrec.privacy.user_order import AFFINITY_PARTS, COMMENT_PARTS, PROFILE_PARTS, in_order, order_users
from socialrec.settings import RecommendSettings, Settings
from socialrec.vectors.arrays import ABSENT, F32, Csr, Flags, Indices, csr, positions, vocabulary

MATRICES = ("seen", "returned")
PRODUCT_FACTS = ("active", "brand", "age_days", "small_seller")


@dataclass(frozen=True)
class Stamp:
    """Values written on every row of a night: day, model versions and kind of model."""

    ds: str
    recommender_version: str
    encoder_version: str
    model_kind: str = ModelKind.TRAINED.value


@dataclass(frozen=True)
class ScoringSnapshot:
    """Features of a night with what its lists need beside them.

    user_ids: pseudonyms (n_users,) in the order of the features' users. target_rows: int64 (n_listed,), users who get a
    list, ascending; platforms: (n_listed,). seen, returned: csr (n_users, n_products). active: bool (n_products,).
    brand: int64 (n_products,), ABSENT where the shop names none. age_days: float32 (n_products,), since the newer of
    its description and its first appearance. small_seller: bool (n_products,). reason_evidence: of everyone and the
    catalogue.
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
    reason_evidence: ReasonEvidence
    stamp: Stamp
    settings: RecommendSettings

    @cached_property
    def small_seller_likes(self) -> float:
        """Share of all likes on small sellers' products."""
        likes = likes_of(self.features.affinity)
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
        self.features.save(folder)
        tensors = {
            f"{name}.{part}": np.asarray(getattr(getattr(self, name), part)) for name in MATRICES for part in CSR_PARTS
        }
        tensors |= {name: getattr(self, name) for name in ("target_rows", *PRODUCT_FACTS)}
        save_file(tensors, folder / "context.safetensors")
        pq.write_table(pa.table({"user_key": self.user_ids}), folder / "everyone.parquet")
        pq.write_table(pa.table({"platform": self.platforms}), folder / "platforms.parquet")
        self.reason_evidence.save(folder)
        document = {"stamp": vars(self.stamp), "settings": self.settings.model_dump(mode="json")}
        (folder / "context.json").write_text(json.dumps(document), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        tensors = load_file(folder / "context.safetensors")
        document = json.loads((folder / "context.json").read_text(encoding="utf-8"))
        matrices = {}
        for name in MATRICES:
            data, indices, indptr, shape = (tensors[f"{name}.{part}"] for part in CSR_PARTS)
            matrices[name] = sp.csr_matrix((data, indices, indptr), shape=tuple(shape.tolist()))
        return cls(
            features=FeatureSet.load(folder),
            user_ids=pq.read_table(folder / "everyone.parquet")["user_key"].combine_chunks(),
            target_rows=tensors["target_rows"],
            platforms=pq.read_table(folder / "platforms.parquet")["platform"].combine_chunks(),
            **{name: tensors[name] for name in PRODUCT_FACTS},
            reason_evidence=ReasonEvidence.load(folder),
            stamp=Stamp(**document["stamp"]),
            settings=RecommendSettings.model_validate(document["settings"]),
            **matrices,
        )


def likes_of(affinity: Csr) -> npt.NDArray[np.int64]:
    """Number of users who like each product, int64 (n_products,)."""
    return np.bincount(affinity.indices[affinity.data > 0], minlength=affinity.shape[1]).astype(np.int64)


def build_context(
    night: NightTables, *, catalogue: pa.Array, stamp: Stamp, settings: Settings, sample: float = 1.0
) -> ScoringSnapshot:
    """Build the context of a night over the model's products (`catalogue`) and those that came after it was trained.

    Every user of the profiles gets a list, or a share of them where `sample` is below 1.
    """
    own = ((night.affinities, AFFINITY_PARTS), (night.comments, COMMENT_PARTS), (night.profiles, PROFILE_PARTS))
    users, products = order_users(own, night.ties), night.products.sort_by("product_id")
    # By name and in an order of names, so that sums do not depend on pseudonyms.
    affinities = in_order(users.renamed(night.affinities), AFFINITY_PARTS)
    comments = in_order(users.renamed(night.comments), COMMENT_PARTS)
    ties = in_order(users.renamed(night.ties), ("neighbour_key",))
    evidence = EvidenceTables(affinities, comments, tie_parts(ties), products, night.embeddings)
    features = build_features(evidence, settings, users=users.names, products=with_new(catalogue, products))
    names, shape = features.products, features.affinity.shape
    rows, columns = positions(affinities["user_key"], features.users), positions(affinities["product_id"], names)
    returned = affinities["affinity_micros"].to_numpy(zero_copy_only=False) <= 0
    profile = positions(users.keys, night.profiles["user_key"].combine_chunks())
    is_listed = (profile != ABSENT) & np.array([_in_sample(name, sample) for name in users.names.to_pylist()], np.bool_)
    listed = np.flatnonzero(is_listed)
    brand = kind_numbers(products, "brand", names)
    return ScoringSnapshot(
        features=features,
        user_ids=users.keys,
        target_rows=listed,
        platforms=night.profiles["platform"].take(pa.array(profile[listed])).combine_chunks(),
        seen=csr(np.ones(len(rows)), rows, columns, shape),
        returned=csr(np.ones(returned.sum()), rows[returned], columns[returned], shape),
        active=offered(products, names),
        brand=brand,
        age_days=ages_in_days(products, names, stamp.ds),
        small_seller=small_sellers(brand, likes_of(features.affinity), settings.recommend.small_seller_share),
        reason_evidence=gather_evidence(evidence, users=features.users, names=names),
        stamp=stamp,
        settings=settings.recommend,
    )


def with_new(catalogue: pa.Array, products: pa.Table) -> pa.Array:
    """Catalogue of a night: the model's products in their order, then the shop's others, sorted."""
    ids = vocabulary(products["product_id"])
    new = ids.filter(pc.invert(pc.is_in(ids, value_set=catalogue)))
    return pa.concat_arrays([catalogue.cast(pa.string()), new])


def _in_sample(name: str, share: float) -> bool:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "little") < share * 2**32
