"""Removal of a home: asked for first, whole, and nothing beside it. Real folders, a real terminal."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from socialrec.errors import UserError
from socialrec.local_stack.home.cleaning import plan_removal, remove_planned
from socialrec.local_stack.processes import find, identity
from socialrec.local_stack.record import Record, write_record
from socialrec.settings import load_settings

SOCIALREC = Path(sys.executable).with_name("socialrec")
ROOT = Path(__file__).parents[2]


def put(file: Path, n_bytes: int = 1) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x" * n_bytes)
    return file


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The current folder of the person who cleans."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    return folder


def test_a_home_goes_with_the_homes_inside_it_and_with_what_else_was_named(home: Path, here: Path) -> None:
    put(home / "lake" / "gold" / "texts" / "part.parquet", 1_500)
    put(home / "settings.toml", 500)
    put(home / "lastfm" / "landing" / "lastfm" / "2026-01-01" / "follows.csv")
    put(here / ".venv" / "bin" / "python")
    removal = plan_removal(home, here, [Path(".venv"), Path(".mypy_cache")])
    assert {str(path.relative_to(home.parent)): size for path, size in removal.sizes.items()} == {
        "home/lastfm/landing": 1,
        "home/lake": 1_500,
        "home/settings.toml": 500,
        "checkout/.venv": 1,
    }
    said = [line.split() for line in removal.lines()]
    assert ["2", "kB", str(home / "lake")] in said
    assert ["2", "kB", "in", "all"] in said
    remove_planned(removal)
    assert (home.exists(), list(here.iterdir())) == (False, [])


def test_what_socialrec_did_not_make_stays_and_is_named(home: Path, here: Path) -> None:
    put(home / "runs" / "r" / "a.json")
    notes, photos = put(home / "notes.txt"), put(home / "photos" / "logs" / "a.jpg")
    removal = plan_removal(home, here)
    assert removal.strangers == (notes, photos.parents[1])
    assert f"This stays, socialrec did not make it: {notes}" in list(removal.lines())
    remove_planned(removal)
    assert (notes.exists(), photos.exists(), (home / "runs").exists()) == (True, True, False)


def test_a_link_goes_and_what_it_leads_to_stays(home: Path, here: Path, tmp_path: Path) -> None:
    file = put(tmp_path / "elsewhere" / "shop" / "2026-01-01" / "follows.csv")
    (home / "landing").symlink_to(file.parents[2], target_is_directory=True)
    remove_planned(plan_removal(home, here))
    assert (file.exists(), home.exists()) == (True, False)


def test_a_folder_that_is_no_home_is_left_alone(home: Path, here: Path) -> None:
    put(home / "logs" / "mail.log")
    assert plan_removal(home, here).sizes == {}


def test_folders_that_hold_more_than_a_home_are_refused(
    home: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(home / "lake" / "x")
    put(home.parent / "lake" / "x")
    monkeypatch.setenv("HOME", str(home))
    for folder in (home, here, here.parent, Path("/")):
        with pytest.raises(UserError, match="nothing was removed; remove its parts by hand"):
            plan_removal(folder, here)
    for path in (home, Path("../home"), Path("a/../../home"), Path()):
        with pytest.raises(UserError, match=r"is not inside .*: nothing was removed"):
            plan_removal(home.parent / "other", here, [path])
    assert (home / "lake" / "x").exists()


def clean(home: Path, here: Path, *words: str, answer: str | None = None) -> subprocess.CompletedProcess[str]:
    """Type `socialrec clean`; with an answer on a terminal, without one where there is none."""
    command = [str(SOCIALREC), "clean", *words]
    environment = {**os.environ, "SOCIALREC_HOME": str(home)}
    if answer is None:
        return subprocess.run(
            command, env=environment, cwd=here, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    try:
        return subprocess.run(
            command, env=environment, cwd=here, stdin=theirs, capture_output=True, text=True, check=False
        )
    finally:
        os.close(ours)
        os.close(theirs)


def test_without_a_yes_nothing_is_removed(home: Path, here: Path) -> None:
    file = put(home / "lake" / "x")
    unasked = clean(home, here)
    assert (unasked.returncode, file.exists()) == (2, True)
    assert "no terminal to ask on; run `make clean YES=1` or add --yes" in unasked.stderr
    assert str(home / "lake") in unasked.stdout
    for answer in ("n", ""):
        refused = clean(home, here, answer=answer)
        assert (refused.returncode, file.exists()) == (0, True)
        assert refused.stdout.endswith("nothing was removed\n")


def test_with_a_yes_the_home_that_was_named_goes_and_no_other(home: Path, here: Path) -> None:
    other = put(here / ".socialrec" / "lake" / "x")
    put(home / "lake" / "x")
    assert clean(home, here, answer="y").returncode == 0
    put(home / "lake" / "x")
    assert clean(home, here, "--yes").returncode == 0
    assert (home.exists(), other.exists()) == (False, True)
    assert clean(home, here, "--yes").stdout == f"nothing to remove in {home}\n"


def test_servers_of_the_home_are_stopped_and_those_of_another_go_on(home: Path, here: Path) -> None:
    ours, theirs = (subprocess.Popen(["sleep", "600"]) for _ in range(2))
    try:
        for folder, process in ((home, ours), (here / ".socialrec", theirs)):
            put(folder / "lake" / "x")
            write_record(load_settings(folder), Record(identity(process.pid), airflow={}, mlflow={}))
        done = clean(home, here, "--yes")
        assert f"stopped the servers of {home}" in done.stdout
        assert ours.wait(10) != 0
        assert (home.exists(), find(identity(theirs.pid)) is not None) == (False, True)
    finally:
        for process in (ours, theirs):
            process.kill()
            process.wait()


def test_make_clean_removes_the_named_home_and_what_was_installed(home: Path, here: Path) -> None:
    """In a folder with the real Makefile, whose `.venv` holds nothing but the program."""
    shutil.copy(ROOT / "Makefile", here)
    other = put(here / ".socialrec" / "lake" / "x")
    put(home / "lake" / "x")
    put(here / ".ruff_cache" / "x")
    (here / ".venv" / "bin").mkdir(parents=True)
    (here / ".venv" / "bin" / "socialrec").symlink_to(SOCIALREC)
    environment = {**os.environ, "SOCIALREC_HOME": str(home)}
    make = ["make", "--no-print-directory", "clean"]
    asked = subprocess.run(make, env=environment, cwd=here, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert (asked.returncode, home.exists(), (here / ".venv").exists()) == (2, True, True)
    subprocess.run([*make, "YES=1"], env=environment, cwd=here, check=True, capture_output=True)
    assert (home.exists(), other.exists()) == (False, True)
    assert sorted(path.name for path in here.iterdir()) == [".socialrec", "Makefile"]
