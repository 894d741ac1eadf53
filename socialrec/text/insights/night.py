"""Encoder and heads of a night, with the vectors of texts and what the heads predict from them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.columns import Table
from socialrec.contracts.gold import TEXT_EMBEDDINGS
from socialrec.encoders.encoder import load_saved
from socialrec.encoders.encoding import Batches, encode_batches, without_known
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema
from socialrec.settings.text import TaskName, TextSettings
from socialrec.text.understanding.aspect_learning import aspects_beside
from socialrec.text.understanding.heads import Heads, heads_beside
from socialrec.text.understanding.prediction import predict_batches


@dataclass(frozen=True)
class InsightNight:
    """Night `ds` of a lake, with the encoder and the heads in `folder`.

    Raises UserError where a text has no vector yet.
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

    @cached_property
    def aspects(self) -> Mapping[str, Sequence[str]]:
        """Entries of the aspects that are listed in the settings, and of those that the training learned."""
        return aspects_beside(self.folder) | self.settings.aspects

    def predicted(self, tasks: Sequence[TaskName], hashes: pa.ChunkedArray) -> pa.Table:
        """Predictions of the heads of these tasks, where they exist, by text_hash."""
        asked = [self.heads[task] for task in tasks if task in self.heads]
        predictions = list(predict_batches(asked, self.vectors(hashes))) if asked else []
        return pa.Table.from_batches(predictions) if predictions else pa.table({"text_hash": pa.array([], pa.string())})

    def vectors(self, hashes: pa.ChunkedArray) -> Batches:
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

    def encode(self, texts: pa.Table) -> None:
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


def shaped(columns: Mapping[str, pa.Array | pa.ChunkedArray], table: Table) -> pa.Table:
    """Rows of a table from its columns, in the types of its contract."""
    schema = arrow_schema(table)
    return pa.table({name: columns[name] for name in schema.names}).cast(schema)
