"""The disk is full."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest
from killed_world import Nights, contents, orphans
from landed_world import D2

from socialrec.contracts.gold import TEXTS
from socialrec.lake import Lake
from socialrec.lake.attempts import under_way

ROOT = Path(__file__).parents[2]
DS = "2026-01-31"
MIB = 1024**2


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Put a folder on a disk of its own, of eight MiB."""
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder.with_name(f"{folder.name}.aside")
    folder.rename(aside)
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this account may not mount a tmpfs")
    try:
        shutil.copytree(aside, folder, dirs_exist_ok=True, copy_function=shutil.copy2)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, room: int = 0) -> Path:
    """Leave no room on the disk of a folder but for these bytes."""
    ballast = folder / ".ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (MIB, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    os.truncate(ballast, ballast.stat().st_size - room)
    return ballast


@pytest.mark.chaos(
    8, "the disk is full where a job keeps its receipt", "one line says so, no half receipt; the retry passes"
)
def test_a_receipt_that_finds_no_room_is_one_line_and_the_retry_passes(home: Path, blow: Callable[[], None]) -> None:
    command = [sys.executable, str(ROOT / "jobs" / "publish_recommendations.py"), "--ds", DS, "--home", str(home)]
    command += ["--run-id", "full", "--dry-run"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with small_disk(home / "runs"):
        ballast = fill(home / "runs")
        full = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert (full.returncode, full.stdout) == (2, "")
        [line] = [line for line in full.stderr.splitlines() if "[info" not in line]
        assert line == "error: the disk is full: free some space and run this job again"
        assert not list((home / "runs").rglob("*.json"))
        ballast.unlink()
        again = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert (again.returncode, json.loads(again.stdout)["status"]) == (0, "dry_run")
        [receipt] = (home / "runs").rglob("*.json")
        assert json.loads(receipt.read_text()) == json.loads(again.stdout)
    blow()


def stage_a_text(lake: Lake, text_hash: str) -> None:
    row = {"text_hash": text_hash, "kind": "product", "text": "x", "language": "en", "platform": "shop", "ds": DS}
    with lake.stage(TEXTS, job="test", partitions=[DS]) as stage:
        stage.write(pa.Table.from_pylist([row]))
        stage.commit()


@pytest.mark.chaos(8, "the disk is full where a write begins", "the old rows are read, nobody seems at work; it passes")
def test_a_write_that_finds_no_room_for_its_mark_leaves_nothing(lake: Lake, blow: Callable[[], None]) -> None:
    with small_disk(lake.root):
        stage_a_text(lake, "old")
        ballast = fill(lake.root)
        with pytest.raises(OSError, match="No space left on device"):
            stage_a_text(lake, "new")
        assert lake.read(TEXTS)["text_hash"].to_pylist() == ["old"]
        assert under_way(lake.path(TEXTS)) == []
        assert {folder.name for folder in lake.path(TEXTS).glob("stage-*")} == lake.folders(TEXTS)
        ballast.unlink()
        stage_a_text(lake, "new")
        assert lake.read(TEXTS)["text_hash"].to_pylist() == ["new"]
    blow()


@pytest.fixture(scope="module")
def nights(spark: object, tmp_path_factory: pytest.TempPathFactory) -> Nights:
    return Nights(tmp_path_factory.mktemp("nights"))


@pytest.mark.slow
@pytest.mark.chaos(
    8, "the disk fills while Spark writes", "one line says so, the old tables are whole; the retry passes, no orphan"
)
@pytest.mark.parametrize(("spot", "job"), [("lake", "ingest_landing"), ("scratch", "build_silver")])
def test_a_job_that_runs_out_of_room_leaves_the_old_tables_and_the_retry_passes(
    nights: Nights, spot: str, job: str, tmp_path: Path, blow: Callable[[], None]
) -> None:
    """The room that is left is enough for the marks of who works there."""
    home, night = tmp_path / "home", nights.before(job)
    shutil.copytree(night.home, home)
    command = [sys.executable, str(ROOT / "jobs" / f"{job}.py"), "--ds", D2, "--home", str(home), "--run-id", D2]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with small_disk(home / spot):
        ballast = fill(home / spot, room=40 * 1024)
        full = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert (full.returncode, full.stdout) == (2, "")
        assert full.stderr.splitlines()[-1] == "error: the disk is full: free some space and run this job again"
        assert contents(home) == night.before
        ballast.unlink()
        again = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert again.returncode == 0, again.stderr
        assert contents(home) == night.after
        assert orphans(home) == []
    blow()
