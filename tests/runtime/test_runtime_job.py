"""The frame of every job: days, receipts and errors for people."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from socialrec.contracts.gold import TEXT_EMBEDDINGS
from socialrec.errors import ServiceUnavailableError, UserError
from socialrec.runtime import job
from socialrec.settings import load_settings


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


def test_a_receipt_has_the_versions_of_the_tables_that_its_job_writes_even_where_it_had_nothing_to_write(
    home: Path,
) -> None:
    args = job.parser("x").parse_args(["--ds", "2026-01-01", "--run-id", "r1", "--home", str(home)])
    with job.run("embed_texts", args) as run:
        with run.lake.stage(TEXT_EMBEDDINGS, job="embed_texts", partitions=["mini"]) as stage:
            stage.commit(counts={"published": 0})
        run.done("written")
    with job.run("embed_texts", args) as run:
        run.done("up_to_date")
    receipt = job.receipt(load_settings(home), "r1", "embed_texts")
    assert (receipt["wrote"], receipt["versions"]) == ({}, {"gold.text_embeddings": 1})


def test_a_page_is_named_before_the_job_ends_and_is_no_receipt(home: Path) -> None:
    args = job.parser("x").parse_args(["--ds", "2026-01-01", "--run-id", "r1", "--home", str(home)])
    with job.run("finetune_encoder", args) as run:
        run.link(mlflow_url="http://mlflow/t")
    folder = load_settings(home).runs / "r1"
    assert json.loads((folder / "pages" / "finetune_encoder.json").read_text()) == {"mlflow_url": "http://mlflow/t"}
    assert list(folder.glob("*.json")) == []


def test_progress_says_the_step_of_how_many_the_loss_and_the_seconds_left_and_not_too_often(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    args = job.parser("x").parse_args(["--ds", "2026-01-01", "--home", str(home)])
    with job.run("finetune_encoder", args) as run:
        note = run.progress("training", 12)
        # Gone on from a checkpoint at step 3; each step takes two seconds.
        for step in range(4, 13):
            monkeypatch.setattr("time.monotonic", lambda step=step: 2.0 * step)
            note(step, 0.5)
    lines = [line for line in capsys.readouterr().err.splitlines() if "step " in line]
    assert [line.partition("training: ")[2].partition(" ds=")[0] for line in lines] == [
        "resumed from the checkpoint after step 3",
        "step 4 of 12, loss 0.5000",
        "step 7 of 12, loss 0.5000, at most 10 s left",
        "step 10 of 12, loss 0.5000, at most 4 s left",
        "step 12 of 12, loss 0.5000, at most 0 s left",
    ]


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
        raise ServiceUnavailableError("MLflow does not answer at http://127.0.0.1:5000: run `make up`")

    assert job.guarded(forsaken) == 75
    assert capsys.readouterr().err == "error: MLflow does not answer at http://127.0.0.1:5000: run `make up`\n"


def test_a_program_ends_with_its_code_all_that_it_printed_and_its_exit_functions_done(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import atexit\n"
        "from socialrec.runtime import job\n"
        "def main():\n"
        "    atexit.register(print, 'cleared up')\n"
        "    print('refused')\n"
        "    return 3\n"
        "job.end(main)\n"
    )
    ended = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "refused\ncleared up\n", "")
