"""No other account gets into a home, whatever the umask that a process begins with."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from socialrec.errors import UserError
from socialrec.settings import load_settings

ROOT = Path(__file__).parents[1]
FOLDER = 0o700 if os.geteuid() else 0o711
"""As root others may go through a home, not look into it: PostgreSQL runs as another account."""


def modes(home: Path) -> dict[str, int]:
    paths = (home, *home.rglob("*"))
    return {path.relative_to(home).as_posix(): stat.S_IMODE(path.lstat().st_mode) for path in paths}


def test_what_a_program_makes_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    program = [sys.executable, "-c", "from socialrec.cli import main; main()", "import", "demo", "--home", str(home)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(program, check=True, env=environment, capture_output=True, umask=0, cwd=tmp_path)
    found = modes(home)
    assert found.pop(".") == FOLDER
    assert len(found) > 10
    assert {name: mode for name, mode in found.items() if mode & 0o077} == {}


def test_a_home_that_stood_open_is_closed_with_all_that_lies_in_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "lake").mkdir(parents=True)
    (home / "lake" / "rows").write_text("x")
    outside = tmp_path / "outside"
    outside.write_text("x")
    (home / "link").symlink_to(outside)
    for path in (home, home / "lake", home / "lake" / "rows", outside):
        path.chmod(0o777)
    load_settings(home)
    assert {name: mode for name, mode in modes(home).items() if name != "link"} == {
        ".": FOLDER,
        "lake": 0o700,
        "lake/rows": 0o700,
    }
    assert stat.S_IMODE(outside.stat().st_mode) == 0o777


def test_a_folder_that_others_write_to_is_no_home(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with pytest.raises(UserError, match="is a folder that other accounts write to: make a home of your own"):
        load_settings(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o1777


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another account's folder")
@pytest.mark.parametrize(("mode", "is_taken"), [(0o755, True), (0o775, True), (0o757, False)])
def test_another_accounts_folder_is_a_home_where_nobody_else_writes(tmp_path: Path, mode: int, is_taken: bool) -> None:
    os.chown(tmp_path, 12345, 12345)
    tmp_path.chmod(mode)
    if is_taken:
        assert load_settings(tmp_path).home == tmp_path.resolve()
    else:
        with pytest.raises(UserError, match="other accounts write to"):
            load_settings(tmp_path)
