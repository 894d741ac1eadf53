"""Checks of the pictures that a delivery's products name, before it lands. Nothing is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from socialrec.contracts.vocabulary import Entity
from socialrec.etl.bronze.ingest import judged_records
from socialrec.etl.bronze.judging import REASON
from socialrec.etl.bronze.pictures import read_pictures
from socialrec.etl.landing.files import LandingFile
from socialrec.etl.landing.layouts import FileLayout
from socialrec.settings.etl import EtlSettings
from socialrec.settings.pictures import PictureLimits

MISNAMED = "other_ending"
"""Kind of finding that rejects nothing: a file's name ends like that of another type."""


@dataclass(frozen=True)
class PictureFault:
    """Finding about `n` pictures: the reason for which they would be rejected, the first file and what to do."""

    reason: str
    n: int
    example: str
    detail: str


@dataclass(frozen=True)
class PictureCheck:
    """Findings about the files that valid products name."""

    n_files: int
    faults: tuple[PictureFault, ...] = ()

    def lines(self) -> Iterator[str]:
        """The findings for people; none where no product names a picture."""
        if not self.n_files:
            return
        n_bad = sum(fault.n for fault in self.faults if fault.reason != MISNAMED)
        rest = ", the products would be published without the others" if n_bad else ""
        yield f"pictures: {self.n_files - n_bad:,} of {self.n_files:,} can be read{rest}"
        for fault in self.faults:
            yield f"  {fault.n:,} x {fault.reason}, such as {fault.example}: {fault.detail}"


def check_pictures(
    spark: SparkSession, layouts: Mapping[FileLayout, Sequence[LandingFile]], etl: EtlSettings, limits: PictureLimits
) -> PictureCheck:
    """Read the pictures that the products of these files name, the most frequent fault first."""
    judged = judged_records(spark, Entity.PRODUCTS, layouts, etl.platforms)
    if judged is None:
        return PictureCheck(0)
    # Files of a loose folder are checked under a platform and a day that are only assumed.
    folders = {tuple(file.name.split("/")[:2]): file.opened.parent for files in layouts.values() for file in files}
    valid = judged.where(F.col(REASON).isNull())
    found = read_pictures(valid, lambda platform, ds: folders[platform, ds], limits, lambda _: None).where(
        F.coalesce("frame", F.lit(0)) == 0
    )
    reason = F.when(F.col("is_misnamed"), F.lit(MISNAMED)).otherwise(F.col("reason"))
    said = F.when(F.col("is_misnamed"), F.concat(F.lit("it is "), "kind", F.lit(", which counts"))).otherwise(
        F.col("detail")
    )
    counted = found.groupBy(reason.alias("reason")).agg(
        F.count(F.lit(1)).alias("n"), F.min(F.struct("source_file", said.alias("said"))).alias("first")
    )
    rows = counted.collect()
    faults = [
        PictureFault(row["reason"], row["n"], row["first"][0].partition("/")[2].partition("/")[2], row["first"][1])
        for row in rows
        if row["reason"]
    ]
    return PictureCheck(sum(row["n"] for row in rows), tuple(sorted(faults, key=lambda one: (-one.n, one.reason))))
