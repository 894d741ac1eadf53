"""Programs of a home by name, in the order in which they start."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Callable

from socialrec.errors import UserError
from socialrec.local_stack.cluster import machines
from socialrec.local_stack.environment import (
    airflow_command,
    airflow_environment,
    mlflow_command,
    mlflow_environment,
)
from socialrec.local_stack.program import Program
from socialrec.settings import Settings


def programs(settings: Settings) -> dict[str, Program]:
    """Programs that the supervisor starts for these settings."""
    is_here = settings.cluster.is_here
    return {
        **(machines.backing_services(settings) if is_here else {}),
        **(mlflow(settings) if settings.services.mlflow_uri is None else {}),
        **airflow(settings),
        **(machines.celery_workers(settings) if is_here else {}),
    }


def become(name: str, settings: Settings) -> None:
    """Replace this process by one program, as a container does. UserError for an unknown name."""
    make = next((make for prefix, make in ALONE.items() if name.startswith(prefix)), airflow)
    # Only its own programs are made: a container of Spark has none of Airflow's secrets.
    found = make(settings)
    if name not in found:
        raise UserError(f"no program {name!r}; of its kind there are {', '.join(found)}")
    make_folders(settings)
    program = found[name]
    os.execve(program.command[0], program.command, program.environment)  # noqa: S606 (our own words, no shell)


def make_folders(settings: Settings) -> None:
    """Make the folders that programs expect in their home."""
    for name in ("airflow/logs", "mlflow/artifacts", "scratch", "logs"):
        (settings.home / name).mkdir(parents=True, exist_ok=True)


def mlflow(settings: Settings) -> dict[str, Program]:
    """Server of MLflow."""
    return {"mlflow": Program(mlflow_command(settings), mlflow_environment(settings))}


def airflow(settings: Settings) -> dict[str, Program]:
    """Processes of Airflow: those of `airflow standalone`, after migration of its database."""
    environment = airflow_environment(settings)
    version = importlib.metadata.version("apache-airflow")
    mark = settings.home / "airflow" / f"migrated-{version}"
    # The API server reads the task logs from disk, so no log server is needed.
    commands = {
        "api-server": airflow_command("api-server"),
        "scheduler": airflow_command("scheduler", "--skip-serve-logs"),
        "dag-processor": airflow_command("dag-processor"),
        "triggerer": airflow_command("triggerer", "--skip-serve-logs"),
    }
    return {
        "migrate": Program(airflow_command("db", "migrate"), environment, is_once=True, mark=mark),
        **{name: Program(command, environment) for name, command in commands.items()},
    }


ALONE: dict[str, Callable[[Settings], dict[str, Program]]] = {
    "spark-": machines.spark,
    "celery-": machines.celery_workers,
    "store": machines.store,
    "create-bucket": machines.store,
    "mlflow": mlflow,
}
"""Makers of the programs by name prefix; all other programs are Airflow's."""
