"""What a cluster is started from: programs, their order, and who may know what."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from pathlib import Path

import pytest

from socialrec.errors import UserError
from socialrec.etl.session import session_conf
from socialrec.local_stack.cluster import home as cluster_home
from socialrec.local_stack.cluster.machines import address
from socialrec.local_stack.environment import airflow_environment, mlflow_environment
from socialrec.local_stack.health import is_healthy
from socialrec.local_stack.home import doctor
from socialrec.local_stack.home.doctor import examine
from socialrec.local_stack.program import Program
from socialrec.local_stack.programs import become, programs
from socialrec.local_stack.secrets import broker_conf, broker_url, database_url, make_all, user_password
from socialrec.local_stack.supervisor import Supervisor
from socialrec.settings import Settings, load_settings


@pytest.fixture
def there(home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of the cluster inside a home; the variables that they came from go with the test."""
    monkeypatch.setattr(os, "environ", dict(os.environ))
    return cluster_home.cluster_home(load_settings(home))


def test_programs_start_after_what_they_need(there: Settings) -> None:
    order = list(programs(there))
    needs = {
        "postgres": "initdb",
        "create-databases": "postgres",
        "create-bucket": "store",
        "spark-worker-2": "spark-master",
        "mlflow": "create-bucket",
        "migrate": "create-databases",
        "scheduler": "migrate",
        "celery-worker-1": "redis",
    }
    assert all(order.index(before) < order.index(name) for name, before in needs.items())


def test_a_laptop_starts_what_it_always_did(settings: Settings) -> None:
    names = ["mlflow", "migrate", "api-server", "scheduler", "dag-processor", "triggerer"]
    assert list(programs(settings)) == names
    assert airflow_environment(settings)["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert not [name for name in airflow_environment(settings) if "CELERY" in name]


def test_no_password_is_an_argument_that_everybody_on_the_machine_could_read(there: Settings) -> None:
    commands = " ".join(word for program in programs(there).values() for word in program.command)
    secret = [user_password(there, user) for user in ("airflow", "mlflow", "postgres")]
    secret += broker_conf(there).read_text().split()[1:]
    assert [word for word in secret if word in commands] == []


def test_airflow_and_mlflow_sign_in_as_users_of_their_own_with_passwords_from_files(there: Settings) -> None:
    airflow, mlflow = airflow_environment(there), mlflow_environment(there)
    theirs = user_password(there, "airflow"), user_password(there, "mlflow")
    assert airflow["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].startswith(f"postgresql+psycopg2://airflow:{theirs[0]}@")
    assert mlflow["MLFLOW_BACKEND_STORE_URI"].startswith(f"postgresql+psycopg2://mlflow:{theirs[1]}@")
    assert theirs[0] != theirs[1]
    assert mlflow["MLFLOW_ARTIFACTS_DESTINATION"] == "s3://socialrec/mlflow"
    assert "AWS_SHARED_CREDENTIALS_FILE" not in airflow


def test_a_password_may_hold_any_character(settings: Settings) -> None:
    settings.secrets.mkdir()
    (settings.secrets / "ann.password").write_text("p@ss/w:rd\n")
    url = "postgresql+psycopg2://ann@db:5432/shop"
    assert database_url(settings, url) == "postgresql+psycopg2://ann:p%40ss%2Fw%3Ard@db:5432/shop"
    (settings.secrets / "redis.conf").write_text("requirepass s#cret\n")
    assert broker_url(settings, "redis://broker:6379/0") == "redis://:s%23cret@broker:6379/0"


@pytest.mark.parametrize("content", ["", "requirepass", "bind 127.0.0.1\nrequirepass x"])
def test_a_file_of_redis_without_just_a_password_is_named(settings: Settings, content: str) -> None:
    settings.secrets.mkdir()
    (settings.secrets / "redis.conf").write_text(content)
    with pytest.raises(UserError, match=r"redis\.conf must hold one line: requirepass <password>"):
        broker_url(settings, "redis://broker:6379/0")


@pytest.mark.parametrize("url", [None, "", "redis://broker", "broker:6379"])
def test_an_address_without_host_and_port_names_its_setting(url: str | None) -> None:
    with pytest.raises(UserError, match=r"cluster\.broker is .*: it must name a host and a port"):
        address(url, "cluster.broker")


def test_a_database_without_a_user_says_how_it_is_written(settings: Settings) -> None:
    with pytest.raises(UserError, match="names no user: write it as"):
        database_url(settings, "postgresql+psycopg2://db:5432/shop")


def test_all_secrets_of_a_cluster_are_made_at_once_for_their_owner_alone(settings: Settings) -> None:
    files = make_all(settings)
    assert {file.name for file in files} == {
        *("airflow_passwords.json", "airflow_fernet.key", "airflow_api.key", "airflow_jwt.key"),
        *("mlflow_passwords.json", "spark.conf"),
        *("airflow.password", "mlflow.password", "postgres.password", "redis.conf", "aws_credentials", "identity.key"),
    }
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    before = [file.read_text() for file in files]
    assert [file.read_text() for file in make_all(settings)] == before


def test_the_cluster_sees_the_same_landing_files_pseudonyms_and_settings(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "landing" / "shop").mkdir(parents=True)
    (home / "settings.toml").write_text("recommend.list_length = 7\n")
    monkeypatch.setattr(os, "environ", {**os.environ, "SOCIALREC_CLUSTER__WORKER_SLOTS": "3"})
    here = load_settings(home)
    there = cluster_home.cluster_home(here)
    assert (there.recommend.list_length, there.cluster.worker_slots, there.cluster.is_here) == (7, 3, True)
    assert [folder.name for folder in there.landing.iterdir()] == ["shop"]
    assert (there.secrets / "identity.key").read_text() == (here.secrets / "identity.key").read_text()


def test_a_cluster_that_was_made_with_another_key_is_not_compared(there: Settings, home: Path) -> None:
    (home / "secrets" / "identity.key").write_text("0" * 64)
    with pytest.raises(UserError, match="makes pseudonyms with another key than"):
        cluster_home.cluster_home(load_settings(home))


def test_homes_with_empty_lakes_agree_and_say_so(there: Settings, home: Path) -> None:
    assert set(cluster_home.compare(load_settings(home), there).values()) == {0}


def test_spark_on_a_master_of_this_machine_stays_on_loopback(there: Settings, settings: Settings) -> None:
    assert session_conf(there, there.scratch)["spark.driver.bindAddress"] == "127.0.0.1"
    assert there.spark.environment["SPARK_LOCAL_IP"] == "127.0.0.1"
    far = settings.spark.model_copy(update={"master": "spark://cluster:7077"})
    assert "SPARK_LOCAL_IP" not in far.environment


def test_a_container_cannot_become_a_program_that_is_none(settings: Settings) -> None:
    with pytest.raises(UserError, match="no program 'schedule'; of its kind there are migrate, api-server, scheduler"):
        become("schedule", settings)


def test_nothing_is_healthy_where_nothing_runs(there: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SPARK__MASTER=spark://127.0.0.1:1", "CLUSTER__S3_ENDPOINT=http://127.0.0.1:1"):
        monkeypatch.setitem(os.environ, *f"SOCIALREC_{name}".split("="))
    monkeypatch.setitem(os.environ, "SOCIALREC_CLUSTER__SPARK_UI_PORT", "1")
    monkeypatch.setitem(os.environ, "SOCIALREC_SERVICES__AIRFLOW_PORT", "1")
    monkeypatch.setitem(os.environ, "SOCIALREC_SERVICES__MLFLOW_PORT", "1")
    quiet = load_settings(there.home)
    names = ("store", "mlflow", "scheduler", "api-server", "spark-master", "spark-worker-1")
    assert [name for name in names if is_healthy(name, quiet)] == []


def test_the_doctor_looks_at_a_clusters_programs_only_where_one_is_wanted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = {check.name for check in examine(settings)}
    monkeypatch.setattr(os, "environ", dict(os.environ))
    more = {check.name for check in examine(cluster_home.cluster_home(settings))} - alone
    assert more == {"PostgreSQL", "Redis", "packages of a cluster", "PostgreSQL's files", "ports of the cluster"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts PostgreSQL as another user")
def test_the_doctor_looks_for_postgresql_as_the_user_and_the_groups_that_will_run_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(doctor, "postgres_owner", lambda: "daemon")
    with tempfile.TemporaryDirectory() as folder:
        there = cluster_home.cluster_home(load_settings(Path(folder)))
        for mode, reached in ((0o701, True), (0o710, False), (0o700, False)):
            # Root's own group may enter the second: that is not the user's.
            Path(folder).chmod(mode)
            checks = {check.name: check.is_ok for check in examine(there)}
            assert checks["PostgreSQL's files"] == reached


def make_supervisor(settings: Settings) -> Supervisor:
    lock = settings.home / "services.lock"
    lock.touch()
    (settings.home / "logs").mkdir()
    return Supervisor(settings, lock)


def bring_up(supervisor: Supervisor, code: str, **how: object) -> bool:
    program = Program([sys.executable, "-c", code], dict(os.environ), **how)  # type: ignore[arg-type]
    supervisor.programs["it"] = program
    return supervisor.bring_up("it", program)


def test_a_program_that_runs_once_leaves_its_mark_and_is_not_run_again(settings: Settings) -> None:
    supervisor, mark = make_supervisor(settings), settings.home / "made"
    assert bring_up(supervisor, "open('first', 'w')", is_once=True, mark=mark)
    assert (mark.exists(), (settings.home / "first").exists()) == (True, True)
    assert bring_up(supervisor, "open('second', 'w')", is_once=True, mark=mark)
    assert not (settings.home / "second").exists()
    assert supervisor.children == {}


def test_a_program_that_failed_leaves_no_mark(settings: Settings) -> None:
    mark = settings.home / "made"
    assert not bring_up(make_supervisor(settings), "raise SystemExit(3)", is_once=True, mark=mark)
    assert not mark.exists()


LISTEN = "import socket, time; s = socket.create_server(('127.0.0.1', {})); time.sleep(60)"


def test_what_comes_after_a_server_waits_until_it_listens(settings: Settings, deserted_url: str) -> None:
    supervisor, port = make_supervisor(settings), int(deserted_url.rpartition(":")[2])
    try:
        assert bring_up(supervisor, LISTEN.format(port), address=("127.0.0.1", port))
        # A second one is not started beside a server that is not ours.
        assert not bring_up(supervisor, LISTEN.format(port), address=("127.0.0.1", port))
    finally:
        supervisor.children["it"].kill()
        supervisor.children["it"].wait()


def test_a_server_that_dies_before_it_listens_did_not_come_up(settings: Settings, deserted_url: str) -> None:
    port = int(deserted_url.rpartition(":")[2])
    assert not bring_up(make_supervisor(settings), "pass", address=("127.0.0.1", port))
