"""Airflow's own backfill, the latest day first: the tables are those of nights one by one."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from e2e_shop import LAST, NEXT, Shop
from landed_world import run

from socialrec.contracts.bronze import BRONZE, QUARANTINE
from socialrec.contracts.runs import NIGHTLY
from socialrec.contracts.silver import SILVER
from socialrec.etl.plans import GOLD_TARGETS
from socialrec.lake import Lake
from socialrec.lake.integrity.content import content_of_all_runs, require_same
from socialrec.local_stack.record import read_record
from socialrec.orchestration.airflow_api import AirflowApi

DAYS = ("2026-03-05", "2026-03-06", LAST)
TABLES = (*BRONZE.values(), *QUARANTINE.values(), *SILVER.values(), *GOLD_TARGETS)


def backfill(api: AirflowApi, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Ask for a backfill as the form does, and wait; its runs in the order in which they ended."""
    made = api._call("POST", "/backfills", {"dag_id": NIGHTLY, **body})
    while not (ended := api._call("GET", f"/backfills/{made['id']}"))["completed_at"]:
        time.sleep(2)
    assert ended["dag_id"] == NIGHTLY
    runs: list[dict[str, Any]] = api._call("GET", f"/dags/{NIGHTLY}/dagRuns?run_type=backfill&order_by=end_date")[
        "dag_runs"
    ]
    return runs


@pytest.mark.slow
@pytest.mark.timeout(2_400)
@pytest.mark.usefixtures("spark")
def test_a_backfill_from_the_latest_day_on_leaves_the_tables_of_nights_one_by_one(shop: Shop, tmp_path: Path) -> None:
    done = shop.socialrec("up")
    assert done.returncode == 0, done.stderr
    record = read_record(shop.settings)
    assert record is not None
    api = AirflowApi.of(record.airflow)
    api.unpause(NIGHTLY)
    # A night is due on the day after its own.
    span = {"from_date": f"{DAYS[1]}T00:00:00Z", "to_date": f"{NEXT}T23:59:59Z"}
    runs = backfill(api, {**span, "run_backwards": True, "max_active_runs": 1, "reprocess_behavior": "none"})
    assert [(run["logical_date"][:10], run["state"]) for run in runs] == [(day, "success") for day in DAYS[::-1]]
    assert shop.published()[0] == LAST

    home = tmp_path / "one by one"
    for folder in ("landing", "secrets"):
        shutil.copytree(shop.settings.home / folder, home / folder)
    for day in DAYS:
        run(home, day)
    lakes = Lake(shop.settings.lake), Lake(home / "lake")
    found = [(table, *(content_of_all_runs(table, lake.files(table)) for lake in lakes)) for table in TABLES]
    n_rows = require_same(found, "the backfill", "nights one by one")
    assert min(n_rows[table.name] for table in GOLD_TARGETS) > 0
