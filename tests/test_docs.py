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


@pytest.mark.parametrize("followed", ["comment", "picture", "list", "question", "model"])
def test_the_functions_on_the_roads_of_the_architecture_page_are_there(followed: str) -> None:
    """Written `file.py`: `function`, `Class`, in the tables of the architecture page."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.partition(f"## Follow a {followed}\n")[2].partition("\n## ")[0]
    road = re.findall(r"`([a-z_/]+\.py)`: ((?:`\w+`(?:, )?)+)", table)
    assert all(re.search(r"`[a-z_/]+\.py`", row) for row in table.splitlines() if row.startswith("| ") and "`" in row)
    texts = {}
    for file, _ in road:
        path = next((path for path in (ROOT / "socialrec" / file, ROOT / file) if path.is_file()), None)
        texts[file] = path.read_text(encoding="utf-8") if path else ""
    absent = [
        f"{file} defines no {name}"
        for file, said in road
        for name in re.findall(r"\w+", said)
        if not re.search(rf"^ *(?:def|class) {name}\b", texts[file], re.MULTILINE)
    ]
    n_lines = sum(len(text.splitlines()) for text in texts.values())
    assert not absent, f"{absent}; the road of a {followed} has {len(texts)} files of {n_lines:,} lines"


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
