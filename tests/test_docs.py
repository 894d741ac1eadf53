"""What the pages for people name is there: files, sections' links, make targets, commands, settings and code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from socialrec.cli.main import app
from socialrec.settings import Settings

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
SECTIONS = {name: field.annotation for name, field in Settings.model_fields.items() if name != "home"}


def named(pattern: str, page: Path) -> set[str]:
    return set(re.findall(pattern, page.read_text(encoding="utf-8")))


@pytest.fixture(params=PAGES, ids=[page.name for page in PAGES])
def page(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def test_links_lead_to_files(page: Path) -> None:
    links = {link for link in named(r"\]\(([^)#\s]+)[^)]*\)", page) if "://" not in link}
    assert not {link for link in links if not (page.parent / link).exists()}


def test_make_targets_are_there(page: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert not named(r"(?:`|^|; )make ([a-z0-9-]+)", page) - targets


def test_commands_are_there(page: Path) -> None:
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined] # a group of commands
    assert not named(r"(?:bin/|`)socialrec ([a-z-]+)", page) - commands


def test_settings_are_there(page: Path) -> None:
    """Written `section.name` in code marks."""
    sections = "|".join(SECTIONS)
    unknown = {
        f"{section}.{name}"
        for section, name in re.findall(rf"`({sections})\.([a-z_]+)[ `]", page.read_text(encoding="utf-8"))
        if name not in getattr(SECTIONS[section], "model_fields", {})
    }
    assert not unknown


def test_code_that_the_architecture_page_names_is_there() -> None:
    page = ROOT / "docs" / "architecture.md"
    paths = named(
        r"`((?:socialrec/|privacy/|etl/|encoders/|features/|text/|vectors/|recommend/|report/|jobs/)[a-z_/.]*)`", page
    )
    assert len(paths) > 10
    assert not {path for path in paths if not ((ROOT / path).exists() or (ROOT / "socialrec" / path).exists())}


def road(followed: str) -> str:
    """The section that follows something through the code."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    return page.partition(f"## Follow a {followed}\n")[2].partition("\n## ")[0]


def file_named(name: str) -> Path | None:
    return next((path for path in (ROOT / "socialrec" / name, ROOT / name) if path.is_file()), None)


@pytest.mark.parametrize("followed", ["comment", "picture", "list", "question", "model"])
def test_the_functions_on_the_roads_of_the_architecture_page_are_there(followed: str) -> None:
    """Written `file.py`: `function`, `Class`, in the tables of the architecture page."""
    table = road(followed)
    found = re.findall(r"`([a-z_/]+\.py)`: ((?:`\w+`(?:, )?)+)", table)
    assert all(re.search(r"`[a-z_/]+\.py`", row) for row in table.splitlines() if row.startswith("| ") and "`" in row)
    texts = {file: path.read_text(encoding="utf-8") if (path := file_named(file)) else "" for file, _ in found}
    absent = [
        f"{file} defines no {name}"
        for file, said in found
        for name in re.findall(r"\w+", said)
        if not re.search(rf"^ *(?:def|class) {name}\b", texts[file], re.MULTILINE)
    ]
    assert not absent


def test_a_comment_goes_from_landing_to_a_list_through_few_files() -> None:
    """All files that the first table of the road names, whether or not a function is named with them."""
    table, _, _ = road("comment").partition("It goes to other places too:")
    assert "landing/<platform>" in table
    assert "gold.recommendations" in table
    files = {name: file_named(name) for name in re.findall(r"`([a-z_/]+\.py)`", table)}
    n_lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files.values() if path)
    assert None not in files.values()
    assert f"through {len(files)} files" in table
    assert (len(files) <= 25, n_lines <= 2_800) == (True, True), f"{len(files)} files of {n_lines:,} lines"


def test_the_tests_and_modules_of_the_list_of_doors_are_there() -> None:
    """Written `tests/x.py::test_name`, and a module by its path."""
    _, _, rest = (ROOT / "SECURITY.md").read_text(encoding="utf-8").partition("## Where external bytes come in\n")
    rows = [line for line in rest.partition("\n## ")[0].splitlines() if line.startswith("| `")]
    assert len(rows) > 25
    for row in rows:
        place, *_, proofs = row.strip("| ").split(" | ")
        modules = re.findall(r"`([a-z_/]+\.(?:py|yaml))`", place)
        tests = re.findall(r"`(tests/[a-z0-9_/]+\.py)::(test_[a-z0-9_]+)`", proofs)
        assert modules, row
        assert tests, row
        assert not [module for module in modules if not (ROOT / module).is_file()], row
        absent = [name for file, name in tests if f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8")]
        assert not absent, row
