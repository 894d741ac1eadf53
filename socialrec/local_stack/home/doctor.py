"""Checks if this machine can run the pipeline, with a one-line remedy for each missing part."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from socialrec.errors import UserError
from socialrec.local_stack.cluster.machines import REDIS, addresses, postgres_owner, postgres_program
from socialrec.local_stack.ports import is_free
from socialrec.local_stack.record import read_record
from socialrec.settings import Settings

MIN_PYTHON = (3, 11)
MIN_JAVA = 17
MIN_MEMORY_GIB = 6.0
MIN_DISK_GIB = 2.0
_GIB = 1024**3


@dataclass(frozen=True)
class SystemCheck:
    """One check: its subject, the finding, and the remedy where it failed."""

    name: str
    is_ok: bool
    found: str
    remedy: str = ""


def examine(settings: Settings) -> list[SystemCheck]:
    """Run every check, in the order in which a person would repair faults."""
    checks = [_python(), _java(), _memory(), _disk(settings.home), *_ports(settings)]
    return [*checks, *_cluster(settings)] if settings.cluster.is_here else checks


def require_health(settings: Settings) -> None:
    """Raise UserError, with a line per fault and its remedy, where this machine cannot run the pipeline."""
    faults = [f"{check.name}: {check.found}; {check.remedy}" for check in examine(settings) if not check.is_ok]
    if faults:
        raise UserError("this machine is not ready: " + "\n  ".join(faults))


def java_version(java: str) -> int | None:
    """Major version of a `java` program, None where it does not report one."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r'version "(?:1\.)?(\d+)', answer.stderr + answer.stdout)
    return int(match[1]) if match else None


def _python() -> SystemCheck:
    found = sys.version_info[:2]
    remedy = "install Python 3.11 or 3.12 and run `make setup PYTHON=/path/to/python3.11`"
    return SystemCheck("Python", found >= MIN_PYTHON, ".".join(map(str, found)), remedy)


def _java() -> SystemCheck:
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    version = java_version(java) if java else None
    found = "none" if version is None else f"{version} ({java})"
    remedy = "install a JDK 17 or 21, such as `apt-get install openjdk-17-jre-headless`, or set JAVA_HOME to one"
    return SystemCheck("Java", version is not None and version >= MIN_JAVA, found, remedy)


def _memory() -> SystemCheck:
    free = psutil.virtual_memory().available / _GIB
    remedy = f"close programs until {MIN_MEMORY_GIB:.0f} GiB are free, or set spark.driver_memory lower"
    return SystemCheck("memory", free >= MIN_MEMORY_GIB, f"{free:.1f} GiB free", remedy)


def _disk(home: Path) -> SystemCheck:
    folder = next(parent for parent in (home, *home.parents) if parent.exists())
    free = shutil.disk_usage(folder).free / _GIB
    remedy = f"free {MIN_DISK_GIB:.0f} GiB on the disk of {folder}, or set SOCIALREC_HOME to another one"
    return SystemCheck("disk", free >= MIN_DISK_GIB, f"{free:.1f} GiB free at {folder}", remedy)


def _ports(settings: Settings) -> Iterator[SystemCheck]:
    """Check ports. A busy port is no fault: the next free one is taken."""
    record = read_record(settings)
    if record is not None and record.is_alive():
        yield SystemCheck("ports", True, f"in use by our own servers: {record.airflow['url']}, {record.mlflow['url']}")
        return
    services = settings.services
    for name, port in (("Airflow port", services.airflow_port), ("MLflow port", services.mlflow_port)):
        yield SystemCheck(
            name, True, f"{port} is {'free' if is_free(port) else 'busy: the next free one will be taken'}"
        )


def _cluster(settings: Settings) -> Iterator[SystemCheck]:
    """Checks for a cluster on this machine. Its ports are fixed, because its programs are configured with them."""
    yield _program("PostgreSQL", postgres_program("initdb"), "postgresql")
    yield _program("Redis", shutil.which(REDIS), REDIS)
    missing = [name for name in ("celery", "moto", "psycopg2") if importlib.util.find_spec(name) is None]
    found = f"{', '.join(missing)} missing" if missing else "installed"
    yield SystemCheck("packages of a cluster", not missing, found, "run `pip install -r requirements-cluster.lock`")
    yield _home_of_postgres(settings.home)
    record = read_record(settings)
    if record is None or not record.is_alive():
        busy = [f"{host}:{port}" for host, port in addresses(settings) if not is_free(port)]
        found = f"{', '.join(busy)} busy" if busy else "free"
        yield SystemCheck(
            "ports of the cluster", not busy, found, "set other addresses than those of docker/cluster.env"
        )


def _program(name: str, path: str | None, package: str) -> SystemCheck:
    return SystemCheck(name, path is not None, path or "none", f"`apt-get install {package}`, or put it on PATH")


def _home_of_postgres(home: Path) -> SystemCheck:
    """Check that PostgreSQL's user can reach its files, because it refuses to run as root."""
    user = postgres_owner()
    if user is None:
        return SystemCheck("PostgreSQL's files", True, "this user's own")
    try:
        # With root's groups it would be another process than the one that the supervisor starts.
        asked = subprocess.run(["test", "-x", str(home)], user=user, group=user, extra_groups=[], check=False)  # noqa: S607
        reached = asked.returncode == 0
    except (KeyError, ValueError, OSError):
        return SystemCheck("PostgreSQL's files", False, f"no user {user}", "run as another user than root")
    remedy = f"run as another user than root, or let user {user} go there (chmod o+x on the folders above)"
    return SystemCheck("PostgreSQL's files", reached, f"{home} {'can' if reached else 'cannot'} be reached", remedy)
