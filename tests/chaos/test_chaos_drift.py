"""Deliverers change their columns: what can still be understood passes, the rest is refused before publishing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from landed_world import D1, event, land, load, rows, run
from pyspark.sql import SparkSession

from socialrec.contracts.bronze import BRONZE, QUARANTINE
from socialrec.contracts.vocabulary import Entity
from socialrec.lake import Lake
from socialrec.runtime import job

Drift = Callable[[pa.Table], pa.Table]
Blow = Callable[..., None]
BASE = pa.Table.from_pylist([event("7", D1, quantity=2.0), event("8", D1, quantity=3.0)])


def renamed(old: str, new: str) -> Drift:
    return lambda table: table.rename_columns([new if name == old else name for name in table.column_names])


def retyped(name: str, values: Any) -> Drift:
    return lambda table: table.set_column(table.column_names.index(name), name, pa.array(values))


ALLOWED: dict[str, tuple[Drift, dict[str, Any]]] = {
    "new": (lambda table: table.append_column("mood", pa.array(["good", "bad"])), {}),
    "missing": (lambda table: table.drop_columns(["quantity"]), {"quantity": None}),
    "renamed": (renamed("quantity", "amount"), {"quantity": None}),
    "retyped": (retyped("event_id", [7, 8]), {}),
    "reordered": (lambda table: table.select(table.column_names[::-1]), {}),
    "nullable": (retyped("quantity", pa.nulls(2)), {"quantity": None}),
}
"""By name: the drift, and what it changes of a record."""

REFUSED: dict[str, tuple[Drift, str]] = {
    "missing": (
        lambda table: table.drop_columns(["user_id"]),
        "required column user_id is missing; it has: .*; deliver interactions with user_id",
    ),
    "renamed": (renamed("user_id", "userId"), "required column user_id is missing; .*; rename userId to user_id"),
    "retyped": (
        retyped("event_ts", [True, False]),
        "column event_ts has type bool, which cannot become timestamp; deliver it as timestamp .*",
    ),
    "nested": (
        retyped("product_id", [{"id": "kite"}] * 2),
        "column product_id has type struct<.*>, which cannot become string; deliver it as string",
    ),
    "listed": (
        retyped("quantity", [[2.0], [3.0]]),
        "column quantity has type list<.*>, which cannot become float64; deliver it as float64 or as string .*",
    ),
    "doubled": (
        lambda table: table.append_column("user_id", table["product_id"]),
        "column user_id is there twice; deliver it once",
    ),
}
"""By name: the drift, and what is said of its file."""


def deliver(home: Path, name: str, drift: Drift) -> Path:
    file = home / "landing" / "shop" / D1 / f"interactions-{name}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(drift(BASE), file)
    return file


@pytest.mark.chaos(7, "columns that may change do", "their records are as before, and strangers are named in the log")
def test_drifts_that_lose_nothing_pass(
    home: Path, lake: Lake, spark: SparkSession, capfd: pytest.CaptureFixture[str], blow: Blow
) -> None:
    deliver(home, "as-ever", lambda table: table)
    for name, (drift, _) in ALLOWED.items():
        deliver(home, name, drift)
    run(home, D1, jobs=("ingest_landing",))
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows(lake, BRONZE[Entity.INTERACTIONS]):
        record = {name: row[name] for name in BASE.column_names}
        found.setdefault(row["source_file"], []).append(record)
    as_ever = found.pop(f"shop/{D1}/interactions-as-ever.parquet")
    assert [record["event_id"] for record in as_ever] == ["7", "8"]
    for name, (_, changed) in ALLOWED.items():
        assert found[f"shop/{D1}/interactions-{name}.parquet"] == [record | changed for record in as_ever], name
        blow()
    log = capfd.readouterr().err
    for column, name in (("mood", "new"), ("amount", "renamed")):
        assert re.search(rf"columns=\['{column}'\].*in_=shop/{D1}/interactions-{name}.parquet", log)


@pytest.mark.chaos(7, "columns that may not change do", "refused before publishing, with column and file named")
def test_drifts_that_would_guess_are_refused(
    home: Path, lake: Lake, capfd: pytest.CaptureFixture[str], blow: Blow
) -> None:
    land(home, D1, Entity.PRODUCTS, {"product_id": "kite", "title": "Kite"})
    for name, (drift, said) in REFUSED.items():
        file = deliver(home, name, drift)
        assert job.guarded(lambda: load("ingest_landing").main(["--ds", D1, "--home", str(home)])) == 2
        [line] = [line for line in capfd.readouterr().err.splitlines() if line.startswith("error: ")]
        assert re.fullmatch(rf"error: {re.escape(str(file))}: {said}", line), line
        assert {day for table in (*BRONZE.values(), *QUARANTINE.values()) for day in lake.partitions(table)} == set()
        file.unlink()
        blow()
