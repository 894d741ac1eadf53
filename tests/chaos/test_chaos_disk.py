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

import pytest

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


def fill(folder: Path) -> Path:
    """Leave no room on the disk of a folder."""
    ballast = folder / ".ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (MIB, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
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
