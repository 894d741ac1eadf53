"""Refuse records of erased users, which may arrive late or be delivered again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.vocabulary import Entity, QuarantineReason
from socialrec.etl.bronze.judging import DETAIL, REASON
from socialrec.etl.bronze.landed_values import RECORD
from socialrec.etl.identity import Identity
from socialrec.privacy.tombstones import erasure_key, read_tombstones

WITHHELD = "withheld"
_MARK = "_mark"


@dataclass(frozen=True)
class Erased:
    """Tombstones of erased users (one column, distinct), and the identity that makes them."""

    identity: Identity
    marks: DataFrame

    @classmethod
    def of(cls, spark: SparkSession, secrets: Path) -> Erased | None:
        """Load the tombstones of a home; None where nobody was erased, so that such nights pay nothing."""
        marks = read_tombstones(secrets)
        if not marks:
            return None
        known = spark.createDataFrame(pa.table({_MARK: sorted(marks)}))
        return cls(Identity.of(spark, erasure_key(secrets)), known)

    def refuse(self, judged: DataFrame, entity: Entity) -> DataFrame:
        """Judged records (`judging.judge`); those that name an erased user are rejected, and their content withheld."""
        columns = ENTITIES[entity].users
        found: list[Column] = []
        for number, name in enumerate(columns):
            mark = F.broadcast(self.marks.withColumnRenamed(_MARK, f"{_MARK}{number}"))
            of_user = self.identity.user_key(F.col("platform"), F.col(name))
            judged = judged.join(mark, of_user == F.col(f"{_MARK}{number}"), "left")
            found.append(F.col(f"{_MARK}{number}").isNotNull())
        if not found:
            return judged
        is_erased = reduce(lambda one, other: one | other, found)
        told = {REASON: QuarantineReason.ERASED_USER.value, DETAIL: f"{columns[0]}: {WITHHELD}", RECORD: ""}
        refused = {name: F.when(is_erased, F.lit(value)).otherwise(F.col(name)) for name, value in told.items()}
        return judged.withColumns(refused).drop(*(f"{_MARK}{number}" for number in range(len(columns))))
