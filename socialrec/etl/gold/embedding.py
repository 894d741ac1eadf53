"""Vectors of texts that an encoder has not encoded yet, made under Spark or in one process; all others are reused."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path

import duckdb

from socialrec.contracts.columns import Table
from socialrec.contracts.gold import TEXT_EMBEDDINGS
from socialrec.encoders.prompts import DOCUMENT, Role, vectors_version
from socialrec.errors import UserError
from socialrec.etl.progress import pack_tokens
from socialrec.lake import Stage
from socialrec.runtime import job
from socialrec.settings.text import Engine

_BATCH_ROWS = 4_096
Sources = Mapping[Table, Sequence[str]]
"""Partitions, by their tables, which have `text_hash` and `text`."""


def embed(run: job.Run, folder: Path, sources: Mapping[Role, Sources]) -> None:
    """Append the missing vectors of texts, by the part that they play, and write the receipt.

    They are a cache by content that nobody sees, so a dry run keeps them too. Raises UserError where the folder holds
    no encoder.
    """
    require_encoder(folder)
    roles: dict[str, Role] = {}
    tables: dict[str, dict[Table, Sequence[str]]] = defaultdict(dict)
    for role, of_role in sources.items():
        version = vectors_version(folder, role)
        roles.setdefault(version, role)
        tables[version] |= of_role
    builders = [VectorBuilder(run, tables[version], folder, role) for version, role in roles.items()]
    n_texts = sum(builder.n_texts for builder in builders)
    encoded = [builder.build() for builder in builders]
    n_encoded = sum(n for n in encoded if n is not None)
    run.done(
        status="up_to_date" if all(n is None for n in encoded) else "written",
        counts={"encoded": n_encoded, "reused": n_texts - n_encoded},
        encoder_version=vectors_version(folder, Role.QUERY),
    )


def require_encoder(folder: Path) -> None:
    """Raise UserError where a folder holds no encoder."""
    if not (folder / DOCUMENT).exists():
        raise UserError(f"{folder} holds no encoder: run pin_models, in a training finetune_encoder, of this run again")


@dataclass(frozen=True)
class VectorBuilder:
    """Builder of the vectors of texts that play one part, by the encoder in a folder."""

    run: job.Run
    sources: Sources
    folder: Path
    role: Role

    @property
    def n_texts(self) -> int:
        """Number of rows, with and without vectors."""
        return sum(self.run.lake.dataset(table, days).count_rows() for table, days in self.sources.items())

    def build(self) -> int | None:
        """Append the missing vectors; returns their number, None where the tables are those of the last time."""
        lake = self.run.lake
        tokens = {table.name: lake.fingerprint({table: days}, self.version) for table, days in self.sources.items()}
        is_done = not self.n_texts or tokens.items() <= self._tokens.items()
        return None if is_done else self.encode(tokens)

    @cached_property
    def version(self) -> str:
        """Version of these vectors."""
        return vectors_version(self.folder, self.role)

    def encode(self, tokens: Mapping[str, str]) -> int:
        """Encode the texts without vector; returns their number. The commit names the state of the tables."""
        run, text = self.run, self.run.settings.text
        with self.missing() as texts:
            [(n_missing,)] = texts.aggregate("count(*)").fetchall()
        is_for_spark = text.encode_with is Engine.SPARK and n_missing > text.few_texts
        with run.lake.stage(TEXT_EMBEDDINGS, job=run.name, partitions=[self.version], append=True) as stage:
            if n_missing:
                (self._stage_by_spark if is_for_spark else self._stage_by_process)(stage)
            fingerprint = pack_tokens({**self._tokens, **tokens})
            stage.commit(fingerprint=fingerprint, counts={"published": n_missing})
        return int(n_missing)

    @contextmanager
    def missing(self) -> Iterator[duckdb.DuckDBPyRelation]:
        """Distinct (text_hash, text) without vector, read in DuckDB, which spills to disk."""
        texts = [file for table, days in self.sources.items() for file in self.run.lake.files(table, days)]
        known = self.run.lake.files(TEXT_EMBEDDINGS, [self.version])
        with duckdb.connect(config={"memory_limit": "1GB", "threads": 2}) as connection:
            rows = connection.read_parquet(texts, hive_partitioning=False, union_by_name=True)
            if known:
                vectors = connection.read_parquet(known, hive_partitioning=False)
                rows = rows.join(vectors.project("text_hash"), "text_hash", how="anti")
            yield rows.aggregate("text_hash, min(text) AS text")

    def _stage_by_spark(self, stage: Stage) -> None:
        """Stage the missing vectors, one task per core."""
        # Spark is imported only here, so that a night with nothing new does not pay for it.
        from pyspark.sql import DataFrame
        from pyspark.sql import functions as F

        from socialrec.encoders.encoding import encoder_of
        from socialrec.etl.schemas import spark_schema
        from socialrec.etl.session import spark_session
        from socialrec.etl.tables import read_table, write_stage

        run = self.run
        with spark_session(run.name, run.settings) as spark:
            columns = ("text_hash", "text")
            parts = [read_table(spark, run.lake, table, days).select(*columns) for table, days in self.sources.items()]
            texts = reduce(DataFrame.union, parts)
            known = read_table(spark, run.lake, TEXT_EMBEDDINGS, [self.version]).select("text_hash")
            slots = spark.sparkContext.defaultParallelism
            fresh = texts.dropDuplicates(["text_hash"]).join(known, "text_hash", "left_anti")
            placed = fresh.repartition(slots, F.col("text_hash")).sortWithinPartitions("text_hash")
            threads = int(spark.conf.get("spark.task.cpus", "1") or 1)
            encode = encoder_of(self.folder, run.settings.text, threads, self.role)
            write_stage(placed.mapInArrow(encode, spark_schema(TEXT_EMBEDDINGS)), stage)

    def _stage_by_process(self, stage: Stage) -> None:
        """Stage the missing vectors in this process."""
        from socialrec.encoders.encoder import load_saved
        from socialrec.encoders.encoding import encode_batches

        encoder = load_saved(self.folder, self.run.settings.text).reading(self.role)
        with self.missing() as texts:
            for vectors in encode_batches(encoder, iter(texts.order("text_hash").to_arrow_reader(_BATCH_ROWS))):
                stage.write([vectors])

    @cached_property
    def _tokens(self) -> dict[str, str]:
        """By table, the state of it whose texts have vectors under this version."""
        commit = self.run.lake.last_commit(TEXT_EMBEDDINGS, self.version)
        return json.loads(commit.fingerprint) if commit and commit.fingerprint.startswith("{") else {}
