"""Landing files written by hand, and the nightly jobs called as programs."""

from __future__ import annotations

import gc
import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession

from socialrec.contracts.columns import Table
from socialrec.contracts.vocabulary import Entity
from socialrec.lake import Lake
from socialrec.lake.schemas import arrow_schema

D1, D2, D3 = "2026-01-01", "2026-01-02", "2026-01-03"
SILVER_JOBS = ("ingest_landing", "build_silver")
JOBS = (*SILVER_JOBS, "build_gold")


def load(name: str) -> ModuleType:
    file = Path(__file__).parents[1] / "jobs" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def run(home: Path, ds: str, *extra: str, jobs: Sequence[str] = JOBS) -> dict[str, dict[str, Any]]:
    """Run jobs of one night in this process; their receipts."""
    for name in jobs:
        assert load(name).main(["--ds", ds, "--home", str(home), "--run-id", ds, *extra]) == 0
    forget_plans()
    return {name: json.loads((home / "runs" / ds / f"{name}.json").read_text()) for name in jobs}


def forget_plans() -> None:
    """Let go of what jobs keep in Spark until their process ends: the tests' one session would run out of memory."""
    if session := SparkSession.getActiveSession():
        gc.collect()
        session.catalog.clearCache()


def land(home: Path, ds: str, entity: Entity, *records: dict[str, Any], platform: str = "shop") -> None:
    file = home / "landing" / platform / ds / f"{entity}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def event(event_id: str, ds: str, **values: Any) -> dict[str, Any]:
    base = {"event_id": event_id, "user_id": "ann", "product_id": "kite", "event_type": "click"}
    return {**base, "event_ts": f"{ds}T10:00:00Z", **values}


def comment(comment_id: str, user: str, text: str, **values: Any) -> dict[str, Any]:
    return {"comment_id": comment_id, "user_id": user, "product_id": "kite", "text": text, **values}


def rows(lake: Lake, table: Table, ds: str | None = None) -> list[dict[str, Any]]:
    """A table's rows in a fixed order."""
    found: list[dict[str, Any]] = lake.read(table, [ds] if ds else None).to_pylist()
    return sorted(found, key=lambda row: json.dumps(row, default=str, sort_keys=True))


def put(lake: Lake, table: Table, partition: str, found: list[dict[str, Any]]) -> None:
    """Commit rows that no job made; columns that they lack are null."""
    filled = [{column.name: row.get(column.name) for column in table.columns} for row in found]
    with lake.stage(table, job="test", partitions=[partition]) as stage:
        stage.write(pa.Table.from_pylist(filled, schema=arrow_schema(table)))
        stage.commit(fingerprint="test")
