"""Start, stop and status of Airflow and MLflow of a home folder."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from socialrec.errors import UserError
from socialrec.local_stack.health import airflow_ails, cluster_ails, mlflow_ails
from socialrec.local_stack.processes import end, find
from socialrec.local_stack.record import Record, read_record, record_file, settings_variables
from socialrec.orchestration.airflow_api import AirflowApi
from socialrec.orchestration.pools import POOLS
from socialrec.settings import HOME_VARIABLE, Settings, load_settings

START_SECONDS = 180.0
CLUSTER_START_SECONDS = 600.0
"""Seconds to wait for a cluster: twice as many programs, and a database to create."""
STOP_SECONDS = 60.0
Say = Callable[[str], None]


def up(settings: Settings, say: Say) -> Record:
    """Start missing servers and wait until all are healthy; running ones are left alone.

    Raises UserError where a server does not come up, or runs under other settings than those of this environment.
    """
    record = read_record(settings)
    if record is None or not record.is_alive():
        say(f"starting Airflow and MLflow in {settings.home}")
        process = _start_supervisor(settings)
    else:
        _require_same_variables(record)
        process = None
    started = time.monotonic()
    record = _wait(settings, process, say)
    api = AirflowApi.of(record.airflow)
    for name, description in POOLS.items():
        api.make_pool(name, description)
    if process is not None:
        say(f"healthy after {time.monotonic() - started:.0f} s")
    return record


def down(settings: Settings, say: Say) -> list[Path]:
    """Stop the servers of this home and of the homes inside it; returns the homes that had any."""
    stopped = []
    for home in (settings.home, *nested_homes(settings)):
        if _stop(load_settings(home)):
            say(f"stopped the servers of {home}")
            stopped.append(home)
    return stopped


def status(settings: Settings) -> dict[str, str]:
    """Status by server: `stopped`, `healthy`, or its unhealthy parts."""
    record = read_record(settings)
    if record is None or not record.is_alive():
        return {"airflow": "stopped", "mlflow": "stopped"}
    ails = {"airflow": airflow_ails(record.airflow["url"]), "mlflow": mlflow_ails(record.mlflow["url"])}
    return {name: f"not healthy: {', '.join(parts)}" if parts else "healthy" for name, parts in ails.items()}


def running_airflow(settings: Settings) -> AirflowApi | None:
    """Session with the Airflow of this home, None where it is stopped or does not answer."""
    record = read_record(settings)
    if record is None or not record.is_alive():
        return None
    if {"api_server", "metadatabase"} & set(airflow_ails(record.airflow["url"])):
        return None
    return AirflowApi.of(record.airflow)


def nested_homes(settings: Settings) -> list[Path]:
    """Homes of further shops inside this one."""
    return sorted(file.parent for file in settings.home.glob("*/services.json"))


def _require_same_variables(record: Record) -> None:
    """Refuse settings in the environment that the running servers would not see."""
    here = settings_variables()
    differing = [name for name in sorted(here | record.variables) if here.get(name) != record.variables.get(name)]
    if differing:
        raise UserError(
            f"the servers were started with other values of {', '.join(differing)}: run `make down` first, or put the "
            "settings into settings.toml"
        )


def _start_supervisor(settings: Settings) -> subprocess.Popen[bytes]:
    logs = settings.home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / "supervisor.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "socialrec.local_stack.supervisor"],
            env={**os.environ, HOME_VARIABLE: str(settings.home)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait(settings: Settings, process: subprocess.Popen[bytes] | None, say: Say) -> Record:
    patience = CLUSTER_START_SECONDS if settings.cluster.is_here else START_SECONDS
    until = time.monotonic() + patience
    said: list[str] = []
    while time.monotonic() < until:
        record = read_record(settings)
        if record is not None and record.is_alive():
            ails = [*mlflow_ails(record.mlflow["url"]), *airflow_ails(record.airflow["url"])]
            if settings.cluster.is_here and not ails:
                ails = cluster_ails(settings)
            if not ails:
                return record
            if ails != said:
                say(f"waiting for {', '.join(ails)}")
                said = ails
        elif process is not None and process.poll() not in (None, 0):
            raise UserError(f"the servers did not start: see {settings.home / 'logs'}, supervisor.log first")
        time.sleep(0.5)
    raise UserError(f"the servers are not healthy after {patience:.0f} s: see {settings.home / 'logs'}")


def _stop(settings: Settings) -> bool:
    record = read_record(settings)
    if record is None:
        return False
    supervisor = find(record.supervisor)
    left = record.left_running()
    if supervisor is not None:
        supervisor.terminate()
        until = time.monotonic() + STOP_SECONDS
        while find(record.supervisor) and time.monotonic() < until:
            time.sleep(0.2)
    end([*filter(None, [find(record.supervisor)]), *record.left_running()], patience=5)
    record_file(settings).unlink(missing_ok=True)
    return supervisor is not None or bool(left)
