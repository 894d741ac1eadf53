"""Vectors of pictures that an encoder has not encoded yet, made under Spark or in one process; others are reused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import pyarrow.compute as pc

from socialrec.contracts.gold import PICTURE_EMBEDDINGS
from socialrec.contracts.silver import SILVER_PRODUCTS
from socialrec.features.pictures import picture_version
from socialrec.lake import Stage
from socialrec.runtime import job
from socialrec.settings.text import Engine

if TYPE_CHECKING:
    from socialrec.encoders.pictures.encoder import PictureEncoder

_BATCH_ROWS = 1_024


@dataclass(frozen=True)
class PictureVectorBuilder:
    """Builder of the vectors of the pictures of the day's products, by the encoder of the settings."""

    run: job.Run

    def embed(self) -> None:
        """Append the missing vectors, and write the receipt: `picture_version` is empty where no product has a picture.

        They are a cache by content that nobody sees, so a dry run keeps them too.
        """
        products = self.run.lake.dataset(SILVER_PRODUCTS, [self.run.ds])
        if not products.count_rows(filter=pc.field("pictures").is_valid()):
            self.run.done(status="up_to_date", counts={"encoded": 0}, picture_version="")
            return
        from socialrec.encoders.pictures.encoder import load_picture_encoder

        # The version follows from the weights, so they are loaded before it is known if anything is missing.
        encoder = load_picture_encoder(self.run.settings.pictures, self.run.settings.base_models)
        with self.missing(encoder.version) as pictures:
            [(n_missing,)] = pictures.aggregate("count(*)").fetchall()
        # A commit without rows says that this encoder is in use again.
        is_written = n_missing > 0 or picture_version(self.run.lake) != encoder.version
        if is_written:
            self.encode(encoder, int(n_missing))
        status = "written" if is_written else "up_to_date"
        self.run.done(status=status, counts={"encoded": n_missing}, picture_version=encoder.version)

    def encode(self, encoder: PictureEncoder, n_missing: int) -> None:
        """Encode the pictures without vector, and commit."""
        run, settings = self.run, self.run.settings.pictures
        is_for_spark = settings.encode_with is Engine.SPARK and n_missing > settings.few_pictures
        version = encoder.version
        with run.lake.stage(PICTURE_EMBEDDINGS, job=run.name, partitions=[version], append=True) as stage:
            if is_for_spark:
                self._stage_by_spark(stage, version)
            else:
                self._stage_by_process(stage, encoder)
            stage.commit(counts={"published": n_missing})

    @contextmanager
    def missing(self, version: str) -> Iterator[duckdb.DuckDBPyRelation]:
        """Distinct (picture_hash) without vector, read in DuckDB, which spills to disk."""
        products = self.run.lake.files(SILVER_PRODUCTS, [self.run.ds])
        known = self.run.lake.files(PICTURE_EMBEDDINGS, [version])
        with duckdb.connect(config={"memory_limit": "1GB", "threads": 2}) as connection:
            rows = connection.read_parquet(products, hive_partitioning=False).project(
                "unnest(pictures) AS picture_hash"
            )
            if known:
                vectors = connection.read_parquet(known, hive_partitioning=False)
                rows = rows.join(vectors.project("picture_hash"), "picture_hash", how="anti")
            yield rows.distinct()

    def _stage_by_spark(self, stage: Stage, version: str) -> None:
        """Stage the missing vectors, one task per core."""
        # Spark is imported only here, so that a night with nothing new does not pay for it.
        from pyspark.sql import functions as F

        from socialrec.encoders.pictures.encoding import picture_encoder_of
        from socialrec.etl.schemas import spark_schema
        from socialrec.etl.session import spark_session
        from socialrec.etl.tables import read_table, write_stage

        run = self.run
        with spark_session(run.name, run.settings) as spark:
            products = read_table(spark, run.lake, SILVER_PRODUCTS, [run.ds])
            named = products.select(F.explode("pictures").alias("picture_hash")).distinct()
            known = read_table(spark, run.lake, PICTURE_EMBEDDINGS, [version]).select("picture_hash")
            placed = named.join(known, "picture_hash", "left_anti").repartition(
                spark.sparkContext.defaultParallelism, "picture_hash"
            )
            threads = int(spark.conf.get("spark.task.cpus", "1") or 1)
            encode = picture_encoder_of(run.settings.pictures, run.settings.base_models, run.lake.root, threads)
            rows = placed.sortWithinPartitions("picture_hash").mapInArrow(encode, spark_schema(stage.table))
            write_stage(rows, stage)

    def _stage_by_process(self, stage: Stage, encoder: PictureEncoder) -> None:
        """Stage the missing vectors in this process."""
        from socialrec.encoders.pictures.encoding import encode_pictures
        from socialrec.lake.pictures import PictureStore

        with self.missing(encoder.version) as pictures:
            batches = iter(pictures.order("picture_hash").to_arrow_reader(_BATCH_ROWS))
            for vectors in encode_pictures(encoder, PictureStore(self.run.lake.root), batches):
                stage.write([vectors])
