"""Feature tables by partitions of users: what `features.tables` makes in one process, for shops of any size.

All rows of a user come into one partition, where the functions of `features` make that user's row and sums by product.
Sums of partitions are exact, so the tables do not depend on the partitioning. The driver holds what all users have in
common (products, and the graph of ties as numbers), and no rows of users.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from socialrec.contracts.gold import SOCIAL_TIES, TEXT_EMBEDDINGS, USER_FEATURES, USER_PRODUCT_AFFINITY
from socialrec.etl.gold.blocks import decode_few_users
from socialrec.etl.gold.gathering import UserGatherer, parts_of
from socialrec.etl.schemas import spark_schema
from socialrec.etl.tables import read_staged, read_table, write_stage
from socialrec.features.inputs import read_embeddings, read_products
from socialrec.features.item_rows import item_rows
from socialrec.features.opinions import favourable
from socialrec.features.pictures import looks_of, read_aligned
from socialrec.features.product_features import ProductFeatures
from socialrec.features.product_sums import HOUR, Hours, ProductSums
from socialrec.features.tables import NamedUsers
from socialrec.features.texts import TextVectors
from socialrec.features.user_rows import NAMING, user_rows
from socialrec.features.words import label_counts, sum_labels
from socialrec.lake import Lake, Stage
from socialrec.privacy.user_order import AFFINITY_PARTS, COMMENT_PARTS, PROFILE_PARTS, TIE_PARTS, own_hashes
from socialrec.settings import Settings
from socialrec.vectors.arrays import vocabulary

Batches = Iterator[pa.RecordBatch]
USERS_PER_BATCH = 2_000
"""Users whose rows a Python process holds at a time."""
LIKES_PART_BYTES = 1 << 20
"""Bytes of a row group of gold.community_likes."""


@dataclass(frozen=True)
class FeatureBuilder:
    """Builder of the feature tables of day `ds` under one encoder; rows of users lie in `folder` meanwhile."""

    spark: SparkSession
    lake: Lake
    settings: Settings
    ds: str
    encoder_version: str
    folder: Path

    def build(self, users: Stage, items: Stage, likes: Stage) -> None:
        """Stage the three tables."""
        self.spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", str(USERS_PER_BATCH))
        decode_few_users(self.spark)
        gatherer = UserGatherer(self.spark, self.lake, self.ds, self.encoder_version)
        gathered = gatherer.gathered(self.folder / "users")
        named = self._named(gathered)
        side = self._products(gathered, items)
        rows = gathered.mapInArrow(_rows_maker(side, self.settings), _schema_of_rows())
        pq.write_table(named.rows(), self.folder / "names.parquet")
        names = self.spark.read.parquet(str(self.folder / "names.parquet"))
        platforms = gathered.select("user_key", "platform")
        named_rows = rows.join(names, "user_key").join(platforms, "user_key").withColumn("ds", F.lit(self.ds))
        write_stage(named_rows, users)
        self._likes(users, named, likes)

    def _named(self, gathered: DataFrame) -> NamedUsers:
        """Name all users by the hashes of their own rows, and find their communities."""
        hashed = gathered.mapInArrow(_hashed, "user_key STRING, own_hash LONG").toArrow().sort_by("user_key")
        keys = hashed["user_key"].combine_chunks()
        own = hashed["own_hash"].to_numpy().view(np.uint64)
        ties = self.lake.dataset(SOCIAL_TIES, [self.ds]).to_batches(columns=["user_key", "neighbour_key", *TIE_PARTS])
        return NamedUsers.of(keys, own, (pa.Table.from_batches([batch]) for batch in ties), self.settings)

    def _products(self, gathered: DataFrame, items: Stage) -> ProductFeatures:
        """Stage gold.item_features; returns the features of products that those of users are made with."""
        rows = read_products(self.lake, self.ds)
        products, embeddings = vocabulary(rows["product_id"]), self._vectors_of(rows)
        dim = len(embeddings["embedding"][0]) if len(embeddings) else 1
        summer = _summer(products, self._hours(), dim)
        # By files, so that the driver holds the sums of one partition at a time.
        gathered.mapInArrow(summer, _SUMS).write.parquet(str(self.folder / "sums"))
        total, labels = ProductSums.nothing(products, dim), _no_labels()
        for file in sorted((self.folder / "sums").glob("*.parquet")):
            part = pq.read_table(file)
            labels = sum_labels(labels, _labels_of(part))
            total += ProductSums.of_rows(part.filter(pc.field("n_met").is_valid()), products, dim)
        pictures = read_aligned(self.lake, rows, self.encoder_version)
        side = ProductFeatures.of(total, rows, TextVectors.of(embeddings, dim), pictures)
        items.write(
            item_rows(
                *(side, total, rows, labels),
                looks_of(products, rows, pictures),
                ds=self.ds,
                encoder_version=self.encoder_version,
                small_seller_share=self.settings.recommend.small_seller_share,
            )
        )
        return side

    def _hours(self) -> Hours:
        """Weights of the hours of all likes."""
        liked = read_table(self.spark, self.lake, USER_PRODUCT_AFFINITY, [self.ds]).where(
            "affinity_micros > 0 AND last_event_ts IS NOT NULL"
        )
        hour = F.expr(f"unix_micros(last_event_ts) DIV {HOUR}").alias("hour")
        counted = liked.groupBy(hour).count().toArrow()
        share = self.settings.recommend.trend_half_life
        return Hours.of(counted["hour"].to_numpy(), counted["count"].to_numpy(), share)

    def _vectors_of(self, products: pa.Table) -> pa.Table:
        """Vectors of the texts of the products; or of any text, so that their length is known."""
        found = read_embeddings(self.lake, self.ds, self.encoder_version, (products,))
        if found.num_rows:
            return found
        return self.lake.dataset(TEXT_EMBEDDINGS, [self.encoder_version]).head(1, columns=["text_hash", "embedding"])

    def _likes(self, users: Stage, named: NamedUsers, likes: Stage) -> None:
        """Stage gold.community_likes from the staged users."""
        sizes = named.sizes()
        members = pa.table({"community": np.arange(len(sizes)), "n_members": sizes})
        pairs = read_staged(self.spark, users).where("community IS NOT NULL")
        liked = pairs.select("community", F.explode("products").alias("pair")).where("pair.affinity > 0")
        counted = liked.groupBy("community", F.col("pair.product_id").alias("product_id")).count()
        shares = counted.join(F.broadcast(self.spark.createDataFrame(members)), "community")
        rows = shares.withColumn("share", F.col("count") / F.col("n_members")).withColumn("ds", F.lit(self.ds))
        # Scoring reads the communities of some users: their rows lie together, in parts that a reader can leave out.
        self.spark.conf.set("parquet.block.size", str(LIKES_PART_BYTES))
        write_stage(rows.repartition("community").sortWithinPartitions("community", "product_id"), likes)


_SUMS = (
    "product_id STRING, n_likes LONG, n_met LONG, trend DOUBLE, n_said LONG, said ARRAY<DOUBLE>, "
    "praise ARRAY<STRUCT<aspect: STRING, sum: DOUBLE, n: DOUBLE>>, word STRING, n_users LONG"
)
"""Sums by product of one partition; and rows of labels, which have a word and nothing but its users."""


def _hashed(batches: Batches) -> Batches:
    """Hash the own rows of each user: `user_key`, `own_hash`."""
    for batch in batches:
        users, parts = parts_of(batch, 1)
        platform = pa.table({"user_key": users, "platform": batch["platform"]})
        listed = platform.filter(pc.field("platform").is_valid())
        own = ((parts.affinities, AFFINITY_PARTS), (parts.comments, COMMENT_PARTS), (listed, PROFILE_PARTS))
        hashes = pa.array(own_hashes(own, users).view(np.int64))
        yield pa.record_batch([users, hashes], names=["user_key", "own_hash"])


def _summer(products: pa.Array, hours: Hours, dim: int) -> Callable[[Batches], Batches]:
    """Make a function that sums over the users of a partition, by product."""

    def sums(batches: Batches) -> Batches:
        total, labels = ProductSums.nothing(products, dim), _no_labels()
        for batch in batches:
            _, parts = parts_of(batch, dim)
            total += ProductSums.of(parts.affinities, parts.comments, parts.texts, products, hours)
            labels = sum_labels(labels, label_counts(favourable(parts.comments)[1]))
        counted = labels.rename_columns({"n": "n_users"})
        yield from pa.concat_tables([total.rows(), counted], promote_options="default").to_batches()

    return sums


def _no_labels() -> pa.Table:
    return pa.schema({"product_id": pa.string(), "word": pa.string(), "n": pa.int64()}).empty_table()


def _labels_of(part: pa.Table) -> pa.Table:
    labels = part.filter(pc.field("word").is_valid()).select(["product_id", "word", "n_users"])
    return labels.rename_columns({"n_users": "n"})


def _rows_maker(side: ProductFeatures, settings: Settings) -> Callable[[Batches], Batches]:
    """Make a function from the rows of users to rows of gold.user_features, without the columns of `NAMING`."""

    def rows(batches: Batches) -> Batches:
        for batch in batches:
            users, parts = parts_of(batch, side.text.shape[1])
            yield from user_rows(parts, users, side, settings).to_batches()

    return rows


def _schema_of_rows() -> StructType:
    """Spark's schema of those rows."""
    return StructType([field for field in spark_schema(USER_FEATURES) if field.name not in NAMING])
