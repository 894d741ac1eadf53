"""What runs for a home folder: `<home>/services.json`, written by its supervisor."""

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
    """A hash of each variable of this environment that is a setting: values may be secret."""
    return {
        name: hashlib.sha256(value.encode()).hexdigest()[:16]
        for name, value in sorted(os.environ.items())
        if name.startswith(ENV_PREFIX) and name not in RESERVED_VARIABLES
    }


@dataclass
class Record:
    """The supervisor, the processes it started, and where the servers listen."""

    supervisor: Identity
    airflow: dict[str, str]
    mlflow: dict[str, str]
    processes: dict[str, Identity] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=settings_variables)
    """The settings in the environment that the processes inherit."""

    def is_alive(self) -> bool:
        """Whether the supervisor of this record still runs."""
        return find(self.supervisor) is not None

    def left_running(self) -> list[psutil.Process]:
        """Processes of this record that run, whatever became of their supervisor."""
        return [process for known in self.processes.values() if (process := find(known))]


def sign_in_words(server: Mapping[str, str]) -> str:
    """The user name of a server and where its password is; empty for a server that is not ours."""
    return f"user {server['user']}, password in {server['password_file']}" if "user" in server else ""


def record_file(settings: Settings) -> Path:
    """Where the record of a home is."""
    return settings.home / "services.json"


def read_record(settings: Settings) -> Record | None:
    """The record, None where nothing was ever started or the servers were stopped."""
    try:
        return Record(**json.loads(record_file(settings).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def write_record(settings: Settings, record: Record) -> None:
    """Write the record whole or not at all."""
    file = record_file(settings)
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.write_text(json.dumps(asdict(record), indent=1), encoding="utf-8")
    partial.replace(file)
