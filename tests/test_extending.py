"""Run the worked examples of docs/extending.md, as they are written there, in a copy of the project."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
SETTINGS = """
etl.max_quarantine_share = 1.0
spark.master = "local[2]"
spark.driver_memory = "1g"
spark.shuffle_partitions = 2
"""
CONTRACT_OF_SIGNALS = "tests/recommend/test_recommend_signals.py"
NIGHT = """
import importlib, json, sys
from pathlib import Path

home, ds = sys.argv[1:]
sys.path.insert(0, "jobs")
for name in ("ingest_landing", "build_silver"):
    assert importlib.import_module(name).main(["--ds", ds, "--home", home]) == 0

from socialrec.contracts import TABLES
from socialrec.contracts.page import render
from socialrec.lake import Lake
from socialrec.privacy.erasure.plan import days_of, own_excerpts

lake = Lake(Path(home) / "lake")
answer = {name: lake.read(TABLES[name]).to_pylist() for name in ("silver.searches", "quarantine.searches")}
answer |= {"page": render(), "days": sorted(days_of(lake, ["bob"])), "said": sorted(own_excerpts(lake, ["bob"], []))}
print(json.dumps(answer, default=str))
"""


def blocks(title: str) -> dict[str, str]:
    """The blocks of code of a section, each by the last thing in code marks before it, without its indentation."""
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    found = re.findall(r"`([^`\n]+)`[^`]*?:\n\n( *)```\w+\n(.*?)\n\2```", section, re.DOTALL)
    return {name: dedent(f"{code}\n") if indent else f"{code}\n" for name, indent, code in found}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the package and its jobs."""
    for name in ("socialrec", "jobs"):
        shutil.copytree(ROOT / name, tmp_path / "project" / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "project"


def run(project: Path, home: Path, ds: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", NIGHT, str(home), ds],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_an_entity_is_a_name_a_contract_and_a_way_to_silver(project: Path, home: Path) -> None:
    written = blocks("A landing entity")
    vocabulary = "socialrec/contracts/vocabulary.py"
    contract, way, landing, expected = [name for name in written if name != vocabulary]
    names = (project / vocabulary).read_text(encoding="utf-8")
    last = re.search(r"class Entity\(StrEnum\):.*?\n\n\n", names, re.DOTALL)
    assert last
    line = f"    {written[vocabulary]}\n\n"
    (project / vocabulary).write_text(names[: last.end() - 2] + line + names[last.end() :], encoding="utf-8")
    for name in (contract, way):
        assert not (project / name).exists()
        (project / name).write_text(written[name], encoding="utf-8")
    file = home / landing
    file.parent.mkdir(parents=True)
    file.write_text(written[landing], encoding="utf-8")
    (home / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    found = run(project, home, file.parent.name)

    rows = sorted(found["silver.searches"], key=lambda row: row["search_id"])
    shown = [json.loads(line) for line in written[expected].splitlines()]
    assert [{name: row[name] for name in shown[0]} for row in rows] == shown
    assert all(re.fullmatch("[0-9a-f]{64}", row["user_key"]) for row in rows)
    assert [(row["reason"], row["source_line"]) for row in found["quarantine.searches"]] == [("missing_value", 4)]
    assert "### silver.searches\n" in found["page"]
    # Nobody has named the entity to the erasure.
    assert (found["days"], any("bob" in excerpt for excerpt in found["said"])) == ([file.parent.name], True)
    receipt = json.loads((home / "runs" / "manual" / "build_silver.json").read_text(encoding="utf-8"))
    assert (receipt["counts"]["searches_published"], receipt["counts"]["searches_duplicate"]) == (2, 1)


def test_a_signal_is_one_file_and_keeps_the_contract_of_every_signal(project: Path) -> None:
    [(name, code)] = blocks("A signal").items()
    assert not (project / name).exists()
    (project / name).write_text(code, encoding="utf-8")
    shutil.copytree(ROOT / "tests", project / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", project)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", Path(name).stem, CONTRACT_OF_SIGNALS],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.search("^[1-9][0-9]* passed", done.stdout, re.MULTILINE), done.stdout + done.stderr
    assert (done.returncode, "failed" in done.stdout) == (0, False)
