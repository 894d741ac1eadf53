"""The machine's clock goes by another time zone, over odd days: no table tells the difference."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from landed_world import SILVER_JOBS, comment, event, land, rows, run
from nights_program import in_a_process

from socialrec.contracts.bronze import BRONZE, QUARANTINE
from socialrec.contracts.gold import SOCIAL_TIES, USER_PROFILES
from socialrec.contracts.silver import SILVER, SILVER_INTERACTIONS
from socialrec.contracts.vocabulary import Entity
from socialrec.etl.plans import GOLD_TARGETS
from socialrec.lake import Lake
from socialrec.lake.integrity.content import content_of_all_runs
from socialrec.privacy.pseudonyms import identity_key
from socialrec.settings import load_settings

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
NEVER_LANDED = (Entity.QUESTIONS, Entity.ANSWERS, Entity.TEMPLATES)
EMPTY |= {layer[entity] for layer in (BRONZE, SILVER) for entity in NEVER_LANDED}
ZONES = {"UTC": 0.0, "Asia/Kolkata": 5.5, "Pacific/Kiritimati": 14.0, "Pacific/Pago_Pago": -11.0}
"""Hours ahead of UTC, all year."""


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


def nights_of(landed: Path, home: Path, zone: str) -> tuple[Lake, list[float]]:
    """What the jobs of all nights make of it in a process of its own, and the hours its two clocks are ahead of UTC."""
    shutil.copytree(landed, home, copy_function=shutil.copy2)
    clocks = in_a_process(home, NIGHTS.values(), TZ=zone)
    return Lake(load_settings(home).lake), clocks


@pytest.fixture(scope="module")
def in_new_york(landed: Path, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake, clocks = nights_of(landed, tmp_path_factory.mktemp("new-york") / "home", "America/New_York")
    assert set(clocks) <= {-5, -4}
    return lake


def assert_same(lake: Lake, other: Lake) -> None:
    unlike = [
        table.name
        for table in TABLES
        if content_of_all_runs(table, lake.files(table)) != content_of_all_runs(table, other.files(table))
    ]
    assert unlike == []
    assert all(other.dataset(table).count_rows() for table in TABLES if table not in EMPTY)


@pytest.mark.slow
@pytest.mark.usefixtures("spark")
@pytest.mark.chaos(17, "edges of 29 February and of days of 23 and 25 hours, in New York", "they count where UTC says")
def test_records_at_the_edges_of_days_count_where_utc_says(
    landed: Path, tmp_path: Path, blow: Callable[..., None]
) -> None:
    """The Java program of the tests' session goes by New York's clock."""
    home = tmp_path / "home"
    shutil.copytree(landed, home, copy_function=shutil.copy2)
    run(home, AUTUMN, jobs=SILVER_JOBS)
    lake = Lake(load_settings(home).lake)
    told = {(ds, f"{name}{number}"): told_of(ds, name) for number, ds in enumerate(DAYS) for name in NAMES}
    made = {
        (row["ds"], row["event_id"]): (str(row["event_ts"].replace(tzinfo=None)), row["is_late"])
        for row in rows(lake, SILVER_INTERACTIONS)
    }
    assert made == {key: when for key, when in told.items() if when is not None}
    refused = rows(lake, QUARANTINE[Entity.INTERACTIONS])
    assert {(row["ds"], row["reason"]) for row in refused} == {(ds, "future_event") for ds in DAYS}
    assert len(refused) == len(DAYS)
    blow(len(told))


@pytest.mark.slow
@pytest.mark.chaos(17, "follows at the edges of days, in New York", "they begin and end where UTC says")
def test_follows_at_the_edges_of_days_begin_and_end_where_utc_says(
    in_new_york: Lake, blow: Callable[..., None]
) -> None:
    """What begins in a day's last microsecond has begun, what ends in it has ended, what ends at midnight has not."""
    for number, ds in NIGHTS.items():
        follows = {row["n_follows"] for row in rows(in_new_york, USER_PROFILES, ds)} - {0}
        assert follows == {number + 2}
        assert sum(row["is_follow"] for row in rows(in_new_york, SOCIAL_TIES, ds)) == number + 2
    blow(len(NIGHTS))


@pytest.mark.slow
@pytest.mark.chaos(17, "the machine in another time zone", "all tables are the same in UTC and elsewhere, bit by bit")
@pytest.mark.parametrize("zone", list(ZONES))
def test_tables_do_not_hang_on_the_machines_time_zone(
    landed: Path, in_new_york: Lake, tmp_path: Path, zone: str, blow: Callable[..., None]
) -> None:
    lake, clocks = nights_of(landed, tmp_path / "home", zone)
    assert clocks == [ZONES[zone], ZONES[zone]]
    assert_same(in_new_york, lake)
    blow(len(TABLES))
