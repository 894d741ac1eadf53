"""Commands that tasks run: paths of the programs, their arguments, and the receipts they leave."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from socialrec.settings import Settings

JOBS = Path(__file__).resolve().parents[2] / "jobs"
RESOLVED = "ti.xcom_pull(task_ids='resolve_run')"
MODEL_VERSION = f"{{{{ {RESOLVED}['model_version'] and '--model-version=' ~ {RESOLVED}['model_version'] }}}}"
"""Argument with the version that a person asked for; empty where none was."""
REASON = f"--reason={{{{ {RESOLVED}['reason'] }}}}"
"""Argument with a person's reason for a rollback."""
TUNING_TRIALS = (
    f"{{{{ '' if {RESOLVED}['tuning_trials'] is none else '--tuning-trials=' ~ {RESOLVED}['tuning_trials'] }}}}"
)
"""Argument with the number of tuning trials that a person asked for; empty where none was."""
QUESTION, PRODUCT = (
    f"{{{{ '--{name}=' ~ params.{name} if params.{name} else '' }}}}" for name in ("question", "product")
)
"""Arguments with the question and its product that a person typed; empty where none was."""
OPENS_TRAINING = ("finetune_encoder", "pretrain_encoder", "fit_answers")
"""Jobs that open the MLflow run of a training; they record its page before they train (`pages/` beside the
receipts).
"""
RUN_ID = f"{{{{ {RESOLVED}['run_id'] }}}}"


def program(job: str) -> str:
    """Path of a job's program."""
    return str(JOBS / f"{job}.py")


def common_arguments(settings: Settings) -> list[str]:
    """Arguments that every job takes, as templates over the values of `resolve_run`. Empty ones have to be dropped."""
    return [
        *("--home", str(settings.home), "--ds", f"{{{{ {RESOLVED}['ds'] }}}}", "--run-id", RUN_ID),
        *("--sample", f"{{{{ {RESOLVED}['sample'] }}}}"),
        f"{{{{ '--dry-run' if {RESOLVED}['dry_run'] else '' }}}}",
    ]


def reported(task_id: str, name: str) -> str:
    """Template for one value of another task's receipt."""
    return f"{{{{ ti.xcom_pull(task_ids='{task_id}')['{name}'] }}}}"


def command(job: str, arguments: Sequence[str]) -> list[str]:
    """Command that runs a job under this Python, with rendered arguments."""
    return [sys.executable, program(job), *without_blanks(arguments)]


def without_blanks(arguments: Sequence[str]) -> list[str]:
    """Drop rendered arguments that are empty."""
    return [argument for argument in arguments if argument]


def training_page(settings: Settings, run_id: str) -> str:
    """MLflow page of the training or pre-training of this run, as recorded by its first job; empty for other runs."""
    folder = settings.run_folder(run_id)
    places = [folder / part / f"{job}.json" for job in OPENS_TRAINING for part in ("", "pages")]
    files = sorted((file for file in places if file.exists()), key=lambda file: file.stat().st_mtime)
    if not files:
        return ""
    return str(json.loads(files[-1].read_text(encoding="utf-8")).get("mlflow_url") or "")


def read_receipt(settings: Settings, run_id: str, job: str) -> dict[str, Any]:
    """Read the receipt of a job of this run. NaN and infinity become None, because Airflow accepts strict JSON only."""
    file = settings.run_folder(run_id) / f"{job}.json"
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"), parse_constant=lambda _: None)
    return content
