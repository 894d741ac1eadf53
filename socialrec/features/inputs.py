"""Inputs of a training from the lake, and the parts that may be learned from on either side of a split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.columns import Table
from socialrec.contracts.gold import (
    ALIGNED_PICTURES,
    COMMENT_INSIGHTS,
    COMMUNITY_LIKES,
    ITEM_FEATURES,
    PICTURE_EMBEDDINGS,
    PRODUCT_ATTRIBUTES,
    SOCIAL_TIES,
    TEXT_EMBEDDINGS,
    USER_FEATURES,
    USER_PRODUCT_AFFINITY,
    USER_PROFILES,
)
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.errors import UserError
from socialrec.evaluate.split import Split, Until
from socialrec.features.attributes import with_predicted
from socialrec.features.evidence import affinities_of_events
from socialrec.features.feature_set import EvidenceTables, FeatureSet, build_features
from socialrec.features.fit_users import users_to_fit
from socialrec.features.pictures import no_pictures, read_aligned
from socialrec.lake import Lake
from socialrec.privacy.user_order import HAPPENED, NamedTables
from socialrec.settings import Settings
from socialrec.vectors.arrays import ABSENT, positions

INTERACTION_COLUMNS = ("user_key", "product_id", "event_type", "event_ts", "quantity", "platform", "ds")
COMMENT_COLUMNS = ("user_key", "product_id", "text", "text_hash", "rating", "created_ts", "parent_comment_id")
COMMENT_KEY = ("platform", "comment_id", "ds")
INSIGHTS = ("sentiment", "sentiment_confidence", "aspects", "aspect_sentiments", "aspect_quotes")
ATTRIBUTE_COLUMNS = ("product_id", "attribute", "value", "origin")
PRODUCT_COLUMNS = (
    *("product_id", "text", "text_hash", "is_active", "category", "brand"),
    *("first_seen_ds", "updated_ts", "pictures"),
)


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
    pictures: pa.Table = field(default_factory=no_pictures)

    def evidence(self, split: Split, until: Until, settings: Settings) -> EvidenceTables:
        """Evidence before a cut; `"all"` is everything up to the end of the day."""
        cut = split.cut(until)
        day = date.fromisoformat(self.ds) if cut is None else cut.date()
        events = split.training_interactions(self.interactions, until)
        return EvidenceTables(
            affinities_of_events(events, day, settings.etl),
            split.training_comments(self.comments, until),
            split.ties_as_of(self.ties, until),
            self.products,
            self.embeddings,
            self.pictures,
        )

    def features(self, split: Split, until: Until, settings: Settings) -> FeatureSet:
        """Build the features as of a cut."""
        return build_features(self.evidence(split, until, settings), settings)


@dataclass(frozen=True)
class NightTables:
    """Rows that a night's lists are made from: gold's of its day, comments up to it, and vectors of their texts and
    of the products' pictures.
    """

    affinities: pa.Table
    ties: pa.Table
    products: pa.Table
    profiles: pa.Table
    comments: pa.Table
    embeddings: pa.Table
    pictures: pa.Table = field(default_factory=no_pictures)


NIGHT_TABLES = (USER_PRODUCT_AFFINITY, SOCIAL_TIES, SILVER_PRODUCTS, USER_PROFILES)
FEATURE_TABLES = (USER_FEATURES, ITEM_FEATURES, COMMUNITY_LIKES)
FEATURE_SETTINGS = ("affinity_exponent", "trend_half_life", "small_seller_share")
"""Settings of `recommend` that these tables depend on."""


def read_inputs(
    lake: Lake,
    ds: str,
    encoder_version: str,
    pinned: Mapping[str, int | None] | None = None,
    *,
    max_users: int | None = None,
) -> Inputs:
    """Read everything up to day `ds`, at the pinned table versions or else the newest: the same in every home.

    Of more than `max_users` users with interactions, so many are drawn (see `users_to_fit`), with what they did and
    wrote, and the ties between them. A shop without interactions has none to learn from. Raises UserError where the
    catalogue or its encoded texts are missing.
    """
    products_and_texts = (SILVER_PRODUCTS, PRODUCT_ATTRIBUTES, TEXT_EMBEDDINGS)
    events = (SILVER_INTERACTIONS, SILVER_COMMENTS, COMMENT_INSIGHTS, SOCIAL_TIES)
    tables = (*events, *products_and_texts, PICTURE_EMBEDDINGS, ALIGNED_PICTURES)
    versions = {table.name: lake.version(table) for table in tables} | dict(pinned or {})

    def days(table: Table) -> list[str]:
        found = [day for day in lake.partitions(table, versions[table.name]) if day <= ds]
        return found[-1:] if table.is_snapshot else found

    def read(table: Table, columns: Sequence[str] | None, keep: pc.Expression | None = None) -> pa.Table:
        return lake.read(table, days(table), columns, keep, versions[table.name])

    if not days(SILVER_PRODUCTS):
        raise UserError(f"silver.products has nothing up to {ds}: land the catalogue, then run the ETL of that day")
    chosen = None if max_users is None else users_to_fit(lake, days(SILVER_INTERACTIONS), max_users, versions)
    interactions = read(SILVER_INTERACTIONS, INTERACTION_COLUMNS, HAPPENED & rows_of(chosen))
    comments = read_comments(lake, ds, versions, chosen)
    products = with_predicted(read(SILVER_PRODUCTS, PRODUCT_COLUMNS), read(PRODUCT_ATTRIBUTES, ATTRIBUTE_COLUMNS))
    found = Inputs(
        ds=ds,
        interactions=interactions,
        comments=comments,
        ties=read(SOCIAL_TIES, None, rows_of(chosen) & rows_of(chosen, "neighbour_key")),
        products=products,
        embeddings=read_embeddings(lake, ds, encoder_version, (products, comments), versions),
        platforms=tuple(sorted(pc.unique(interactions["platform"]).to_pylist())),
        versions=versions,
        pictures=read_aligned(lake, products, encoder_version, versions),
    )
    return with_names(found)


def read_night(lake: Lake, ds: str, encoder_version: str, users: pa.Array | None = None) -> NightTables:
    """Read the rows of these users (None: of everybody) that the lists of day `ds` are made from.

    Raises UserError where a table has no such day.
    """
    missing = [table.name for table in NIGHT_TABLES if ds not in lake.partitions(table)]
    if missing:
        raise UserError(f"{', '.join(missing)} has no rows of {ds}: run build_silver and build_gold of that day first")
    of_both = rows_of(users) & rows_of(users, "neighbour_key")
    affinities, ties, profiles = (
        lake.read(table, [ds], filter=rows)
        for table, rows in (
            (USER_PRODUCT_AFFINITY, rows_of(users)),
            (SOCIAL_TIES, of_both),
            (USER_PROFILES, rows_of(users)),
        )
    )
    products, comments = read_products(lake, ds), read_comments(lake, ds, users=users)
    embeddings = read_embeddings(lake, ds, encoder_version, (products, comments))
    pictures = read_aligned(lake, products, encoder_version)
    return NightTables(affinities, ties, products, profiles, comments, embeddings, pictures)


def read_products(lake: Lake, ds: str) -> pa.Table:
    """Read the products of day `ds`, with what was predicted where the shop states nothing (see `with_predicted`)."""
    predicted = [day for day in lake.partitions(PRODUCT_ATTRIBUTES) if day == ds]
    attributes = lake.read(PRODUCT_ATTRIBUTES, predicted, ATTRIBUTE_COLUMNS)
    return with_predicted(lake.read(SILVER_PRODUCTS, [ds]), attributes)


def read_embeddings(
    lake: Lake,
    ds: str,
    encoder_version: str,
    texts: Sequence[pa.Table],
    versions: Mapping[str, int | None] | None = None,
) -> pa.Table:
    """Read the vectors of these rows' texts (`text_hash`). Raises UserError where there are texts and no vectors."""
    hashes = pc.unique(pa.chunked_array([chunk for rows in texts for chunk in rows["text_hash"].chunks], pa.string()))
    version = (versions or {}).get(TEXT_EMBEDDINGS.name)
    wanted = pc.field("text_hash").isin(hashes)
    found = lake.read(TEXT_EMBEDDINGS, [encoder_version], ("text_hash", "embedding"), wanted, version)
    if len(hashes) and not found.num_rows:
        raise UserError(f"gold.text_embeddings has no text of {ds} under {encoder_version}: run embed_texts first")
    return found


def with_names(inputs: Inputs) -> Inputs:
    """Rename users and sort all rows by content: equal for any pseudonyms."""
    named = NamedTables.of(inputs.interactions, inputs.comments, inputs.ties)
    products = inputs.products.sort_by([(name, "ascending") for name in ("product_id", "text_hash")])
    return replace(inputs, products=products, **vars(named))


def comment_days(lake: Lake, ds: str, version: int | None = None) -> list[str]:
    """Days with comments up to day `ds`."""
    return [day for day in lake.partitions(SILVER_COMMENTS, version) if day <= ds]


def rows_of(users: pa.Array | None, column: str = "user_key") -> pc.Expression:
    """Filter of rows of these users; None is everybody."""
    return pc.scalar(True) if users is None else pc.field(column).isin(users)


def read_comments(
    lake: Lake, ds: str, versions: Mapping[str, int | None] | None = None, users: pa.Array | None = None
) -> pa.Table:
    """Read comments of these users (None: of everybody) up to day `ds`: `COMMENT_COLUMNS` and `INSIGHTS`, which are
    null where nothing was predicted.
    """
    of_comments, of_insights = ((versions or {}).get(table.name) for table in (SILVER_COMMENTS, COMMENT_INSIGHTS))
    days = comment_days(lake, ds, of_comments)
    comments = lake.read(SILVER_COMMENTS, days, (*COMMENT_COLUMNS, *COMMENT_KEY), rows_of(users), of_comments)
    predicted = [day for day in lake.partitions(COMMENT_INSIGHTS, of_insights) if day in days]
    of_these = pc.scalar(True) if users is None else pc.field("comment_id").isin(comments["comment_id"])
    insights = lake.read(COMMENT_INSIGHTS, predicted, (*COMMENT_KEY, *INSIGHTS), of_these, of_insights)
    places = positions(_keys(comments), _keys(insights).combine_chunks())
    chosen = insights.select(list(INSIGHTS)).take(pa.array(places, mask=places == ABSENT))
    found = comments.select(list(COMMENT_COLUMNS))
    for name in INSIGHTS:
        found = found.append_column(name, chosen[name])
    return found


def _keys(rows: pa.Table) -> pa.ChunkedArray:
    """One string per row of its `COMMENT_KEY`."""
    return pc.binary_join_element_wise(*(pc.cast(rows[name], pa.string()) for name in COMMENT_KEY), "\x1f")


def n_texts_missing(inputs: Inputs) -> int:
    """Number of distinct texts of products and comments without a vector."""
    hashes = pc.unique(
        pa.chunked_array([*inputs.products["text_hash"].chunks, *inputs.comments["text_hash"].chunks], pa.string())
    )
    return int(len(hashes) - pc.sum(pc.is_in(hashes, inputs.embeddings["text_hash"].combine_chunks())).as_py())
