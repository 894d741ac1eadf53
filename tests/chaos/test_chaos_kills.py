"""Jobs are killed with everything they started: readers see whole tables, and the next run makes good."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from killed_world import JOBS, WITHOUT_SPARK, Nights, arguments, contents, copy_home, orphans
from landed_world import D2

ROOT = Path(__file__).parents[2]
LOG = "job.log"


def has_begun(home: Path) -> bool:
    return "started" in (home / LOG).read_text()


def has_claimed_a_stage(home: Path) -> bool:
    return any((home / "lake").glob("*/*/stage-*/_owner.json"))


def has_spark(home: Path) -> bool:
    return any((home / "scratch" / "spark").glob("*/blockmgr-*"))


def has_written_a_file(home: Path) -> bool:
    return any(any(mark.parent.rglob("*.parquet")) for mark in (home / "lake").glob("*/*/stage-*/_owner.json"))


def n_commits(home: Path) -> int:
    return len(list((home / "lake").glob("*/*/_delta_log/*.json")))


POINTS: dict[str, Callable[[Path], bool]] = {
    "begun": has_begun,
    "claimed a stage": has_claimed_a_stage,
    "Spark": has_spark,
    "written a file": has_written_a_file,
}
COMMITTED = "committed a table"
KILLS = [
    (job, point) for job in JOBS for point in (*POINTS, COMMITTED) if not (point == "Spark" and job in WITHOUT_SPARK)
]


def command(home: Path, job: str) -> list[str]:
    about = ("--ds", D2, "--home", str(home), "--run-id", D2)
    return [sys.executable, str(ROOT / "jobs" / f"{job}.py"), *about, *arguments(home, job)]


def environment() -> dict[str, str]:
    # These jobs end before the JVM's second compiler would pay.
    return {**os.environ, "PYTHONPATH": str(ROOT), "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1"}


def kill_at(home: Path, job: str, is_there: Callable[[Path], bool]) -> set[str]:
    """Start a job, and kill it and all below it as soon as it is there; the names of what was killed."""
    with (
        (home / LOG).open("w") as log,
        subprocess.Popen(
            command(home, job), env=environment(), stdout=log, stderr=log, start_new_session=True
        ) as process,
    ):
        while not is_there(home):
            assert process.poll() is None, (home / LOG).read_text()
            time.sleep(0.002)
        family = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    return {name_of(child) for child in family}


def name_of(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return "gone"


def run_again(home: Path, job: str) -> str:
    """The same job once more, undisturbed; its status."""
    done = subprocess.run(command(home, job), env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout.splitlines()[-1])["status"])


@pytest.fixture(scope="module")
def nights(spark: object, tmp_path_factory: pytest.TempPathFactory) -> Nights:
    return Nights(tmp_path_factory.mktemp("nights"))


@pytest.mark.slow
@pytest.mark.chaos(
    1, "kill -9 of a job's driver and JVM", "one whole version; the rerun is as if undisturbed; no orphan is left"
)
@pytest.mark.parametrize(("job", "point"), KILLS)
def test_a_killed_job_leaves_whole_tables_and_the_next_run_makes_good(
    nights: Nights, job: str, point: str, tmp_path: Path, blow: Callable[[], None]
) -> None:
    home, night = tmp_path / "home", nights.before(job)
    copy_home(night.home, home, job)
    done_before = n_commits(home)
    killed = kill_at(home, job, POINTS.get(point, lambda home: n_commits(home) > done_before))
    if point not in ("begun", "claimed a stage") and job not in WITHOUT_SPARK:
        assert "java" in killed

    left = contents(home)
    if point != COMMITTED:
        assert left == night.before
    assert [name for name, now in left.items() if now not in (night.before[name], night.after[name])] == []
    # Tables may be equal before all of them are committed: some are empty in so small a shop.
    is_done = n_commits(home) == n_commits(night.undisturbed)
    assert run_again(home, job) == ("up_to_date" if is_done else "written")
    assert contents(home) == night.after
    assert orphans(home) == []
    blow()
