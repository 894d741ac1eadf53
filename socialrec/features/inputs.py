"""Inputs of a training from the lake, and the parts that may be learned from on either side of a split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.columns import Table
from socialrec.contracts.gold import SOCIAL_TIES, TEXT_EMBEDDINGS
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.errors import UserError
from socialrec.evaluate.split import Split, Until
from socialrec.features.data import TrainingData, TrainingTables, build_training_data
from socialrec.lake import Lake
from socialrec.privacy.user_order import HAPPENED, NamedTables
from socialrec.settings import Settings

INTERACTION_COLUMNS = ("user_key", "product_id", "event_type", "event_ts", "quantity")
COMMENT_COLUMNS = ("user_key", "product_id", "text", "text_hash", "rating", "created_ts", "parent_comment_id")
PRODUCT_COLUMNS = ("product_id", "text", "text_hash", "is_active", "category", "brand", "first_seen_ds")


@dataclass(frozen=True)
class Inputs:
    """Rows of one day's lake, their platforms, and the versions of the tables they were read from.

    `read_inputs` names users by their events instead of their pseudonyms.
    """

    ds: str
    interactions: pa.Table
    comments: pa.Table
    ties: pa.Table
    products: pa.Table
    embeddings: pa.Table
    platforms: tuple[str, ...]
    versions: dict[str, int | None]

    def training_data(self, split: Split, until: Until, settings: Settings) -> TrainingData:
        """Build matrices of the data before a cut; `"all"` is everything up to the end of the day."""
        as_of = split.cut(until)
        if until == "all":
            as_of = datetime.fromisoformat(self.ds).replace(tzinfo=UTC) + timedelta(days=1)
        evidence = TrainingTables(
            split.training_interactions(self.interactions, until),
            split.training_comments(self.comments, until),
            split.ties_as_of(self.ties, until),
            as_of,
        )
        return build_training_data(evidence, self.products, self.embeddings, settings)


def read_inputs(lake: Lake, ds: str, encoder_version: str, pinned: Mapping[str, int | None] | None = None) -> Inputs:
    """Read everything up to day `ds`, at the pinned table versions or else the newest: the same in every home.

    A shop without interactions has none to learn from. Raises UserError where the catalogue or its encoded texts are
    missing.
    """
    tables = (SILVER_INTERACTIONS, SILVER_COMMENTS, SILVER_PRODUCTS, SOCIAL_TIES, TEXT_EMBEDDINGS)
    versions = dict(pinned or {table.name: lake.version(table) for table in tables})

    def read(
        table: Table, partitions: list[str], columns: tuple[str, ...] | None, keep: pc.Expression | None = None
    ) -> pa.Table:
        return lake.read(table, partitions, columns, keep, versions[table.name])

    def days(table: Table) -> list[str]:
        found = [day for day in lake.partitions(table, versions[table.name]) if day <= ds]
        return found[-1:] if table.is_snapshot else found

    if not days(SILVER_PRODUCTS):
        raise UserError(f"silver.products has nothing up to {ds}: land the catalogue, then run the ETL of that day")
    interactions = read(SILVER_INTERACTIONS, days(SILVER_INTERACTIONS), (*INTERACTION_COLUMNS, "platform"), HAPPENED)
    comments = read(SILVER_COMMENTS, days(SILVER_COMMENTS), COMMENT_COLUMNS)
    products = read(SILVER_PRODUCTS, days(SILVER_PRODUCTS), PRODUCT_COLUMNS)
    hashes = pc.unique(pa.chunked_array([*products["text_hash"].chunks, *comments["text_hash"].chunks], pa.string()))
    wanted = pc.field("text_hash").isin(hashes)
    embeddings = read(TEXT_EMBEDDINGS, [encoder_version], ("text_hash", "embedding"), wanted)
    if products.num_rows and not embeddings.num_rows:
        raise UserError(f"gold.text_embeddings has no text of {ds} under {encoder_version}: run embed_texts first")
    found = Inputs(
        ds=ds,
        interactions=interactions,
        comments=comments,
        ties=read(SOCIAL_TIES, days(SOCIAL_TIES), None),
        products=products,
        embeddings=embeddings,
        platforms=tuple(sorted(pc.unique(interactions["platform"]).to_pylist())),
        versions=versions,
    )
    return with_names(found)


def with_names(inputs: Inputs) -> Inputs:
    """Rename users and sort all rows by content: equal for any pseudonyms."""
    named = NamedTables.of(inputs.interactions, inputs.comments, inputs.ties)
    products = inputs.products.sort_by([(name, "ascending") for name in ("product_id", "text_hash")])
    return replace(inputs, products=products, **vars(named))


def comment_days(lake: Lake, ds: str) -> list[str]:
    """Days with comments up to day `ds`."""
    return [day for day in lake.partitions(SILVER_COMMENTS) if day <= ds]


def read_comments(lake: Lake, ds: str) -> pa.Table:
    """Read comments up to day `ds`: user, product, stars and parent comment."""
    return lake.read(SILVER_COMMENTS, comment_days(lake, ds), COMMENT_COLUMNS)


def n_texts_missing(inputs: Inputs) -> int:
    """Number of distinct texts of products and comments without a vector."""
    hashes = pc.unique(
        pa.chunked_array([*inputs.products["text_hash"].chunks, *inputs.comments["text_hash"].chunks], pa.string())
    )
    return int(len(hashes) - pc.sum(pc.is_in(hashes, inputs.embeddings["text_hash"].combine_chunks())).as_py())
