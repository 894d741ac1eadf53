"""Paths that are made from what others say."""

from __future__ import annotations

from pathlib import Path

import pytest

from socialrec.errors import UserError
from socialrec.settings import Settings
from socialrec.settings.paths import below, require_below


@pytest.mark.parametrize("name", ["a", "a.b", "1-" + "a" * 32, "a b", "...", "~x", "é", "-rf"])
def test_a_plain_name_is_a_path_below(tmp_path: Path, name: str) -> None:
    assert below(tmp_path, name) == tmp_path / name
    assert below(tmp_path, "x", name) == tmp_path / "x" / name


@pytest.mark.parametrize("name", ["", ".", "..", "/etc", "../x", "x/../../y", "x/y", "x\\y", "x\0", "a/"])
def test_a_name_that_leads_elsewhere_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    for names in ((name,), ("x", name), (name, "x")):
        with pytest.raises(UserError, match="is refused: it must be a plain name") as told:
            below(tmp_path, *names)
        assert "\n" not in str(told.value)


def test_a_link_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    (folder / "within").symlink_to(folder / "other")
    with pytest.raises(UserError, match="does not lie below"):
        below(folder, "link")
    with pytest.raises(UserError, match="does not lie below"):
        below(folder, "link", "new")
    assert below(folder, "within", "new") == folder / "within" / "new"


def test_a_folder_that_is_a_link_itself_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "home").symlink_to(tmp_path / "disk")
    assert below(tmp_path / "home", "x") == tmp_path / "home" / "x"


def test_the_folder_itself_is_not_below_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not lie below"):
        require_below(tmp_path, tmp_path)
    with pytest.raises(UserError, match="does not lie below"):
        require_below(tmp_path / "a", tmp_path / "ab")


def test_folders_of_runs_and_trainings_are_below_their_own(settings: Settings) -> None:
    for make in (settings.run_folder, settings.candidate):
        assert make("a" * 32).parent in {settings.runs, settings.candidates}
        with pytest.raises(UserError, match="is refused"):
            make("x/../../../../jobs/pydantic")
