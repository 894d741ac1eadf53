"""Count the ids that a night's events name and that meet nothing: no product, or no earlier record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from socialrec.contracts.bronze import BRONZE
from socialrec.contracts.entities import ENTITIES, EVENTS
from socialrec.contracts.product_ids import SEPARATOR
from socialrec.contracts.silver import SILVER
from socialrec.contracts.vocabulary import Entity
from socialrec.etl.keys import Keys
from socialrec.etl.silver.unmet import Unmet, plain_form, unmet_ids
from socialrec.etl.tables import count_staged, read_staged, read_table
from socialrec.lake import Lake, Stage

_MOST_COMPARED = 1_000
"""Most unmatched ids, by frequency, that are compared with the catalogue to find the cause."""
_PLATFORM, _ID, _N = "platform", "id", "n"


def find_unmet(spark: SparkSession, lake: Lake, keys: Keys, ds: str, stages: Mapping[Entity, Stage]) -> list[Unmet]:
    """Find ids in staged events that are neither in the night's catalogue nor ever landed."""
    references = [
        (entity, stages[entity], column, target)
        for entity in EVENTS
        if entity in stages and count_staged(stages[entity])
        for column, target in ENTITIES[entity].references.items()
    ]
    found = []
    for entity, stage, column, target in references:
        named = read_staged(spark, stage).where(F.col(column).isNotNull()).select(*_place(column, target, keys))
        if target is Entity.PRODUCTS:
            known = _catalogue(spark, lake, ds, stages).select(*_place("product_id", target, keys))
        else:
            landed = read_table(spark, lake, BRONZE[target], _days_until(lake, target, max(ds, *stage.partitions)))
            known = landed.select(*_place(ENTITIES[target].key[0], target, keys))
        found.append(_unmet(named, known, entity, column))
    return [one for one in found if one]


def _catalogue(spark: SparkSession, lake: Lake, ds: str, stages: Mapping[Entity, Stage]) -> DataFrame:
    staged = stages.get(Entity.PRODUCTS)
    return read_staged(spark, staged) if staged else read_table(spark, lake, SILVER[Entity.PRODUCTS], [ds])


def _days_until(lake: Lake, entity: Entity, last: str) -> Sequence[str]:
    return [day for day in lake.partitions(BRONZE[entity]) if day <= last]


def _place(column: str, target: Entity, keys: Keys) -> tuple[Column, Column]:
    """Platform and source's id of what a column names; silver has a product's platform in its id."""
    if target in keys.shared:
        return F.lit("").alias(_PLATFORM), F.col(column).alias(_ID)
    if target is not Entity.PRODUCTS:
        return F.col("platform").alias(_PLATFORM), F.col(column).alias(_ID)
    parts = F.split(column, SEPARATOR, 2)
    return parts[0].alias(_PLATFORM), parts[1].alias(_ID)


def _unmet(named: DataFrame, known: DataFrame, entity: Entity, column: str) -> Unmet | None:
    place = [_PLATFORM, _ID]
    counted = named.groupBy(*place).agg(F.count(F.lit(1)).alias(_N)).persist()
    strangers = counted.join(known, place, "left_anti").persist()
    try:
        n_unmet, n_in = (_total(rows) for rows in (strangers, counted))
        if not n_unmet:
            return None
        [platform] = strangers.groupBy(_PLATFORM).agg(F.sum(_N).alias(_N)).orderBy(F.desc(_N), _PLATFORM).take(1)
        here = F.col(_PLATFORM) == platform[_PLATFORM]
        most = strangers.where(here).orderBy(F.desc(_N), _ID).limit(_MOST_COMPARED).collect()
        compared = {row[_ID]: row[_N] for row in most}
        ids = [row[_ID] for row in known.where(here & _may_be(compared)).select(_ID).distinct().collect()]
        one = unmet_ids(entity.value, column, compared, ids, n_in)
        return replace(one, n=n_unmet) if one else None
    finally:
        strangers.unpersist()
        counted.unpersist()


def _total(counted: DataFrame) -> int:
    [row] = counted.agg(F.coalesce(F.sum(_N), F.lit(0)).alias(_N)).collect()
    return int(row[_N])


def _may_be(names: Mapping[str, int]) -> Column:
    """Check if an id may equal one of these under `unmet.plain_form`, with false positives."""
    forms = sorted({_core(plain_form(name)) for name in names})
    core = F.regexp_replace(F.lower(_ID), r"[.,]0+[^\p{L}\p{N}]*$|[^\p{L}\p{N}]", "")
    return F.regexp_replace(core, "^0+", "").isin(forms)


def _core(text: str) -> str:
    kept = "".join(character for character in text.lower() if character.isalnum())
    return kept.lstrip("0")
