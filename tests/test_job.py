"""The frame of every job: days, receipts and errors for people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from socialrec import job
from socialrec.errors import AwayError, UserError
from socialrec.settings import load_settings


@pytest.mark.parametrize("text", ["2026-1-1", "01.02.2026", "2026-02-30", "yesterday", "20260101", ""])
def test_a_day_in_the_wrong_form_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UserError, match="not in the form YYYY-MM-DD"):
        job.day(text)


def test_a_receipt_is_the_last_line_of_output_and_lies_in_the_runs_folder(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = job.parser("x").parse_args(["--ds", "2026-01-01", "--run-id", "night-1", "--home", str(home)])
    with job.run("build_gold", args) as run:
        run.done("written", {"texts": 3}, encoder_version="mini")
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert printed["counts"] == {"texts": 3}
    assert printed["encoder_version"] == "mini"
    assert job.receipt(load_settings(home), "night-1", "build_gold") == printed


def test_the_receipt_of_a_job_that_has_not_run_is_an_error_that_names_it(home: Path) -> None:
    with pytest.raises(UserError, match="run build_gold first"):
        job.receipt(load_settings(home), "night-1", "build_gold")


@pytest.mark.parametrize(("name", "value"), [("--sample", "0"), ("--sample", "1.5"), ("--run-id", "../up")])
def test_arguments_out_of_bounds_are_refused(home: Path, name: str, value: str) -> None:
    args = job.parser("x").parse_args(["--ds", "2026-01-01", "--home", str(home), name, value])
    with pytest.raises(UserError, match=name), job.run("x", args):
        pass


def test_a_users_mistake_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    def mistaken() -> int:
        raise UserError("no landing folder /x: run `socialrec import demo`")

    assert job.guarded(mistaken) == 2
    assert capsys.readouterr().err == "error: no landing folder /x: run `socialrec import demo`\n"


def test_a_server_in_trouble_is_one_line_and_the_exit_code_that_airflow_tries_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def forsaken() -> int:
        raise AwayError("MLflow does not answer at http://127.0.0.1:5000: run `make up`")

    assert job.guarded(forsaken) == 75
    assert capsys.readouterr().err == "error: MLflow does not answer at http://127.0.0.1:5000: run `make up`\n"
