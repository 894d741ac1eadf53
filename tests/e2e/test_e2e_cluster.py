"""The same night on one machine's own files and on a cluster here: PostgreSQL, Redis, Celery, Spark's manager, S3."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import requests
from e2e_shop import N_PLACES, SMALL, SOCIALREC, free_port, land_the_shop

from socialrec.contracts import TABLES
from socialrec.contracts.gold import RECOMMENDATIONS
from socialrec.lake import Lake
from socialrec.local_stack.cluster.machines import POSTGRES_USER, postgres_program
from socialrec.local_stack.processes import end, find, tree
from socialrec.local_stack.record import Record, read_record
from socialrec.local_stack.secrets import user_password
from socialrec.settings import load_settings

MISSING = [
    *(name for name in ("celery", "moto", "psycopg2") if importlib.util.find_spec(name) is None),
    *(
        name
        for name, path in (("postgresql", postgres_program("initdb")), ("redis", shutil.which("redis-server")))
        if not path
    ),
]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(7_200),
    pytest.mark.skipif(bool(MISSING), reason=f"no cluster without {', '.join(MISSING)}: see docs/operations.md"),
]


@dataclass(frozen=True)
class Cluster:
    """What `socialrec cluster` said, the home that it worked in, and its variables."""

    said: str
    home: Path
    variables: dict[str, str]

    def record(self) -> Record:
        record = read_record(load_settings(self.home))
        assert record is not None
        return record


def free_addresses() -> dict[str, str]:
    database = f"127.0.0.1:{free_port()}"
    addresses = {
        "SPARK__MASTER": f"spark://127.0.0.1:{free_port()}",
        "CLUSTER__AIRFLOW_DATABASE": f"postgresql+psycopg2://airflow@{database}/airflow",
        "CLUSTER__MLFLOW_DATABASE": f"postgresql+psycopg2://mlflow@{database}/mlflow",
        "CLUSTER__BROKER": f"redis://127.0.0.1:{free_port()}/0",
        "CLUSTER__S3_ENDPOINT": f"http://127.0.0.1:{free_port()}",
        "CLUSTER__SPARK_UI_PORT": str(free_port()),
    }
    return {f"SOCIALREC_{name}": value for name, value in addresses.items()}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    # Not below pytest's own folder: where PostgreSQL runs as another user, that user must be able to go there.
    root = Path(tempfile.mkdtemp(prefix="socialrec-cluster-"))
    root.chmod(0o711)
    home = root / "home"
    land_the_shop(home)
    (home / "settings.toml").write_text(
        f"{SMALL}services.airflow_port = {free_port()}\nservices.mlflow_port = {free_port()}\n"
    )
    plain = {name: value for name, value in os.environ.items() if not name.startswith("SOCIALREC_")}
    variables = plain | free_addresses()
    try:
        assert run(["run"], home, plain).returncode == 0
        done = run(["cluster"], home, variables)
        assert done.returncode == 0, done.stdout + done.stderr
        yield Cluster(done.stdout, home / "cluster", variables)
    finally:
        run(["down"], home, plain)
        shutil.rmtree(root, ignore_errors=True)


def run(arguments: list[str], home: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [str(SOCIALREC), *arguments, "--home", str(home)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_the_clusters_tables_are_those_of_the_one_machine(cluster: Cluster) -> None:
    [tables] = re.findall(r"^(\d+) tables, [\d,]+ rows: the same on the cluster as in", cluster.said, re.MULTILINE)
    assert int(tables) == len(TABLES)
    assert Lake(load_settings(cluster.home).lake).dataset(RECOMMENDATIONS).count_rows() == N_PLACES


def test_the_night_went_through_both_kinds_of_workers(cluster: Cluster) -> None:
    logs = {file.stem: file.read_text() for file in (cluster.home / "logs").glob("*.log")}
    assert re.search(r"execute_workload\[.*received", logs["celery-worker-1"] + logs["celery-worker-2"])
    page = f"http://127.0.0.1:{cluster.variables['SOCIALREC_CLUSTER__SPARK_UI_PORT']}/json/"
    master = requests.get(page, timeout=30).json()
    assert {"ingest_landing", "build_silver", "build_gold"} <= {done["name"] for done in master["completedapps"]}
    assert (master["aliveworkers"], master["cores"]) == (2, 2)
    assert not (cluster.home / "airflow" / "airflow.db").exists()
    assert not list((cluster.home / "mlflow" / "artifacts").iterdir())


def test_nothing_listens_beyond_loopback(cluster: Cluster) -> None:
    supervisor = find(cluster.record().supervisor)
    assert supervisor is not None
    listening = set()
    for process in tree([supervisor]):
        with suppress(psutil.NoSuchProcess):  # it has ended since
            listening |= {
                connection.laddr.ip
                for connection in process.net_connections("inet")
                if connection.status == psutil.CONN_LISTEN
            }
    assert {"127.0.0.1"} <= listening <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def test_neither_airflow_nor_mlflow_can_read_what_is_the_others(cluster: Cluster) -> None:
    import psycopg2

    settings = load_settings(cluster.home)
    port = int(cluster.variables["SOCIALREC_CLUSTER__AIRFLOW_DATABASE"].rpartition(":")[2].partition("/")[0])

    def ask(user: str, database: str, query: str) -> object:
        password = user_password(settings, user)
        way = {"host": "127.0.0.1", "port": port, "user": user, "password": password, "dbname": database}
        with closing(psycopg2.connect(**way)) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute(query)
            return cursor.fetchone()

    for user, other in (("airflow", "mlflow"), ("mlflow", "airflow")):
        assert ask(user, user, "SELECT count(*) > 10 FROM information_schema.tables") == (True,)
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            ask(user, other, "SELECT 1")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            ask(user, user, "CREATE DATABASE more")
    superusers = f"SELECT count(*) FROM pg_roles WHERE rolsuper AND rolname <> '{POSTGRES_USER}'"
    assert ask("airflow", "airflow", superusers) == (0,)


def test_a_lost_worker_is_started_again(cluster: Cluster) -> None:
    before = cluster.record().processes["celery-worker-2"]
    worker = find(before)
    assert worker is not None
    end([worker], patience=5)
    for _ in range(600):
        after = cluster.record().processes["celery-worker-2"]
        if after != before:
            break
        time.sleep(0.2)
    assert after != before
