"""The three Spark jobs, chained on tiny worlds."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from landed_world import D1, D2, D3, SILVER_JOBS, comment, event, land, load, rows, run
from pyspark.sql import SparkSession

from socialrec.contracts.bronze import BRONZE, QUARANTINE
from socialrec.contracts.gold import SOCIAL_TIES, TEXTS, USER_PRODUCT_AFFINITY, USER_PROFILES
from socialrec.contracts.silver import SILVER
from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.etl.plans import GOLD_TARGETS
from socialrec.lake import Lake
from socialrec.report.summary import rows_of
from socialrec.runtime import job

pytestmark = pytest.mark.usefixtures("spark")

LANDED = (Entity.PRODUCTS, Entity.INTERACTIONS, Entity.COMMENTS, Entity.FOLLOWS)


def land_three_days(home: Path) -> None:
    """Three days: a duplicate within a day and over days, a conflict, an empty text, an unknown type, a reply.

    One comment of three is rejected on the second day, which is allowed.
    """
    (home / "settings.toml").write_text("etl.max_quarantine_share = 0.4\n")
    land(home, D1, Entity.PRODUCTS, {"product_id": "kite", "title": "Red kite", "category": "toys"})
    land(home, D1, Entity.FOLLOWS, {"follower_id": "ann", "followee_id": "bob"})
    land(home, D1, Entity.INTERACTIONS, event("e1", D1), event("e1", D1), *(event(f"x{n}", D1) for n in range(20)))
    land(
        home,
        D1,
        Entity.COMMENTS,
        comment("c1", "ann", "It is <b>fine</b>", topic="quality"),
        comment("c2", "bob", "Good kite"),
    )
    repeated, conflicting = event("e1", D1), event("e1", D1, user_id="bob")
    good = [event("e2", D2, event_type="view"), *(event(f"y{n}", D2) for n in range(20))]
    land(home, D2, Entity.INTERACTIONS, repeated, conflicting, *good, event("e3", D2, event_type="stare"))
    reply = comment("c3", "bob", "Yes!", parent_comment_id="c1")
    land(home, D2, Entity.COMMENTS, reply, comment("c4", "ann", "<p></p>"), comment("c5", "ann", "It  is fine"))
    land(home, D2, Entity.FOLLOWS, {"follower_id": "ann", "followee_id": "bob", "until_ts": f"{D3}T00:00:00Z"})
    land(home, D3, Entity.INTERACTIONS, event("e4", D3))


@dataclass(frozen=True)
class Night:
    """A home after a night, for every test of this file: tests that change something take a copy of it."""

    home: Path
    receipts: dict[str, dict[str, Any]]

    @property
    def lake(self) -> Lake:
        return Lake(self.home / "lake")

    def copy(self, home: Path) -> Path:
        shutil.copytree(self.home, home, dirs_exist_ok=True, copy_function=shutil.copy2)
        return home


@pytest.fixture
def world(home: Path) -> Path:
    """The three days, before any night."""
    land_three_days(home)
    return home


@pytest.fixture(scope="module")
def whole_history(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """The night of the second day, which is the first that runs."""
    home = tmp_path_factory.mktemp("whole-history")
    land_three_days(home)
    return Night(home, run(home, D2))


@pytest.fixture(scope="module")
def day_one(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """The night of the first day."""
    home = tmp_path_factory.mktemp("day-one")
    land_three_days(home)
    return Night(home, run(home, D1))


@pytest.fixture(scope="module")
def day_two(day_one: Night, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """The night of the second day, after that of the first."""
    home = day_one.copy(tmp_path_factory.mktemp("day-two"))
    return Night(home, run(home, D2))


def versions(lake: Lake) -> dict[str, int | None]:
    return {table.name: lake.version(table) for table in (*BRONZE.values(), *SILVER.values(), *GOLD_TARGETS)}


def test_a_first_night_takes_the_whole_history_and_accounts_for_every_record(whole_history: Night) -> None:
    receipts, lake = whole_history.receipts, whole_history.lake
    assert receipts["ingest_landing"]["counts"]["interactions_in"] == 46
    counts = receipts["build_silver"]["counts"]
    assert {name: counts[f"interactions_{name}"] for name in ("in", "published", "duplicate", "quarantined")} == {
        "in": 46, "published": 42, "duplicate": 2, "quarantined": 2,
    }  # fmt: skip
    assert {name: counts[f"comments_{name}"] for name in ("in", "published", "duplicate", "quarantined")} == {
        "in": 5, "published": 3, "duplicate": 1, "quarantined": 1,
    }  # fmt: skip
    rejected = [
        (row["reason"], row["stage"], row["source_line"]) for row in rows(lake, QUARANTINE[Entity.INTERACTIONS])
    ]
    assert sorted(rejected) == [("conflicting_id", "silver", 2), ("unknown_value", "ingest", 24)]
    assert [row["reason"] for row in rows(lake, QUARANTINE[Entity.COMMENTS])] == ["empty_text"]
    [affinity] = rows(lake, USER_PRODUCT_AFFINITY)
    assert affinity["n_events"] == 42
    ties = {row["is_follow"]: row for row in rows(lake, SOCIAL_TIES)}
    assert (ties[True]["is_mutual"], ties[False]["replies_micros"]) == (False, 1_000_000)
    assert {row["text"] for row in rows(lake, TEXTS)} == {
        "Red kite. toys", "It is fine", "Good kite", "Yes!", 
    }  # fmt: skip
    profiles = rows(lake, USER_PROFILES)
    told = [
        (len(row["interests"]), len(row["commented"]), [said["text"] for said in row["labelled"]]) for row in profiles
    ]
    assert sorted(told) == [(0, 1, ["Good kite"]), (1, 0, ["It is fine"])]
    topics = {row["comment_id"]: row["topic"] for row in rows(lake, SILVER[Entity.COMMENTS])}
    assert topics == {"c1": "quality", "c2": None, "c3": None}


def test_stars_without_words_are_published_with_nothing_to_encode(home: Path, lake: Lake) -> None:
    """Two ratings of one product by one user are two opinions; nothing and markup alone are no comment."""
    land(home, D1, Entity.PRODUCTS, {"product_id": "kite", "title": "Red kite"})
    land(home, D1, Entity.INTERACTIONS, event("e1", D1), event("e2", D1, product_id="bow", quantity=0))
    stars = [comment("c1", "ann", "", rating=5), comment("c2", "ann", "", rating=1), comment("c3", "bob", "", rating=4)]
    stars += [comment("c4", "bob", "<br/>", rating=2)]
    (home / "settings.toml").write_text("etl.max_quarantine_share = 1.0\n")
    land(home, D1, Entity.COMMENTS, *stars, comment("c5", "cid", "<br/>"), comment("c6", "cid", ""))
    counts = run(home, D1)["build_silver"]["counts"]
    assert {name: counts[f"comments_{name}"] for name in ("in", "published", "duplicate", "quarantined")} == {
        "in": 6, "published": 4, "duplicate": 0, "quarantined": 2,
    }  # fmt: skip
    found = {row["comment_id"]: (row["text"], row["rating"]) for row in rows(lake, SILVER[Entity.COMMENTS])}
    assert found == {"c1": ("", 5.0), "c2": ("", 1.0), "c3": ("", 4.0), "c4": ("", 2.0)}
    assert {row["text"] for row in rows(lake, TEXTS)} == {"Red kite"}
    assert not any(row["commented"] or row["labelled"] for row in rows(lake, USER_PROFILES))
    assert [row["product_id"] for row in rows(lake, USER_PRODUCT_AFFINITY)] == ["shop:kite"], "quantity 0 adds nothing"


def test_a_time_zone_that_is_set_later_takes_in_what_was_quarantined_without_it(home: Path, lake: Lake) -> None:
    """20:00 in New York is the next day in UTC, and in the evening of the day's own folder."""
    land(home, D1, Entity.PRODUCTS, {"product_id": "kite", "title": "Red kite"})
    land(home, D1, Entity.INTERACTIONS, event("e1", D1), event("e2", D1) | {"event_ts": f"{D1}T20:00:00-05:00"})
    settings = home / "settings.toml"
    settings.write_text("etl.max_quarantine_share = 1.0\n")
    run(home, D1, jobs=SILVER_JOBS)
    assert [row["reason"] for row in rows(lake, QUARANTINE[Entity.INTERACTIONS])] == ["future_event"]
    settings.write_text('etl.max_quarantine_share = 1.0\netl.platforms.shop.time_zone = "America/New_York"\n')
    run(home, D1, jobs=SILVER_JOBS)
    assert rows(lake, QUARANTINE[Entity.INTERACTIONS]) == []
    found = {row["event_id"]: row["is_late"] for row in rows(lake, SILVER[Entity.INTERACTIONS])}
    assert found == {"e1": False, "e2": False}
    assert run(home, D1, jobs=["ingest_landing"])["ingest_landing"]["status"] == "up_to_date"


def test_receipts_say_what_each_job_read_and_wrote_and_what_it_cost(whole_history: Night) -> None:
    receipts, lake = whole_history.receipts, whole_history.lake
    assert receipts["ingest_landing"]["read"]["landing files"]["rows"] == 46 + 5 + 1 + 2
    silver = SILVER[Entity.INTERACTIONS].name
    assert receipts["build_silver"]["wrote"][silver]["rows"] == lake.dataset(SILVER[Entity.INTERACTIONS]).count_rows()
    assert receipts["build_gold"]["read"][silver] == receipts["build_silver"]["wrote"][silver]
    assert all(receipt["cpu_seconds"] > 0 for receipt in receipts.values())


def test_a_second_run_of_the_same_night_changes_nothing(whole_history: Night, home: Path, lake: Lake) -> None:
    whole_history.copy(home)
    before = versions(lake)
    assert {receipt["status"] for receipt in run(home, D2).values()} == {"up_to_date"}
    assert versions(lake) == before


@pytest.mark.slow
def test_nights_one_by_one_equal_one_night_for_all(day_two: Night, home: Path, lake: Lake, tmp_path: Path) -> None:
    receipts = run(day_two.copy(home), D3)
    assert receipts["build_gold"]["rolled_from"] == D2
    whole = tmp_path / "whole"
    (whole / "secrets").mkdir(parents=True)
    (whole / "secrets" / "identity.key").write_text((home / "secrets" / "identity.key").read_text())
    (whole / "settings.toml").write_text((home / "settings.toml").read_text())
    (whole / "landing").symlink_to(home / "landing")
    run(whole, D3)
    other = Lake(whole / "lake")
    for table in (*SILVER.values(), USER_PRODUCT_AFFINITY, SOCIAL_TIES, USER_PROFILES):
        [mine, theirs] = [rows(each, table, D3 if table.is_snapshot else None) for each in (lake, other)]
        assert mine == theirs, table.name
    [affinity] = rows(lake, USER_PRODUCT_AFFINITY, D3)
    assert affinity["n_events"] == 43
    assert {row["text_hash"] for row in rows(lake, TEXTS)} >= {row["text_hash"] for row in rows(other, TEXTS)}


def test_a_changed_day_is_replaced_whole_and_no_other(whole_history: Night, home: Path, lake: Lake) -> None:
    world = whole_history.copy(home)
    first_day = {
        table.name: lake.files(table, [D1]) for table in (BRONZE[Entity.INTERACTIONS], SILVER[Entity.INTERACTIONS])
    }
    land(world, D2, Entity.INTERACTIONS, event("z", D2))
    receipts = run(world, D2)
    assert receipts["ingest_landing"]["n_days"] == 1
    table = SILVER[Entity.INTERACTIONS]
    assert [row["event_id"] for row in rows(lake, table, D2)] == ["z"]
    assert lake.files(table, [D1]) == first_day[table.name]
    assert rows(lake, QUARANTINE[Entity.INTERACTIONS]) == []
    assert rows(lake, USER_PRODUCT_AFFINITY, D2)[0]["n_events"] == 22


def test_too_many_bad_records_stop_the_night_and_leave_the_tables_as_they_were(
    day_one: Night, home: Path, lake: Lake
) -> None:
    world = day_one.copy(home)
    before = versions(lake)
    land(world, D2, Entity.INTERACTIONS, event("e", D2), event("f", D2, event_type="stare"))
    message = (
        r"interactions: 1 of 2 records \(50.0%\) break their contract, more than etl.max_quarantine_share = 40.0% "
        r"\(unknown_value 1; such as shop/2026-01-02/interactions.jsonl:2, event_type: stare\)"
    )
    with pytest.raises(UserError, match=message):
        run(world, D2)
    assert versions(lake) == before
    assert len(rows(lake, QUARANTINE[Entity.INTERACTIONS], D2)) == 1
    land(world, D2, Entity.INTERACTIONS, event("e", D2))
    again = run(world, D2, jobs=["ingest_landing"])["ingest_landing"]
    assert again["counts"]["interactions_quarantined"] == 0


@pytest.fixture
def growing(world: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file to which its deliverer adds a record, once, after the job has looked at its layout."""
    from socialrec.etl.landing import layouts as landing_layouts

    file = world / "landing" / "shop" / D3 / "interactions-late.csv"
    file.write_text("event_id,user_id,product_id,event_type\ng1,ann,kite,click\n")
    original = landing_layouts.find_layouts

    def find_then_grow(*args: Any) -> Any:
        found = original(*args)
        if "g2" not in file.read_text():
            with file.open("a") as handle:
                handle.write("g2,ann,kite,click\n")
        return found

    monkeypatch.setattr(landing_layouts, "find_layouts", find_then_grow)
    return file


def test_a_file_that_grows_while_it_is_read_waits_for_the_next_run_and_is_not_lost(
    world: Path, lake: Lake, growing: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    receipt = run(world, D3, jobs=["ingest_landing"])["ingest_landing"]
    name = f"shop/{D3}/{growing.name}"
    assert receipt["waiting"] == [name]
    assert "files that changed while they were read wait for the next run" in capfd.readouterr().err
    assert [row["event_id"] for row in rows(lake, BRONZE[Entity.INTERACTIONS], D3)] == ["e4"]
    again = run(world, D3, jobs=["ingest_landing"])["ingest_landing"]
    assert (again["n_days"], again.get("waiting")) == (1, None)
    assert {row["event_id"] for row in rows(lake, BRONZE[Entity.INTERACTIONS], D3)} == {"e4", "g1", "g2"}
    # A day that bronze holds waits whole: without this file it would lose its rows.
    growing.write_text(growing.read_text().replace("g2", "g3"))
    third = run(world, D3, jobs=["ingest_landing"])["ingest_landing"]
    assert (third["status"], third["waiting"]) == ("up_to_date", [name])
    assert {row["event_id"] for row in rows(lake, BRONZE[Entity.INTERACTIONS], D3)} == {"e4", "g1", "g2"}


def test_a_night_whose_own_day_is_still_written_says_so(world: Path, growing: Path) -> None:
    for file in growing.parent.iterdir():
        if file != growing:
            file.unlink()
    with pytest.raises(UserError, match=f"shop/{D3}/{growing.name} changed while being read: run again when"):
        run(world, D3, jobs=["ingest_landing"])


def test_a_dry_run_commits_nothing(world: Path, lake: Lake) -> None:
    assert run(world, D1, "--dry-run", jobs=["ingest_landing"])["ingest_landing"]["status"] == "dry_run"
    assert lake.partitions(BRONZE[Entity.INTERACTIONS]) == []


def test_jobs_out_of_order_name_the_job_to_run_first(world: Path) -> None:
    with pytest.raises(UserError, match=f"nothing in bronze up to {D1}: run ingest_landing --ds {D1} first"):
        run(world, D1, jobs=["build_silver"])
    with pytest.raises(UserError, match=f"silver.products has no snapshot of {D1}: run build_silver --ds {D1} first"):
        run(world, D1, jobs=["build_gold"])


def test_a_night_whose_own_day_has_not_landed_fails_unless_told_otherwise(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match=r"no landing day .*2026-01-09"):
        run(world, "2026-01-09", jobs=["ingest_landing"])
    monkeypatch.setenv("SOCIALREC_ETL__REQUIRE_LANDING_DAY", "false")
    assert run(world, "2026-01-09", jobs=["ingest_landing"])["ingest_landing"]["n_days"] == 3


def test_pseudonyms_alone_leave_bronze(whole_history: Night) -> None:
    lake = whole_history.lake
    assert "'ann'" in str(rows(lake, BRONZE[Entity.INTERACTIONS]))
    for table in (*(SILVER[entity] for entity in LANDED), *GOLD_TARGETS):
        found = str(rows(lake, table))
        assert "shop" in found
        assert not [user for user in ("ann", "bob") if user in found], table.name


def spoil_missing(home: Path) -> None:
    shutil.rmtree(home / "landing")


def spoil_parquet(home: Path) -> None:
    file = home / "landing" / "shop" / D1 / "follows-b.parquet"
    pq.write_table(pa.table({"follower_id": ["a"], "followee_id": ["b"]}), file)
    file.write_bytes(file.read_bytes()[:-9])


def spoil_type(home: Path) -> None:
    table = pa.table({"follower_id": [["a"]], "followee_id": ["b"]})
    pq.write_table(table, home / "landing" / "shop" / D1 / "follows-b.parquet")


def spoil_day(home: Path) -> None:
    (home / "landing" / "shop" / "2026-1-1").mkdir()


def spoil_link(home: Path) -> None:
    (home / "secrets").mkdir()
    (home / "secrets" / "identity.key").write_text("0" * 64)
    (home / "landing" / "shop" / D1 / "follows-b.csv").symlink_to(home / "secrets" / "identity.key")


def spoil_sparse(home: Path) -> None:
    os.truncate(home / "landing" / "shop" / D1 / "comments.jsonl", 1 << 30)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            spoil_link,
            r"\S+follows-b.csv is a symbolic link: only real files and folders are read; put a copy in its place",
        ),
        (spoil_sparse, r"\S+comments.jsonl: line 3 is longer than 16 MiB: write one record on each line, .*"),
        (spoil_missing, r"no landing folder \S+landing: run `socialrec import demo` or deliver files to \S+"),
        (spoil_parquet, r"\S+follows-b.parquet: not a whole parquet file \(.*\); deliver it again"),
        (
            spoil_type,
            r"\S+follows-b.parquet: column follower_id has type list<.*>, .*; deliver it as string",
        ),
        (spoil_day, r"\S+2026-1-1: a day's folder is named YYYY-MM-DD, such as 2026-01-31; rename the folder"),
    ],
)
def test_a_deliverers_mistake_is_one_line_that_names_file_and_remedy(
    world: Path, capfd: pytest.CaptureFixture[str], spoil: Callable[[Path], None], said: str
) -> None:
    spoil(world)
    assert job.guarded(lambda: load("ingest_landing").main(["--ds", D2, "--home", str(world)])) == 2
    [line] = [line for line in capfd.readouterr().err.splitlines() if line.startswith("error: ")]
    assert re.fullmatch(f"error: {said}", line)
    assert not (world / "lake").exists()


def test_a_day_in_the_wrong_form_is_refused(world: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert job.guarded(lambda: load("build_gold").main(["--ds", "1.1.2026", "--home", str(world)])) == 2
    assert capfd.readouterr().err == "error: day '1.1.2026' is not in the form YYYY-MM-DD, such as 2026-01-31\n"


def test_what_is_masked_is_counted_and_a_kind_that_is_turned_off_comes_back(
    world: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = {"product_id": "tent", "title": "Tent", "description": "ask tom@tent.example", "category": "toys"}
    land(world, D1, Entity.PRODUCTS, written)
    texts = ("Write to ann@x.example", "Call 030 1234567", "bob@y.example or +49 30 1234567", "It costs 12.50")
    land(world, D1, Entity.COMMENTS, *(comment(f"c{n}", "ann", text) for n, text in enumerate(texts)))
    counts = run(world, D1)["build_silver"]["counts"]
    assert {kind: counts[f"comments_masked_{kind}"] for kind in ("mail", "phone", "card", "address")} == {
        "mail": 2, "phone": 2, "card": 0, "address": 0,
    }  # fmt: skip
    assert counts["products_masked_mail"] == 1
    [tent] = rows(lake, SILVER[Entity.PRODUCTS])
    assert (tent["description"], tent["text"]) == ("ask [mail]", "Tent. toys. ask [mail]")
    rows_in = rows_of(lake, D1)
    assert (rows_in["comments"]["masked"], rows_in["products"]["masked"]) == ({"mail": 2, "phone": 2}, {"mail": 1})
    assert "1234567" not in str([rows(lake, table) for table in (*SILVER.values(), *GOLD_TARGETS)])
    monkeypatch.setenv("SOCIALREC_ETL__MASK__PHONE", "false")
    run(world, D1, jobs=SILVER_JOBS)
    assert {row["text"] for row in rows(lake, SILVER[Entity.COMMENTS])} == {
        "Write to [mail]", "Call 030 1234567", "[mail] or +49 30 1234567", "It costs 12.50",
    }  # fmt: skip


def test_a_night_counts_the_records_of_its_own_landing_days(day_two: Night, home: Path, lake: Lake) -> None:
    world = day_two.copy(home)
    days = [rows_of(lake, day)["interactions"] for day in (D1, D2)]
    assert sum(day["in"] for day in days) == days[1]["total"] + sum(d["duplicate"] + d["quarantined"] for d in days)
    assert all(entity["adds_up"] for entity in rows_of(lake, D2).values())
    products = rows_of(lake, D2)["products"]
    # The first day is delivered again: silver builds the second day's snapshot from nothing.
    land(world, D1, Entity.PRODUCTS, {"product_id": "tent", "title": "Tent"})
    run(world, D2, jobs=SILVER_JOBS)
    again = rows_of(lake, D2)["products"]
    assert (again["in"], again["quarantined"]) == (products["in"], products["quarantined"])
    assert rows_of(lake, D2)["interactions"] == days[1]


@pytest.mark.slow
def test_a_killed_job_leaves_the_old_tables_and_the_next_run_repairs(day_one: Night, home: Path, lake: Lake) -> None:
    world = day_one.copy(home)
    before = {table.name: rows(lake, table) for table in SILVER.values()}
    run(world, D2, jobs=["ingest_landing"])
    root = Path(__file__).parents[2]
    command = [sys.executable, str(root / "jobs" / "build_silver.py"), "--ds", D2, "--home", str(world)]
    environment = {**os.environ, "PYTHONPATH": str(root), "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1"}
    silver = lake.root / "silver"
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as child:
        while not [file for owner in silver.glob("*/stage-*/_owner.json") for file in owner.parent.glob("part=*/*")]:
            assert child.poll() is None, "the job ended before it could be killed"
            time.sleep(0.02)
        os.killpg(child.pid, signal.SIGKILL)
    assert {table.name: rows(lake, table) for table in SILVER.values()} == before
    assert run(world, D2, jobs=SILVER_JOBS)["build_silver"]["counts"]["interactions_published"] == 21
    assert len(rows(lake, SILVER[Entity.INTERACTIONS])) == 42
    assert not list(silver.glob("*/stage-*/_owner.json"))


def test_planning_needs_no_spark() -> None:
    """A night with nothing to do must not even import it."""
    code = "import sys, socialrec.etl.plans, socialrec.etl.landing.files; sys.exit('pyspark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2]).returncode == 0


def test_the_session_is_shared_with_the_jobs(spark: SparkSession, world: Path) -> None:
    run(world, D1, jobs=["ingest_landing"])
    assert spark.range(1).count() == 1
