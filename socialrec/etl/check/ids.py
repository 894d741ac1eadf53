"""Checks of a delivery's ids before it lands: contradictory records, and unknown ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from socialrec.contracts.entities import ENTITIES, NAMING_PRODUCTS
from socialrec.contracts.vocabulary import Entity
from socialrec.etl.bronze.ingest import judged_records
from socialrec.etl.bronze.judging import REASON
from socialrec.etl.duplicates import (
    VERDICT,
    DuplicateReason,
    hashes_of,
    repeated_hashes,
    with_hashes,
)
from socialrec.etl.keys import Keys
from socialrec.etl.landing.files import LandingFile
from socialrec.etl.landing.layouts import FileLayout
from socialrec.etl.repeats import RepeatRule
from socialrec.etl.silver.unmet import Unmet, unmet_ids
from socialrec.settings.etl import EtlSettings

Grouped = Mapping[FileLayout, Sequence[LandingFile]]


@dataclass(frozen=True)
class Conflicts:
    """Records of a file whose id belongs to something else in an earlier record of the delivery, and the first
    of them.
    """

    n: int
    line: int
    value: str


def conflicts_by_file(spark: SparkSession, entity: Entity, layouts: Grouped, etl: EtlSettings) -> dict[str, Conflicts]:
    """By name of the file, the valid records that silver would reject for their ids."""
    rule = RepeatRule.of(entity, Keys.sharing(etl.shared_ids))
    valid = _valid(spark, entity, layouts, etl) if rule else None
    if rule is None or valid is None:
        return {}
    suspects = with_hashes(valid, rule.key, repeated_hashes(hashes_of(valid, rule.key)))
    found = rule.judge(suspects).where(F.col(VERDICT) == DuplicateReason.CONFLICT.value)
    name = ENTITIES[entity].key[0]
    first = F.min(F.struct("source_line", name)).alias("first")
    counted = found.groupBy("source_file").agg(F.count(F.lit(1)).alias("n"), first)
    return {row["source_file"]: Conflicts(row["n"], *row["first"]) for row in counted.collect()}


def find_unmet_ids(spark: SparkSession, layouts: Grouped, etl: EtlSettings) -> list[Unmet]:
    """The products that other records name and that the delivery lacks; none where it has no products."""
    key = Keys.sharing(etl.shared_ids).of(Entity.PRODUCTS)
    names = ("product_id", *(name for name in key if name != "product_id"))
    named: dict[Entity, dict[tuple[str, ...], int]] = {}
    for entity in (Entity.PRODUCTS, *NAMING_PRODUCTS):
        valid = _valid(spark, entity, layouts, etl)
        if valid is not None:
            rows = valid.where(F.col("product_id").isNotNull()).groupBy(*names).count().collect()
            named[entity] = {tuple(row[name] for name in names): row["count"] for row in rows}
    known = named.pop(Entity.PRODUCTS, {})
    found: list[Unmet] = []
    for entity, ids in named.items():
        for platform in sorted({key[1:] for key in known}):
            own = {key[0]: n for key, n in ids.items() if key[1:] == platform}
            there = {key[0] for key in known if key[1:] == platform}
            unmet = unmet_ids(entity.value, "product_id", own, there)
            found += [unmet] if unmet else []
    return found


def _valid(spark: SparkSession, entity: Entity, layouts: Grouped, etl: EtlSettings) -> DataFrame | None:
    judged = judged_records(spark, entity, layouts, etl.platforms)
    return None if judged is None else judged.where(F.col(REASON).isNull())
