"""A real MLflow server in processes of its own, which a test may kill."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from socialrec.local_stack.environment import mlflow_command, mlflow_environment
from socialrec.settings import Settings
from socialrec.settings.services import ServiceSettings
from socialrec.tracking.access import client_variables


@dataclass
class MlflowProcess:
    """A server whose database and files lie below a folder: started again, it knows everything."""

    home: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """End it and its workers at once."""
        self.end(signal.SIGKILL)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        os.killpg(self.process.pid, how)
        self.process.wait()


def start_mlflow(home: Path, port: int | None = None) -> MlflowProcess:
    """Start a server and wait until it answers."""
    settings = Settings(home=home, services=ServiceSettings(mlflow_port=port or free_port()))
    (home / "mlflow").mkdir(exist_ok=True)
    log = home / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            mlflow_command(settings),
            stdout=output,
            stderr=output,
            env=mlflow_environment(settings),
            start_new_session=True,
        )
    server = MlflowProcess(home, settings.services.mlflow_port, process)
    for _ in range(600):
        assert process.poll() is None, f"MLflow ended: {log.read_text()[-500:]}"
        if answers(f"{server.url}/health"):
            return server
        time.sleep(0.5)
    server.kill()
    raise AssertionError(f"MLflow does not answer: {log.read_text()[-500:]}")


@contextmanager
def signed_in_mlflow(home: Path) -> Iterator[MlflowProcess]:
    """A server of a home, to which the clients of this process sign in meanwhile."""
    server = start_mlflow(home)
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in client_variables(Settings(home=home)).items():
                patch.setenv(name, value)
            yield server
    finally:
        server.end()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        return bool(urllib.request.urlopen(url, timeout=1).status == 200)
    except OSError:
        return False
