"""Fixtures that many tests share: a home folder, its settings and lake, one Spark session and one MLflow server."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from socialrec.etl.session import spark_session
from socialrec.lake import Lake
from socialrec.service.environment import mlflow_command, mlflow_environment
from socialrec.service_settings import ServiceSettings, SparkSettings
from socialrec.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own SOCIALREC_ variables must not change what tests see."""
    for name in list(os.environ):
        if name.startswith("SOCIALREC_") and name != "SOCIALREC_DATA_DIR":
            monkeypatch.delenv(name)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(home: Path) -> Settings:
    return load_settings(home)


@pytest.fixture
def lake(settings: Settings) -> Lake:
    return Lake(settings.lake)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    home = tmp_path_factory.mktemp("spark")
    settings = load_settings(home).model_copy(
        update={"spark": SparkSettings(master="local[2]", driver_memory="1g", shuffle_partitions=2)}
    )
    with spark_session("tests", settings) as session:
        yield session


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def deserted_url() -> str:
    """An address at which nothing listens."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real MLflow server with its own database."""
    port = free_port()
    settings = Settings(home=tmp_path_factory.mktemp("mlflow"), services=ServiceSettings(mlflow_port=port))
    (settings.home / "mlflow").mkdir()
    url, log = f"http://127.0.0.1:{port}", settings.home / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            mlflow_command(settings), stdout=output, stderr=output, env=mlflow_environment(settings)
        )
    try:
        for _ in range(600):
            assert process.poll() is None, f"MLflow ended: {log.read_text()[-500:]}"
            if answers(f"{url}/health"):
                break
            time.sleep(0.5)
        else:
            raise AssertionError(f"MLflow does not answer: {log.read_text()[-500:]}")
        yield url
    finally:
        process.terminate()
        process.wait()


def answers(url: str) -> bool:
    try:
        return bool(urllib.request.urlopen(url, timeout=1).status == 200)
    except OSError:
        return False
