"""Record of a home's running processes: `<home>/services.json`, written by its supervisor."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from socialrec.local_stack.processes import Identity, find
from socialrec.settings import ENV_PREFIX, RESERVED_VARIABLES, Settings


def settings_variables() -> dict[str, str]:
    """Hash each variable of this environment that is a setting, because values may be secret."""
    return {
        name: hashlib.sha256(value.encode()).hexdigest()[:16]
        for name, value in sorted(os.environ.items())
        if name.startswith(ENV_PREFIX) and name not in RESERVED_VARIABLES
    }


@dataclass
class Record:
    """Supervisor, its processes, and the addresses of the servers."""

    supervisor: Identity
    airflow: dict[str, str]
    mlflow: dict[str, str]
    processes: dict[str, Identity] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=settings_variables)
    """Settings in the environment that the processes inherit."""

    def is_alive(self) -> bool:
        """Check if the supervisor of this record still runs."""
        return find(self.supervisor) is not None

    def left_running(self) -> list[psutil.Process]:
        """Processes of this record that still run, with or without their supervisor."""
        return [process for known in self.processes.values() if (process := find(known))]


def sign_in_words(server: Mapping[str, str]) -> str:
    """User name and password file of a server; empty for a server that is not ours."""
    return f"user {server['user']}, password in {server['password_file']}" if "user" in server else ""


def record_file(settings: Settings) -> Path:
    """Path of the record of a home."""
    return settings.home / "services.json"


def read_record(settings: Settings) -> Record | None:
    """Read the record, None where nothing was ever started or the servers were stopped."""
    try:
        return Record(**json.loads(record_file(settings).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def write_record(settings: Settings, record: Record) -> None:
    """Write the record atomically."""
    file = record_file(settings)
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.write_text(json.dumps(asdict(record), indent=1), encoding="utf-8")
    partial.replace(file)
