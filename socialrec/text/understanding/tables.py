"""Insight tables of one night: rows of the gold tables, from silver, affinities and existing vectors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.gold import (
    BEHAVIOUR_PROPENSITIES,
    COMMENT_INSIGHTS,
    TEXT_EMBEDDINGS,
    USER_PRODUCT_AFFINITY,
)
from socialrec.contracts.silver import SILVER_COMMENTS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.encoders.encoder import load_saved
from socialrec.encoders.encoding import Batches, encode_batches, without_known
from socialrec.errors import UserError
from socialrec.features.pictures import mean_pictures, picture_version, read_pictures
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.privacy.user_order import HAPPENED
from socialrec.settings.text import TaskName, TextSettings
from socialrec.text.material import ATTRIBUTES, EVENT_COLUMNS, blank_to_null
from socialrec.text.understanding import insights
from socialrec.text.understanding.heads import Heads, heads_beside
from socialrec.text.understanding.picture_heads import picture_heads_beside
from socialrec.text.understanding.prediction import predict_batches
from socialrec.vectors.arrays import vectors_of


@dataclass(frozen=True)
class InsightBuilder:
    """Builder of the tables of night `ds` with the encoder and the heads in `folder`.

    Raises UserError where a text of a product or a comment has no vector yet.
    """

    lake: Lake
    settings: TextSettings
    ds: str
    folder: Path

    @cached_property
    def heads(self) -> Heads:
        """Heads that were trained with the encoder; none for an untuned base model."""
        return heads_beside(self.folder)

    @cached_property
    def version(self) -> str:
        """Version of the encoder, under which its vectors are kept."""
        document = json.loads((self.folder / "encoder.json").read_text(encoding="utf-8"))
        return str(document["version"])

    def comments(self, days: Sequence[str]) -> pa.Table:
        """Make gold.comment_insights of these landing days."""
        names = ("comment_id", "text", "text_hash", "rating", "topic", "platform", "ds")
        comments = self.lake.read(SILVER_COMMENTS, days, names)
        # Stars without text have no vector.
        worded = comments.filter(pc.field("text") != "")
        predictions = self._predicted([TaskName.SENTIMENT, TaskName.TOPIC], worded["text_hash"])
        return insights.comment_insights(comments, predictions, self.settings.aspects, self.version)

    def attributes(self) -> pa.Table:
        """Make gold.product_attributes."""
        names = ("product_id", "category", "brand", "text_hash", "pictures", "platform", "ds")
        products = self.lake.read(SILVER_PRODUCTS, [self.ds], names)
        predictions = self._predicted([TaskName.ATTRIBUTES], products["text_hash"])
        of_both, least = self._of_both(products), self.settings.min_attribute_confidence
        return insights.product_attributes(products, predictions, of_both, least)

    def propensities(self) -> pa.Table:
        """Make gold.behaviour_propensities; texts of events without vector are encoded and kept."""
        if TaskName.NEXT_ACTION not in self.heads:
            return arrow_schema(BEHAVIOUR_PROPENSITIES).empty_table()
        events = self.lake.read(SILVER_INTERACTIONS, [self.ds], EVENT_COLUMNS, HAPPENED)
        is_active = pc.field("user_key").isin(pc.unique(events["user_key"]))
        columns = ("user_key", "product_id", "affinity_micros")
        affinities = self.lake.read(USER_PRODUCT_AFFINITY, [self.ds], columns, filter=is_active)
        products = self.lake.read(SILVER_PRODUCTS, [self.ds], ("product_id", "title"))
        actions = insights.last_actions(events, affinities, products, self.settings.propensity_products)
        self._encode(actions.select(["text_hash", "text"]))
        known = pa.Table.from_batches(self._vectors(actions["text_hash"]), arrow_schema(TEXT_EMBEDDINGS))
        known = known.take(pc.index_in(actions["text_hash"], known["text_hash"].combine_chunks())).combine_chunks()
        head = self.heads[TaskName.NEXT_ACTION]
        chances = np.zeros((0, len(head.outputs[0].classes)), dtype=np.float32)
        if len(actions):
            (chances,) = head.probabilities(
                vectors_of(known["embedding"].combine_chunks()), actions["text"].to_pylist()
            )
        classes = head.outputs[0].classes
        return insights.behaviour_propensities(actions, chances, classes, self.version, self.ds)

    def opinions(self, fresh: pa.Table) -> pa.Table:
        """Make gold.user_opinions, from uncommitted insights and those of all other days so far."""
        days = [day for day in self.lake.partitions(SILVER_COMMENTS) if day <= self.ds]
        names = ("comment_id", "user_key", "product_id", "created_ts", "platform")
        said = self.lake.read(SILVER_COMMENTS, days, names)
        predictions = ["comment_id", "platform", "sentiment", "aspects", "aspect_sentiments"]
        others = sorted(set(days) - set(pc.unique(fresh["ds"]).to_pylist()))
        known = pa.concat_tables([fresh.select(predictions), self.lake.read(COMMENT_INSIGHTS, others, predictions)])
        products = self.lake.read(SILVER_PRODUCTS, [self.ds], ("product_id", "category"))
        return insights.user_opinions(said, known, products, self.settings.opinion_comments, self.ds)

    def _of_both(self, products: pa.Table) -> pa.Table:
        """Predictions from text and pictures by product_id, of products that have pictures and lack an attribute."""
        heads, nothing = picture_heads_beside(self.folder), pa.table({"product_id": pa.array([], pa.string())})
        if heads is None or heads.picture_version != picture_version(self.lake):
            return nothing
        missing = [pc.is_null(blank_to_null(products[name])) for name in ATTRIBUTES]
        lacking = products.filter(pc.or_(*missing))
        vectors = read_pictures(self.lake, lacking)
        if not vectors.num_rows:
            return nothing
        pictures = mean_pictures(lacking["product_id"].combine_chunks(), lacking, vectors)
        shown = np.flatnonzero(pictures.any(axis=1))
        lacking = lacking.take(pa.array(shown))
        known = pa.Table.from_batches(self._vectors(lacking["text_hash"]), arrow_schema(TEXT_EMBEDDINGS))
        places = pc.index_in(lacking["text_hash"], known["text_hash"].combine_chunks())
        texts = vectors_of(known["embedding"].combine_chunks().take(places))
        columns = heads.predict(self.heads[TaskName.ATTRIBUTES], texts, pictures[shown])
        return pa.table({"product_id": lacking["product_id"]} | columns)

    def _predicted(self, tasks: Sequence[TaskName], hashes: pa.ChunkedArray) -> pa.Table:
        """Predictions of the heads of these tasks, where they exist, by text_hash."""
        asked = [self.heads[task] for task in tasks if task in self.heads]
        predictions = list(predict_batches(asked, self._vectors(hashes))) if asked else []
        return pa.Table.from_batches(predictions) if predictions else pa.table({"text_hash": pa.array([], pa.string())})

    def _vectors(self, hashes: pa.ChunkedArray) -> Batches:
        """Vectors of these texts, each once."""
        wanted = pc.unique(hashes)
        if not len(wanted):
            return
        found = 0
        dataset = self.lake.dataset(TEXT_EMBEDDINGS, [self.version])
        for batch in dataset.to_batches(filter=pc.field("text_hash").isin(wanted)):
            if batch.num_rows:
                found += batch.num_rows
                yield batch
        if found < len(wanted):
            raise UserError(
                f"{TEXT_EMBEDDINGS.name} lacks {len(wanted) - found} of {len(wanted)} texts under {self.version}: "
                f"run embed_texts of {self.ds} first"
            )

    def _encode(self, texts: pa.Table) -> None:
        """Add the missing vectors of texts that are not in gold.texts to the cache."""
        known = set(self.lake.read(TEXT_EMBEDDINGS, [self.version], ["text_hash"])["text_hash"].to_pylist())
        distinct = texts.group_by("text_hash").aggregate([("text", "min")]).rename_columns(["text_hash", "text"])
        missing = list(without_known(iter(distinct.to_batches()), known))
        if not sum(batch.num_rows for batch in missing):
            return
        # The cache still depends on the same gold.texts, so the check for up-to-date partitions is unchanged.
        last = self.lake.last_commit(TEXT_EMBEDDINGS, self.version)
        encoder = load_saved(self.folder, self.settings)
        with self.lake.stage(TEXT_EMBEDDINGS, job="predict_insights", partitions=[self.version], append=True) as stage:
            stage.write(encode_batches(encoder, iter(missing)))
            counts = {"published": sum(batch.num_rows for batch in missing)}
            stage.commit(fingerprint=last.fingerprint if last else "", counts=counts)
