"""Fixtures that many tests share: a home folder, its settings and lake, one Spark session and one MLflow server."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from mlflow_process import free_port, signed_in_mlflow
from pyspark.sql import SparkSession

from socialrec.etl.session import spark_session
from socialrec.lake import Lake
from socialrec.settings import Settings, load_settings
from socialrec.settings.java import archived_classes
from socialrec.settings.services import SparkSettings
from socialrec.tracking.access import PASSWORD_VARIABLE, USER_VARIABLE

LONGEST_FIRST = (
    "e2e/test_e2e_night.py",
    "jobs/test_jobs_etl.py",
    "local_stack/test_local_stack_servers.py",
    "jobs/test_jobs_silver_keys.py",
    "cli/test_cli.py",
    "jobs/test_jobs_erasure.py",
    "bench/test_bench_first_nights.py",
    "etl/test_etl_verdicts.py",
    "bench/test_bench_etl.py",
    "jobs/test_jobs_baseline.py",
    "chaos/test_chaos_mlflow.py",
)
"""Files that take the longest: a worker that begins one of them last would leave the others waiting."""


# An example may take any time: a busy machine must not fail a test.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give workers the longest files first, then those with the most tests; alone, pytest keeps its own order."""
    if not hasattr(config, "workerinput"):
        return
    n_tests = Counter(item.path for item in items)
    rank = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: (rank.get(item.path, len(rank)), -n_tests[item.path], str(item.path)))


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own SOCIALREC_ variables must not change what tests see."""
    for name in list(os.environ):
        if name.startswith("SOCIALREC_") and name != "SOCIALREC_DATA_DIR":
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def sign_in_of_one_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that asks a server of its own leaves its password in the environment, where the next test finds it."""
    for name in (USER_VARIABLE, PASSWORD_VARIABLE):
        before = os.environ.get(name)
        monkeypatch.setenv(name, before or "")
        if before is None:
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for each other take most of the time of models as small as those of tests."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


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


QUICK_PLANS = {
    # Nearly all time of a tiny night goes into compiling: the JVM its second tier, Spark a Java class per plan.
    # Jobs that run as programs (tests/e2e, tests/chaos, the benchmarks' tests) keep Spark's own settings.
    # With one tier the JVM sets a fifth of the usual space for code aside, which a session of many nights fills.
    # A tiny night leaves plans behind, not rows: a large young generation is collected half as often.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC "
    "-XX:NewSize=512m -XX:MetaspaceSize=256m "
    # All times are UTC, wherever the machine is.
    "-Duser.timezone=America/New_York " + archived_classes(),
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    # A job for each stage of a plan, which is planned again in between, pays where stages hold many rows.
    "spark.sql.adaptive.enabled": "false",
}


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """One session for all tests of a worker; jobs that they call in this process find it and leave it running."""
    home = tmp_path_factory.mktemp("spark")
    spark = SparkSettings(master="local[2]", driver_memory="1g", shuffle_partitions=1, conf=QUICK_PLANS)
    settings = load_settings(home).model_copy(update={"spark": spark})
    with spark_session("tests", settings) as session:
        yield session


@pytest.fixture
def deserted_url() -> str:
    """An address at which nothing listens."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real MLflow server with its own database, to which every MLflow client of the tests signs in."""
    with signed_in_mlflow(tmp_path_factory.mktemp("mlflow")) as server:
        yield server.url
