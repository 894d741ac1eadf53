"""Commands that are printed for a person to type next."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from socialrec.local_stack.home.commands import RunCommand
from socialrec.settings import load_settings

MAKEFILE = Path(__file__).parents[2] / "Makefile"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_in_a_folder_with_the_makefile_a_night_is_run_by_make(here: Path) -> None:
    shutil.copy(MAKEFILE, here)
    assert RunCommand.here(load_settings()).text() == "make run"
    assert RunCommand.here(load_settings()).text(model="1") == "make run MODEL=1"
    assert RunCommand.here(load_settings(), "2026-01-31").text(model="1") == "make run DAY=2026-01-31 MODEL=1"


def test_elsewhere_a_night_is_run_by_the_program(here: Path) -> None:
    assert RunCommand.here(load_settings()).text() == "socialrec run"
    (here / "Makefile").write_text("run:\n\techo another project\n")
    command = RunCommand.here(load_settings(), "2026-01-31")
    assert command.text(model="1") == "socialrec run --ds 2026-01-31 --model-version 1"


def test_a_home_that_is_not_the_default_is_named(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "my shop"
    assert RunCommand.here(load_settings(home)).text(model="1") == f"socialrec run --home '{home}' --model-version 1"
    shutil.copy(MAKEFILE, here)
    assert RunCommand.here(load_settings(home)).text() == f"SOCIALREC_HOME='{home}' make run"
    monkeypatch.setenv("SOCIALREC_HOME", str(home))
    assert RunCommand.here(load_settings()).text() == f"SOCIALREC_HOME='{home}' make run"
    default = here / ".socialrec"
    assert RunCommand.here(load_settings(default)).text() == f"SOCIALREC_HOME='{default}' make run"


def test_make_hands_day_and_version_on_to_the_program() -> None:
    words = ["make", "--dry-run", "--assume-old=.venv/installed", "run", "DAY=2026-01-31", "MODEL=3"]
    environment = {**os.environ, "MAKEFLAGS": ""}
    done = subprocess.run(words, cwd=MAKEFILE.parent, capture_output=True, text=True, check=True, env=environment)
    assert "socialrec run --ds 2026-01-31 --model-version 3" in " ".join(done.stdout.split())
