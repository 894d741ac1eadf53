"""Landing files to bronze and quarantine: every record is kept, as valid or with the reason for its rejection."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import reduce

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.vocabulary import Entity, QuarantineReason, QuarantineStage
from socialrec.errors import UserError
from socialrec.etl.bronze.erased import Erased
from socialrec.etl.bronze.judging import DETAIL, REASON, judge
from socialrec.etl.bronze.landed_values import RECORD
from socialrec.etl.days import Platforms
from socialrec.etl.landing.assembling import N_LINES
from socialrec.etl.landing.files import LandingFile
from socialrec.etl.landing.layouts import FileLayout, Layouts
from socialrec.etl.landing.scans import SOURCE, scan
from socialrec.etl.quarantine_share import Intake
from socialrec.etl.tables import count_staged, write_stage
from socialrec.lake import Stage

_DAMAGED_FILE = re.compile(r"reading file (?:file:/*)?(/\S+?)[.,]?(?:\s|$)")


def judged_records(
    spark: SparkSession,
    entity: Entity,
    layouts: Mapping[FileLayout, Sequence[LandingFile]],
    platforms: Platforms,
    verdict: Callable[[DataFrame, Entity, Mapping[str, str], Platforms], DataFrame] = judge,
) -> DataFrame | None:
    """All records of one entity with their verdicts (`judge` or `list_faults`); None where no file holds any."""
    parts = [
        verdict(scan(spark, layout, files), entity, layout.kinds, platforms)
        for layout, files in layouts.items()
        if layout.entity is entity
    ]
    return reduce(DataFrame.unionByName, parts) if parts else None


def bronze_rows(judged: DataFrame, entity: Entity, ingested: datetime) -> DataFrame:
    """The valid records, with `reason` still in, so that a count of all of them can be observed."""
    columns = (column.name for column in ENTITIES[entity].columns)
    return judged.select(*columns, *SOURCE, N_LINES, REASON).withColumn("ingested_ts", F.lit(ingested))


def quarantine_rows(judged: DataFrame, seen: Observation) -> DataFrame:
    """Rejected records, whole; `seen` counts all records of this pass as `n`.

    Observing keeps the filter after the verdicts; before them it would judge a record once for each use of a value.
    """
    rows = judged.select(REASON, DETAIL, RECORD, *SOURCE).observe(seen, F.count(F.lit(1)).alias("n"))
    return rows.where(F.col(REASON).isNotNull()).withColumn("stage", F.lit(QuarantineStage.INGEST.value))


def stage_records(
    spark: SparkSession,
    entity: Entity,
    layouts: Layouts,
    bronze: Stage,
    quarantine: Stage,
    *,
    platforms: Platforms,
    erased: Erased | None = None,
) -> Intake:
    """Write valid records into one stage and rejected ones into the other; checks that none is lost.

    Every line of a text file that is not blank, below the header, is part of one record.

    Records of erased users are rejected without their content.

    Raises UserError where a file breaks off in its middle.
    """
    seen = Observation()
    try:
        judged = judged_records(spark, entity, layouts.files, platforms)
        if judged is None:
            return Intake(0, 0)
        if erased is not None:
            judged = erased.refuse(judged, entity)
        rows = bronze_rows(judged, entity, datetime.now(UTC))
        is_erased = F.coalesce(F.col(REASON) == QuarantineReason.ERASED_USER.value, F.lit(False))
        counts = (
            F.count(F.lit(1)).alias("n"),
            F.count(REASON).alias("bad"),
            F.count_if(is_erased).alias("erased"),
            F.coalesce(F.sum(N_LINES), F.lit(0)).alias("lines"),
        )
        rows = rows.observe(seen, *counts)
        write_stage(rows.where(F.col(REASON).isNull()), bronze)
        again = Observation()
        if seen.get["bad"]:
            write_stage(quarantine_rows(judged, again), quarantine)
    except (PySparkException, Py4JJavaError) as error:
        raise _damaged_file(error) from error
    intake = Intake(seen.get["n"], count_staged(quarantine), seen.get["erased"])
    n_lines, n_read = layouts.n_lines[entity], seen.get["lines"]
    if n_lines != n_read:
        raise RuntimeError(f"{entity}: {n_lines} lines in the files, {n_read} in records; nothing was published")
    if intake.n_quarantined and again.get["n"] != intake.n_in:
        raise RuntimeError(
            f"{entity}: {intake.n_in} records, then {again.get['n']}: the files changed while they were read"
        )
    if intake.n_in != count_staged(bronze) + intake.n_quarantined:
        raise RuntimeError(
            f"{entity}: {intake.n_in} records in, {count_staged(bronze)} valid and {intake.n_quarantined} quarantined"
        )
    return intake


def _damaged_file(error: Exception) -> Exception:
    """Turn an error about a file that breaks off into a UserError for the deliverer; other errors stay as they are."""
    match = _DAMAGED_FILE.search(str(error))
    if match and "FAILED_READ_FILE" in str(error):
        return UserError(f"{match[1]}: damaged or cut short; deliver it again")
    return error
