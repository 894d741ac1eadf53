"""The machine's own clock says another time, in another zone: no table tells the difference."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from landed_world import comment, event, land, rows

from socialrec.contracts.bronze import BRONZE, QUARANTINE
from socialrec.contracts.gold import SOCIAL_TIES, USER_PROFILES
from socialrec.contracts.silver import SILVER, SILVER_INTERACTIONS
from socialrec.contracts.vocabulary import Entity
from socialrec.etl.plans import GOLD_TARGETS
from socialrec.lake import Lake
from socialrec.lake.content import content_of_all_runs
from socialrec.pseudonyms import identity_key
from socialrec.settings import load_settings

PROGRAM = Path(__file__).with_name("nights_program.py")
LEAP, AFTER, SPRING, AUTUMN = "2024-02-29", "2024-03-01", "2026-03-08", "2026-11-01"
"""29 February and the day after; the days on which New York's clocks skip 02:00 to 03:00, and show 01:00 twice."""
DAYS = (LEAP, AFTER, SPRING, AUTUMN)
NIGHTS = {1: AFTER, 3: AUTUMN}
"""The days that a night is run of, by their places: each takes in the day before too."""
EVES = {LEAP: "2024-02-28", AFTER: LEAP, SPRING: "2026-03-07", AUTUMN: "2026-10-31"}
NEXT = {LEAP: AFTER, AFTER: "2024-03-02", SPRING: "2026-03-09", AUTUMN: "2026-11-02"}
NAMES = ("first", "last", "bare", "twice", "there", "west", "day", "eve", "morrow", "zoned", "naive", "nanos", "int96")
FIRST, LAST = "00:00:00", "23:59:59.999999"
TABLES = (*BRONZE.values(), *QUARANTINE.values(), *SILVER.values(), *GOLD_TARGETS)
EMPTY = {QUARANTINE[entity] for entity in Entity if entity is not Entity.INTERACTIONS}
ZONES = {"America/New_York": -5.0, "Asia/Kolkata": 5.5, "Pacific/Kiritimati": 14.0, "Pacific/Pago_Pago": -11.0}
"""Hours ahead of UTC on a winter's day."""


def land_edges(home: Path) -> None:
    """Records at both ends of each day and in the hours that a zone skips or repeats, in every form that a time has."""
    for number, ds in enumerate(DAYS):
        told = {
            "first": f"{ds}T{FIRST}Z",
            "last": f"{ds}T{LAST}Z",
            "bare": f"{ds}T02:30:00",
            "twice": f"{ds} 01:30:00",
            "there": f"{ds}T{LAST}+14:00",
            "west": f"{ds}T12:59:59.999999-11:00",
            "day": ds,
            "eve": f"{EVES[ds]}T{LAST}Z",
            "morrow": f"{ds}T12:00:00-12:00",
        }
        land(home, ds, Entity.INTERACTIONS, *(event(f"{name}{number}", ds, event_ts=at) for name, at in told.items()))
        land(
            home, ds, Entity.COMMENTS,
            comment(f"c{number}", "ann", f"Said on day {number}", created_ts=f"{ds}T{FIRST}Z"),
            comment(f"d{number}", "bob", f"Day {number}", created_ts=f"{ds}T{LAST}", parent_comment_id=f"c{number}"),
        )  # fmt: skip
        follows = [
            {"follower_id": "ann", "followee_id": f"begins{number}", "since_ts": f"{ds}T{LAST}Z"},
            {"follower_id": "ann", "followee_id": f"ends{number}", "until_ts": f"{ds}T{LAST}Z"},
            {"follower_id": "ann", "followee_id": f"lasts{number}", "until_ts": f"{NEXT[ds]}T{FIRST}Z"},
        ]
        land(home, ds, Entity.FOLLOWS, *follows)
        land(home, ds, Entity.PRODUCTS, {"product_id": "kite", "title": f"Kite {number}", "updated_ts": f"{ds}T{LAST}"})
        land_binary(home, ds, number)


def land_binary(home: Path, ds: str, number: int) -> None:
    """The last microsecond of the day as Parquet can say it: with a zone, without, in nanoseconds, as INT96."""
    moment = datetime.fromisoformat(f"{ds}T{LAST}")
    kinds: dict[str, tuple[pa.DataType, dict[str, Any]]] = {
        "zoned": (pa.timestamp("us", tz="America/New_York"), {}),
        "naive": (pa.timestamp("us"), {}),
        "nanos": (pa.timestamp("ns"), {}),
        "int96": (pa.timestamp("ns"), {"use_deprecated_int96_timestamps": True}),
    }
    for name, (kind, options) in kinds.items():
        table = pa.Table.from_pylist([event(f"{name}{number}", ds)]).drop_columns("event_ts")
        at = moment.replace(tzinfo=UTC) if kind.tz else moment
        file = home / "landing" / "shop" / ds / f"interactions-{name}.parquet"
        pq.write_table(table.append_column("event_ts", pa.array([at], kind)), file, **options)


def told_of(ds: str, name: str) -> tuple[str, bool] | None:
    """When a record of `land_edges` happened, in UTC, and whether that is late; None where it lies in the future."""
    last = f"{ds} {LAST}"
    return {
        "first": (f"{ds} {FIRST}", False),
        "bare": (f"{ds} 02:30:00", False),
        "twice": (f"{ds} 01:30:00", False),
        "there": (f"{ds} 09:59:59.999999", False),
        "day": (f"{ds} {FIRST}", False),
        "eve": (f"{EVES[ds]} {LAST}", True),
        "morrow": None,
    }.get(name, (last, False))


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with all that lands and its key, which decides the pseudonyms."""
    home = tmp_path_factory.mktemp("landed")
    (home / "settings.toml").write_text(
        'etl.max_quarantine_share = 0.5\nspark.master = "local[2]"\nspark.driver_memory = "1g"\n'
        "spark.shuffle_partitions = 2\n"
    )
    land_edges(home)
    identity_key(load_settings(home).secrets)
    return home


def nights_of(landed: Path, home: Path, environment: Mapping[str, str], *before: str) -> tuple[Lake, list[float]]:
    """What the jobs of all nights make of it in a process of its own, and the hours its two clocks are ahead of UTC."""
    shutil.copytree(landed, home, copy_function=shutil.copy2)
    command = [*before, sys.executable, str(PROGRAM), str(home), *NIGHTS.values()]
    inherited = {name: value for name, value in os.environ.items() if name != "TZ"}
    paths = {"PYTHONPATH": str(PROGRAM.parents[2]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, env={**inherited, **paths, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return Lake(load_settings(home).lake), json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def in_utc(landed: Path, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake, clocks = nights_of(landed, tmp_path_factory.mktemp("utc") / "home", {"TZ": "UTC"})
    assert clocks == [0, 0]
    return lake


def assert_same(lake: Lake, other: Lake) -> None:
    unlike = [
        table.name
        for table in TABLES
        if content_of_all_runs(table, lake.files(table)) != content_of_all_runs(table, other.files(table))
    ]
    assert unlike == []
    assert all(other.dataset(table).count_rows() for table in TABLES if table not in EMPTY)


@pytest.mark.chaos(
    17, "records at the edges of 29 February and of days of 23 and 25 hours", "they count where UTC says"
)
def test_records_at_the_edges_of_days_count_where_utc_says(in_utc: Lake, blow: Callable[..., None]) -> None:
    told = {(ds, f"{name}{number}"): told_of(ds, name) for number, ds in enumerate(DAYS) for name in NAMES}
    made = {
        (row["ds"], row["event_id"]): (str(row["event_ts"].replace(tzinfo=None)), row["is_late"])
        for row in rows(in_utc, SILVER_INTERACTIONS)
    }
    assert made == {key: when for key, when in told.items() if when is not None}
    refused = rows(in_utc, QUARANTINE[Entity.INTERACTIONS])
    assert {(row["ds"], row["reason"]) for row in refused} == {(ds, "future_event") for ds in DAYS}
    assert len(refused) == len(DAYS)
    # What begins in a day's last microsecond has begun, what ends in it has ended, what ends at midnight has not.
    for number, ds in NIGHTS.items():
        follows = {row["n_follows"] for row in rows(in_utc, USER_PROFILES, ds)} - {0}
        assert follows == {number + 2}
        assert sum(row["is_follow"] for row in rows(in_utc, SOCIAL_TIES, ds)) == number + 2
    blow(len(told))


@pytest.mark.chaos(17, "the machine in another time zone", "all tables as in UTC, bit by bit")
@pytest.mark.parametrize(
    "zone", ["America/New_York", *(pytest.param(zone, marks=pytest.mark.slow) for zone in list(ZONES)[1:])]
)
def test_tables_do_not_hang_on_the_machines_time_zone(
    landed: Path, in_utc: Lake, tmp_path: Path, zone: str, blow: Callable[..., None]
) -> None:
    lake, clocks = nights_of(landed, tmp_path / "home", {"TZ": zone})
    assert set(clocks) <= {ZONES[zone], ZONES[zone] + 1}
    assert_same(in_utc, lake)
    blow(len(TABLES))


@pytest.mark.slow
@pytest.mark.chaos(17, "midnight passes on the machine's clock, in another zone and year", "all tables as in UTC")
@pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed: no clock can be set")
@pytest.mark.parametrize("moment", ["2024-02-29 23:59:50", "2026-03-08 01:59:50", "2026-11-01 01:59:50"])
def test_tables_do_not_hang_on_the_machines_clock(
    landed: Path, in_utc: Lake, tmp_path: Path, moment: str, blow: Callable[..., None]
) -> None:
    environment = {"TZ": "America/New_York", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    lake, _ = nights_of(landed, tmp_path / "home", environment, "faketime", "-f", f"@{moment}")
    stamps = {row["ingested_ts"].year for row in rows(lake, BRONZE[Entity.INTERACTIONS])}
    assert stamps == {int(moment[:4])}
    assert_same(in_utc, lake)
    blow(len(TABLES))
