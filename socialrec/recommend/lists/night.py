"""Night as the processes that score it see it: all but the rows of users."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pds

from socialrec.contracts.gold import COMMUNITY_LIKES, ITEM_FEATURES, USER_FEATURES
from socialrec.errors import UserError
from socialrec.features.context import ScoringSnapshot, Stamp
from socialrec.features.item_rows import NightProducts
from socialrec.lake import Lake
from socialrec.lake.integrity.checksums import PARQUET
from socialrec.lake.schemas import arrow_schema
from socialrec.settings import RecommendSettings

FILE = "night.json"


@dataclass(frozen=True)
class Night:
    """Night for the processes that score it: its products, files of gold.community_likes, stamp and settings."""

    products: NightProducts
    likes: tuple[str, ...]
    stamp: Stamp
    settings: RecommendSettings

    @classmethod
    def read(cls, lake: Lake, catalogue: Sequence[str], stamp: Stamp, settings: RecommendSettings) -> Self:
        """Read the products of a day, over a model's catalogue and those that came after it was trained.

        Raises UserError where the day's features are made of another encoder's vectors.
        """
        rows = lake.read(ITEM_FEATURES, [stamp.ds])
        require_encoder(rows, stamp)
        products = NightProducts.of(rows, pa.array(catalogue, pa.string()))
        return cls(products, tuple(lake.files(COMMUNITY_LIKES, [stamp.ds])), stamp, settings)

    def n_blocks(self, n_users: int) -> int:
        """Number of blocks to score so many users in, at least 1."""
        return max(1, -(-n_users // self.settings.users_per_block(len(self.products.products))))

    def save(self, folder: Path) -> None:
        """Write the night for other processes to load."""
        self.products.save(folder)
        document = {"likes": self.likes, "stamp": vars(self.stamp), "settings": self.settings.model_dump(mode="json")}
        (folder / FILE).write_text(json.dumps(document), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        document = json.loads((folder / FILE).read_text(encoding="utf-8"))
        settings = RecommendSettings.model_validate(document["settings"])
        return cls(NightProducts.load(folder), tuple(document["likes"]), Stamp(**document["stamp"]), settings)

    def snapshot(self, rows: pa.Table) -> ScoringSnapshot:
        """Snapshot of rows of gold.user_features, with the likes of the communities of those who get a list."""
        schema = arrow_schema(COMMUNITY_LIKES)
        listed = rows.filter(pc.field("platform").is_valid())
        wanted = pc.field("community").isin(pc.unique(listed["community"]).drop_null())
        likes = pds.dataset(list(self.likes), schema=schema, format=PARQUET).to_table(filter=wanted)
        return ScoringSnapshot.of(rows, likes, self.products, self.stamp, self.settings)


def require_encoder(rows: pa.Table, stamp: Stamp) -> None:
    """Raise UserError where rows of gold.item_features are of another encoder than the stamp's."""
    made_by = set(pc.unique(rows["encoder_version"]).to_pylist())
    if made_by - {stamp.encoder_version}:
        raise UserError(
            f"gold.item_features of {stamp.ds} is made of vectors of encoder {' and '.join(sorted(made_by))}, but the "
            f"model needs those of {stamp.encoder_version}: run build_features of that day again with that encoder"
        )


def read_users(lake: Lake, ds: str, keys: Sequence[str]) -> pa.Table:
    """Read rows of gold.user_features of these users, and of their neighbours, without a platform."""
    rows = lake.read(USER_FEATURES, [ds], filter=pc.field("user_key").isin(pa.array(keys, pa.string())))
    tied = pc.unique(rows["ties"].combine_chunks().flatten().field("neighbour_key"))
    others = lake.read(USER_FEATURES, [ds], filter=pc.field("user_key").isin(tied))
    others = others.filter(pc.invert(pc.is_in(others["user_key"], value_set=rows["user_key"].combine_chunks())))
    at = others.schema.get_field_index("platform")
    return pa.concat_tables([rows, others.set_column(at, "platform", pa.nulls(len(others), pa.string()))])
