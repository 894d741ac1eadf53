"""Landing files to bronze and quarantine: every record is kept, as valid or with the reason why not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce

import pyarrow.compute as pc
import pyarrow.dataset as pds
from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from socialrec.contracts.landing import LANDING
from socialrec.contracts.vocabulary import Entity, QuarantineReason, QuarantineStage
from socialrec.errors import UserError
from socialrec.etl.days import Platforms
from socialrec.etl.erased import Erased
from socialrec.etl.judging import DETAIL, REASON, RECORD, judge
from socialrec.etl.landing_files import LandingFile
from socialrec.etl.landing_layouts import Layout, Layouts
from socialrec.etl.landing_scans import N_LINES, SOURCE, scan
from socialrec.etl.tables import count_staged, write_stage
from socialrec.lake import Stage

_N_REASONS = 3
_DAMAGED_FILE = re.compile(r"reading file (?:file:/*)?(/\S+?)[.,]?(?:\s|$)")


@dataclass(frozen=True)
class Intake:
    """How many records of one entity came in, and how many of them went to quarantine."""

    n_in: int
    n_quarantined: int
    n_erased: int = 0
    """Those of them that are refused because their user was erased."""

    @property
    def share(self) -> float:
        """The share that breaks its contract, 0 where nothing came in."""
        return (self.n_quarantined - self.n_erased) / self.n_in if self.n_in else 0.0


def judged_records(
    spark: SparkSession,
    entity: Entity,
    layouts: Mapping[Layout, Sequence[LandingFile]],
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
    columns = (column.name for column in LANDING[entity])
    return judged.select(*columns, *SOURCE, N_LINES, REASON).withColumn("ingested_ts", F.lit(ingested))


def quarantine_rows(judged: DataFrame) -> DataFrame:
    """The rejected records, whole."""
    rows = judged.where(F.col(REASON).isNotNull()).select(REASON, DETAIL, RECORD, *SOURCE)
    return rows.withColumn("stage", F.lit(QuarantineStage.INGEST.value))


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
    """Write the valid records into the one stage and the rejected ones into the other; checks that none got lost.

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
        if seen.get["bad"]:
            write_stage(quarantine_rows(judged), quarantine)
    except (PySparkException, Py4JJavaError) as error:
        raise _damaged_file(error) from error
    intake = Intake(seen.get["n"], count_staged(quarantine), seen.get["erased"])
    n_lines, n_read = layouts.n_lines[entity], seen.get["lines"]
    if n_lines != n_read:
        raise RuntimeError(f"{entity}: {n_lines} lines in the files, {n_read} in records; nothing was published")
    if intake.n_in != count_staged(bronze) + intake.n_quarantined:
        raise RuntimeError(
            f"{entity}: {intake.n_in} records in, {count_staged(bronze)} valid and {intake.n_quarantined} quarantined"
        )
    return intake


def check_share(intakes: Mapping[Entity, Intake], quarantines: Mapping[Entity, Stage], limit: float) -> None:
    """Raise UserError for the entity with the largest rejected share, where that is above the limit."""
    worst = max(intakes, key=lambda entity: intakes[entity].share)
    intake = intakes[worst]
    if intake.share <= limit:
        return
    files = [str(file) for file in sorted(quarantines[worst].path.glob("part=*/*.parquet"))]
    rows = pds.dataset(files, format="parquet").to_table(columns=["reason", "detail", "source_file", "source_line"])
    rows = rows.filter(pc.field("reason") != QuarantineReason.ERASED_USER.value)
    counts = pc.value_counts(rows["reason"]).to_pylist()
    top = sorted(counts, key=lambda count: (-count["counts"], count["values"]))[:_N_REASONS]
    reasons = ", ".join(f"{count['values']} {count['counts']}" for count in top)
    first = rows.filter(pc.field("reason") == top[0]["values"]).sort_by(
        [("source_file", "ascending"), ("source_line", "ascending")]
    )
    example = first.slice(0, 1).to_pylist()[0]
    raise UserError(
        f"{worst}: {rows.num_rows} of {intake.n_in} records ({intake.share:.1%}) break their contract, more "
        f"than etl.max_quarantine_share = {limit:.1%} ({reasons}; such as {example['source_file']}:"
        f"{example['source_line']}, {example['detail']}); correct the files or raise the setting, then run again"
    )


def _damaged_file(error: Exception) -> Exception:
    """A file that breaks off in its middle is the deliverer's matter; anything else is ours."""
    match = _DAMAGED_FILE.search(str(error))
    if match and "FAILED_READ_FILE" in str(error):
        return UserError(f"{match[1]}: damaged or cut short; deliver it again")
    return error
