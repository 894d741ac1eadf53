"""Cleanup of old runs in the databases of this home's own Airflow and MLflow, by their own commands."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from socialrec.errors import UserError
from socialrec.local_stack.environment import BIN, airflow_environment, mlflow_environment
from socialrec.settings import Settings
from socialrec.tracking import Tracker, tracking_uri
from socialrec.tracking.access import client_variables

NOT_OURS = "left alone: its server is not of this home"
TIMEOUT_SECONDS = 1_800


def clean_airflow(settings: Settings, *, dry_run: bool) -> str:
    """Run `airflow db clean` for records older than `maintenance.history_days`; a DAG's newest scheduled run stays."""
    if not (settings.home / "airflow" / "airflow.db").exists():
        return NOT_OURS
    before = datetime.now(UTC) - timedelta(days=settings.maintenance.history_days)
    command = [str(BIN / "airflow"), "db", "clean", "--clean-before-timestamp", before.isoformat()]
    command += ["--yes", "--skip-archive", "--error-on-cleanup-failure", *(["--dry-run"] if dry_run else [])]
    # Inside a task Airflow hides its database, so this sets it again.
    _run(command, airflow_environment(settings))
    return "looked" if dry_run else "cleaned"


def clean_mlflow(settings: Settings, tracker: Tracker, *, dry_run: bool) -> str:
    """Run `mlflow gc` for runs deleted more than `maintenance.history_days` ago, with their artifacts.

    Raises UserError where a deleted run holds a registered model: its files would go with it.
    """
    folder = settings.home / "mlflow"
    if settings.services.mlflow_uri or not (folder / "mlflow.db").exists():
        return NOT_OURS
    if needed := tracker.deleted_runs_of_models():
        raise UserError(
            f"runs that hold registered models were deleted in MLflow ({'; '.join(needed)}): restore them with `mlflow "
            "runs restore`, or delete those model versions too; nothing was removed for good"
        )
    if dry_run:
        return "looked"
    command = [str(BIN / "mlflow"), "gc", "--older-than", f"{settings.maintenance.history_days:.9f}d"]
    command += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"]
    command += ["--artifacts-destination", str(folder / "artifacts"), "--tracking-uri", tracking_uri(settings)]
    _run(command, mlflow_environment(settings) | client_variables(settings))
    return "cleaned"


def _run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS
    )
    if done.returncode:
        raise RuntimeError(f"`{' '.join(command[:3])}` ended with code {done.returncode}: {done.stderr[-1000:]}")
