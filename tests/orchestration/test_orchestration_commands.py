"""How a task calls its job."""

from __future__ import annotations

import argparse
import json
import re
import sys
from typing import Any

import pytest
from jinja2 import Environment

from socialrec.orchestration.commands import (
    JOBS,
    command,
    common_arguments,
    read_receipt,
    reported,
    without_blanks,
)
from socialrec.runtime import job
from socialrec.settings import Settings

RESOLVED = {"ds": "2026-01-31", "run_id": "manual__1", "sample": 1, "dry_run": False, "model_version": ""}
PARAMS = ("reason", "users_file", "model_version", "steps", "from_scratch")


class Instance:
    """What templates see of a run: the values that its tasks returned."""

    def __init__(self, **returned: dict[str, Any]) -> None:
        self.returned = returned

    def xcom_pull(self, task_ids: str) -> dict[str, Any]:
        return self.returned[task_ids]


def rendered(templates: list[str], **returned: dict[str, Any]) -> list[str]:
    return [Environment().from_string(text).render(ti=Instance(**returned)) for text in templates]


def test_a_job_is_called_with_the_home_and_what_the_run_resolved(settings: Settings) -> None:
    arguments = rendered(common_arguments(settings), resolve_run=RESOLVED)
    assert command("build_gold", arguments) == [
        *(sys.executable, str(JOBS / "build_gold.py"), "--home", str(settings.home)),
        *("--ds", "2026-01-31", "--run-id", "manual__1", "--sample", "1"),
    ]


def test_what_a_person_asked_for_reaches_the_jobs_own_parser(settings: Settings) -> None:
    asked = {**RESOLVED, "sample": 0.25, "dry_run": True}
    arguments = without_blanks(rendered(common_arguments(settings), resolve_run=asked))
    args = job.parser(None).parse_args(arguments)
    assert (args.home, args.ds, args.run_id) == (settings.home, "2026-01-31", "manual__1")
    assert (args.sample, args.dry_run) == (0.25, True)


def test_an_argument_that_comes_out_empty_is_left_out_and_a_zero_is_not() -> None:
    assert without_blanks(["--a", "", "0", " "]) == ["--a", "0", " "]


def test_a_task_can_be_given_what_another_one_reported() -> None:
    assert rendered([reported("fit", "version")], fit={"version": "7"}) == ["7"]


def test_a_receipt_is_read_from_its_runs_own_folder(settings: Settings) -> None:
    for run_id in ("night-1", "night-2"):
        (settings.runs / run_id).mkdir(parents=True)
        (settings.runs / run_id / "build_gold.json").write_text(json.dumps({"run_id": run_id}))
    assert read_receipt(settings, "night-2", "build_gold") == {"run_id": "night-2"}


def test_a_figure_that_is_not_a_number_is_none_because_airflow_passes_on_strict_json_alone(settings: Settings) -> None:
    (settings.runs / "r1").mkdir(parents=True)
    (settings.runs / "r1" / "evaluate.json").write_text(json.dumps({"ndcg": 0.5, "a": float("nan"), "b": float("inf")}))
    assert read_receipt(settings, "r1", "evaluate") == {"ndcg": 0.5, "a": None, "b": None}


@pytest.mark.parametrize(
    "text", ["{{ 7 * 7 }}", "x --dry-run", "a\n--home=/x", "$(id); `id`", "--help", "{% raw %}", "'\""]
)
def test_what_a_person_writes_into_a_form_is_one_argument_and_no_template(text: str) -> None:
    """Every template over a Param in the DAG files."""
    found = [
        template
        for file in sorted((JOBS.parent / "dags").glob("*.py"))
        for template in re.findall(r'"([^"]*{{ params[^"]*)"', file.read_text(encoding="utf-8"))
    ]
    assert any("reason" in template for template in found)
    for template in found:
        assert re.fullmatch(r"--[a-z-]+={{ params\.[a-z_]+ }}", template)
        [argument] = [Environment().from_string(template).render(params=dict.fromkeys(PARAMS, text))]
        parser = argparse.ArgumentParser()
        parser.add_argument(argument.partition("=")[0], dest="said")
        assert parser.parse_args([argument]).said == text
