"""Landed records of one day as ingest reads, judges and stages them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from socialrec.contracts.bronze import BRONZE, QUARANTINE
from socialrec.contracts.vocabulary import Entity
from socialrec.etl.bronze.ingest import Intake, judged_records, stage_records
from socialrec.etl.landing.files import find_days
from socialrec.etl.landing.layouts import find_layouts
from socialrec.lake import Lake
from socialrec.settings.etl import PlatformSettings

DAY = "2026-01-02"

EVENT = {
    "event_id": "e", "user_id": "u", "product_id": "p", "event_type": "view", "event_ts": "2026-01-02T10:00:00Z",
}  # fmt: skip

COMMENT = {"comment_id": "c", "user_id": "u", "product_id": "p", "text": "fine"}


def judged(
    spark: SparkSession, landing: Path, entity: Entity, platforms: Mapping[str, PlatformSettings] | None = None
) -> DataFrame:
    files = [file for day in find_days(landing, DAY) for file in day.files]
    records = judged_records(spark, entity, find_layouts(files).files, platforms or {})
    assert records is not None
    return records.orderBy("source_file", "source_line")


def jsonl(landing: Path, entity: Entity, *records: dict[str, Any] | str, name: str = "") -> Path:
    file = landing / "shop" / DAY / (name or f"{entity}.jsonl")
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def take_in(spark: SparkSession, lake: Lake, landing: Path) -> Intake:
    """Stage and commit the day's interactions."""
    layouts = find_layouts(find_days(landing, DAY)[0].files)
    bronze, quarantine = BRONZE[Entity.INTERACTIONS], QUARANTINE[Entity.INTERACTIONS]
    with (
        lake.stage(bronze, job="t", partitions=[DAY]) as valid,
        lake.stage(quarantine, job="t", partitions=[DAY]) as rejected,
    ):
        intake = stage_records(spark, Entity.INTERACTIONS, layouts, valid, rejected, platforms={})
        valid.commit()
        rejected.commit()
    return intake
