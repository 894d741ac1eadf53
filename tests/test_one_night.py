"""The night as one shell script: its jobs, their arguments and what it says of them, beside the DAGs' own."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from socialrec.bench.first_nights.benchmark import SETTINGS, TRAIN_STEPS, environment
from socialrec.bench.first_nights.checks import check_lists
from socialrec.bench.first_nights.night_jobs import night_steps
from socialrec.bench.first_nights.worlds import worlds
from socialrec.contracts import TABLES
from socialrec.contracts.flow import reads, writes
from socialrec.orchestration.assets import BESIDE_THE_LAKE
from socialrec.runtime.job import EXIT_REFUSED
from socialrec.settings import load_settings

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "docs" / "one_night.sh"
DAY = "2026-01-31"
JOB = re.compile(r"\s*job (\w+)")
RECORDER = """#!{python}
import json, os, sys
from pathlib import Path
if sys.argv[1] == "-c":
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
job, home, rest = Path(sys.argv[1]).stem, Path(sys.argv[3]), sys.argv[4:]
with open(home / "calls.jsonl", "a") as calls:
    calls.write(json.dumps([job, *rest]) + "\\n")
folder = home / "runs" / rest[rest.index("--run-id") + 1]
folder.mkdir(parents=True, exist_ok=True)
(folder / (job + ".json")).write_text(json.dumps({receipt!r}))
sys.exit({codes!r}.get(job, 0))
"""
"""Stands in for Python: notes each job's arguments, and leaves a receipt without running it."""


def record(home: Path, *, has_champion: bool, codes: dict[str, int]) -> tuple[int, list[list[str]], dict[str, object]]:
    """Run the script with jobs that do nothing: its exit code, the calls, and the receipt that each job left."""
    names = ("mlflow_run_id", "encoder_version", "encoder_folder", "encoder_model_version")
    receipt = {"has_champion": has_champion, **{name: f"the {name}" for name in names}}
    stand_in = home / "python"
    stand_in.write_text(RECORDER.format(python=sys.executable, receipt=receipt, codes=codes))
    stand_in.chmod(0o755)
    done = subprocess.run([SCRIPT, home, DAY], env={**os.environ, "PYTHON": str(stand_in)}, check=False)
    calls = [json.loads(line) for line in (home / "calls.jsonl").read_text().splitlines()]
    return done.returncode, calls, receipt


@pytest.mark.parametrize("has_champion", [False, True])
@pytest.mark.parametrize("promotion", [0, EXIT_REFUSED])
def test_the_script_calls_the_jobs_of_the_dag_files_with_their_arguments(
    home: Path, *, has_champion: bool, promotion: int
) -> None:
    code, calls, receipt = record(home, has_champion=has_champion, codes={"promote_model": promotion})
    steps = night_steps(DAY, "by_hand", lambda run, job: receipt)
    assert (code, calls) == (0, [[step.job, *step.arguments] for step in steps])
    assert len(calls) == (12 if has_champion else 17)


@pytest.mark.parametrize(("job", "code"), [("build_silver", 2), ("promote_model", 1)])
def test_the_script_stops_at_the_first_job_that_fails(home: Path, job: str, code: int) -> None:
    ended, calls, _ = record(home, has_champion=False, codes={job: code})
    assert ended != 0
    assert calls[-1][0] == job


def described() -> list[tuple[str, str, str]]:
    """By job, in order: what the comment above it says that it reads, and that it writes."""
    found, comment = [], ""
    for line in SCRIPT.read_text(encoding="utf-8").splitlines():
        stripped = line.strip()
        if stripped.startswith("# "):
            comment += f" {stripped.removeprefix('#').strip()}"
        elif job := JOB.match(line):
            reads, _, writes = comment.partition(" -> ")
            found.append((job[1], reads.strip(), writes.partition(": ")[0]))
            comment = ""
        elif not stripped:
            comment = ""
    return found


def names(said: str) -> set[str]:
    """The tables and other assets that a comment names; `bronze.*` are all of a layer."""
    known = [*TABLES, *BESIDE_THE_LAKE]
    parts = [part.strip() for part in said.split(",")]
    unknown = [part for part in parts if part != "nothing" and not any(fnmatchcase(name, part) for name in known)]
    assert not unknown, said
    return {name for name in known for part in parts if fnmatchcase(name, part)}


def test_the_comment_above_each_job_says_what_it_reads_and_writes() -> None:
    comments = described()
    assert len(comments) == 17
    for job, read, written in comments:
        assert names(written) == set(writes(job)), job
        assert names(read) == set(reads(job)), job


def test_the_script_is_plain_shell_that_says_how_to_run_it() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert os.access(SCRIPT, os.X_OK)
    assert subprocess.run(["bash", "-n", SCRIPT], check=False).returncode == 0
    assert "set -euo pipefail" in text
    usage = next(line for line in text.splitlines() if line.startswith("#   docs/one_night.sh"))
    assert len(shlex.split(usage.lstrip("# "))) == 3


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_the_script_runs_a_first_night_whose_lists_are_whole(home: Path) -> None:
    world = worlds()["readme"]
    settings = load_settings(home)
    (home / "settings.toml").write_text(SETTINGS.format(home=home, steps=TRAIN_STEPS), encoding="utf-8")
    world.land(settings)
    subprocess.run([SCRIPT, home, world.ds], env={**environment(1), "PYTHON": sys.executable}, check=True)
    assert check_lists(load_settings(home), world.ds) == []
    assert (home / "reports" / world.ds / "report.html").is_file()
