"""Names: one class a name, and the glossary's words for settings, commands, columns and forms."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import typer

from socialrec.cli.main import app
from socialrec.contracts import TABLES
from socialrec.orchestration import params
from socialrec.settings import Settings
from socialrec.settings.names import setting_paths

ROOT = Path(__file__).parents[1]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")


def test_no_class_name_is_defined_twice() -> None:
    found = defaultdict(list)
    for file in sorted((ROOT / "socialrec").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(str(file.relative_to(ROOT)))
    assert not {name: files for name, files in found.items() if len(files) > 1}


def replaced_words() -> set[str]:
    """Words of the glossary's last table, which the project no longer uses."""
    _, _, table = GLOSSARY.partition("## Words that we do not use\n")
    return {word for row in re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE) for word in re.findall(r"`(\w+)`", row)}


def test_names_that_people_meet_hold_no_replaced_word() -> None:
    names = [".".join(path) for path in setting_paths(Settings)]
    names += [f"{table.name}.{column.name}" for table in TABLES.values() for column in table.columns]
    names += list(typer.main.get_command(app).commands)  # type: ignore[attr-defined] # a group of commands
    names += [f"param {name}" for name in (*params.TRAIN, *params.NIGHTLY)]
    replaced = replaced_words()
    assert len(replaced) > 10
    wrong = {name for name in names if replaced & set(re.split(r"[._ -]", name))}
    assert not wrong


def test_every_table_and_every_section_of_the_settings_is_explained() -> None:
    terms = set(re.findall(r"^\| `?([^|`]+?)`? \|", GLOSSARY, re.MULTILINE))
    layers = {table.layer for table in TABLES.values()}
    assert layers | {"landing"} <= terms
    assert {"signal", "blend", "policy", "champion", "challenger", "baseline", "pseudonym", "tombstone"} <= terms
