"""Airflow and MLflow of one home, for real: started, healed, taken over, stopped. The tests go on from each other."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests

from socialrec.contracts.runs import NIGHTLY, TRAIN
from socialrec.errors import UserError
from socialrec.local_stack.nights import night
from socialrec.local_stack.nights.night import TaskLine
from socialrec.local_stack.processes import Identity, end, find, identity, tree
from socialrec.local_stack.record import Record, read_record, write_record
from socialrec.local_stack.secrets import USER, password
from socialrec.local_stack.servers import down, status, up
from socialrec.orchestration.airflow_api import AirflowApi
from socialrec.orchestration.pools import POOLS
from socialrec.settings import Settings, load_settings

PATIENCE_SECONDS = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(is_so: Callable[[], object]) -> None:
    """Wait for something that must come; how long it takes is not what is tested."""
    last = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < last, "it did not come"
        time.sleep(0.2)


def record_of(settings: Settings) -> Record:
    record = read_record(settings)
    assert record is not None
    return record


def family(settings: Settings) -> list[Identity]:
    """The supervisor and everything below it."""
    supervisor = find(record_of(settings).supervisor)
    assert supervisor is not None
    return [identity(process.pid) for process in tree([supervisor])]


def still_running(family: list[Identity]) -> list[list[str]]:
    return [process.cmdline() for known in family if (process := find(known))]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A home whose servers are up."""
    home = tmp_path_factory.mktemp("servers") / "home"
    home.mkdir()
    ports = f"airflow_port = {free_port()}\nmlflow_port = {free_port()}\n"
    # Nothing starts by itself, whatever the hour.
    (home / "settings.toml").write_text(f"[services]\nscheduled = false\n{ports}")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("SOCIALREC_")]:
            patch.delenv(name)
        settings = load_settings(home)
        try:
            up(settings, print)
            yield settings
        finally:
            if record := read_record(settings):
                end([*filter(None, [find(record.supervisor)]), *record.left_running()], patience=5)


@pytest.fixture(scope="module")
def api(shop: Settings) -> AirflowApi:
    """Airflow with both DAGs read."""
    api = AirflowApi.of(record_of(shop).airflow)
    until(lambda: api.has_dag(NIGHTLY) and api.has_dag(TRAIN))
    return api


def test_both_servers_are_healthy_once_up_returns(shop: Settings) -> None:
    assert status(shop) == {"airflow": "healthy", "mlflow": "healthy"}
    assert set(record_of(shop).processes) >= {"api-server", "scheduler", "dag-processor", "triggerer", "mlflow"}


def test_nothing_listens_beyond_loopback(shop: Settings) -> None:
    record = record_of(shop)
    sockets = [
        connection.laddr
        for known in family(shop)
        if (process := find(known))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    ours = {int(server["url"].rpartition(":")[2]) for server in (record.airflow, record.mlflow)}
    assert ours <= {address.port for address in sockets}
    assert {address.ip for address in sockets} <= {"127.0.0.1", "::1"}


def test_the_ports_are_those_of_the_settings_while_they_are_free(shop: Settings) -> None:
    record = record_of(shop)
    assert record.airflow["url"] == f"http://127.0.0.1:{shop.services.airflow_port}"
    assert record.mlflow["url"] == f"http://127.0.0.1:{shop.services.mlflow_port}"


def test_up_again_leaves_what_runs_alone(shop: Settings) -> None:
    before, said = record_of(shop), list[str]()
    assert up(shop, said.append) == before
    assert said == []


def test_a_setting_in_the_environment_that_the_running_servers_would_not_see_is_refused(
    shop: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOCIALREC_TEXT__MODEL", "other")
    with pytest.raises(UserError, match="started with other values of SOCIALREC_TEXT__MODEL: run `make down` first"):
        up(shop, print)


def test_the_pools_are_there_before_the_first_task(shop: Settings, api: AirflowApi) -> None:
    for name, description in POOLS.items():
        api.make_pool(name, description)  # one that is there stays as it is
    signed_in = requests.post(f"{api.url}/auth/token", json={"username": USER, "password": password(shop)}, timeout=30)
    headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    pools = requests.get(f"{api.url}/api/v2/pools", headers=headers, timeout=30).json()["pools"]
    assert {pool["name"]: pool["slots"] for pool in pools if pool["name"] in POOLS} == {"spark": 1, "gpu": 1}


def test_the_dag_files_are_read_without_an_error(api: AirflowApi) -> None:
    assert api.import_errors() == []


def test_a_wrong_password_is_one_line_that_says_so(api: AirflowApi) -> None:
    with pytest.raises(UserError) as error:
        AirflowApi(api.url, USER, "wrong").last_run(NIGHTLY)
    assert str(error.value) == f"Airflow at {api.url} refuses the password: was its password file changed?"


def test_a_server_that_is_away_is_one_line_with_the_remedy(deserted_url: str) -> None:
    with pytest.raises(UserError) as error:
        AirflowApi(deserted_url, USER, "any").last_run(NIGHTLY)
    assert str(error.value).startswith(f"Airflow does not answer at {deserted_url}: run `socialrec up`")
    assert "\n" not in str(error.value)


def test_what_airflow_does_not_know_is_none_and_what_it_refuses_is_one_line(api: AirflowApi) -> None:
    assert not api.has_dag("socialrec_daily")
    assert api.run(NIGHTLY, "manual__never") is None
    for ds, why in (("2026-02-30", ""), ("2999-01-01", "2999-01-01 is in the future")):
        with pytest.raises(UserError, match=f"Airflow refused POST .*: 400 .*{why}") as error:
            api.trigger(NIGHTLY, {"ds": ds})
        assert "\n" not in str(error.value)
    assert api.last_run(NIGHTLY) is None


def test_a_killed_scheduler_is_started_again_and_its_workers_are_not_left_behind(shop: Settings) -> None:
    before = record_of(shop)
    scheduler = find(before.processes["scheduler"])
    assert scheduler is not None
    workers = [identity(process.pid) for process in tree([scheduler])[1:]]
    assert len(workers) >= 4
    scheduler.kill()
    until(lambda: record_of(shop).processes["scheduler"] != before.processes["scheduler"])
    after = record_of(shop)
    assert find(after.processes["scheduler"]) is not None
    assert still_running(workers) == []
    changed = {name for name, known in after.processes.items() if known != before.processes[name]}
    assert (changed, after.supervisor) == ({"scheduler"}, before.supervisor)


def test_a_failed_night_names_its_task_and_the_last_lines_of_its_log(shop: Settings, api: AirflowApi) -> None:
    """Nothing has landed. The night goes through the scheduler that was started again."""
    run_id = night.start(api, "2026-01-31", print)
    lines: list[TaskLine] = []
    assert night.follow(api, run_id, lines.extend) is False
    ended = {line.name: (line.state, line.attempt) for line in lines}
    assert (ended.pop("resolve_run"), ended.pop("ingest_landing")) == (("success", 1), ("failed", 1))
    assert {state for state, _ in ended.values()} == {"upstream_failed"}
    said = f"error: no landing folder {shop.landing}: run `socialrec import demo` or deliver files to "
    assert any(said in line for line in api.log_lines(NIGHTLY, run_id, "ingest_landing", 1))
    failure = night.failure(api, run_id)
    first, *log = failure.text.splitlines()
    assert first == "ingest_landing failed; the last lines of its log:"
    assert any(said in line for line in log)
    assert failure.line.startswith(said.removeprefix("error: "))
    assert api.log_lines(NIGHTLY, run_id, "report_run", 1) == []
    api.note(NIGHTLY, run_id, "x" * 2_000)
    run = api.run(NIGHTLY, run_id)
    assert run is not None
    assert run["note"] == "x" * 1_000


def test_a_night_is_followed_through_a_restart_of_the_api_server(shop: Settings, api: AirflowApi) -> None:
    before, last = record_of(shop), api.last_run(NIGHTLY)
    server = find(before.processes["api-server"])
    assert server is not None and last is not None
    server.kill()
    lines: list[TaskLine] = []
    assert night.follow(api, last["dag_run_id"], lines.extend) is False
    assert "ingest_landing" in {line.name for line in lines}
    assert record_of(shop).processes["api-server"] != before.processes["api-server"]


@pytest.mark.parametrize("content", [None, "lost", "{}", "[]"])
def test_a_password_file_without_the_password_is_named_in_one_line(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "passwords.json"
    if content is not None:
        file.write_text(content)
    airflow = {"url": "http://127.0.0.1", "user": USER, "password_file": str(file)}
    with pytest.raises(UserError) as error:
        AirflowApi.of(airflow)
    assert str(error.value).startswith(f"{file} holds no password of {USER}: delete it, then run `socialrec down`")


@pytest.mark.slow
def test_two_people_who_start_the_servers_at_once_share_them_and_replace_what_a_killed_supervisor_left(
    shop: Settings,
) -> None:
    before, orphans = record_of(shop), family(shop)[1:]
    supervisor = find(before.supervisor)
    assert supervisor is not None
    supervisor.kill()
    until(lambda: not record_of(shop).is_alive())
    assert status(shop) == {"airflow": "stopped", "mlflow": "stopped"}
    assert len(still_running(orphans)) >= 4
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(lambda _: up(shop, print), range(2))
    assert first.supervisor == second.supervisor == record_of(shop).supervisor != before.supervisor
    assert first.airflow == second.airflow
    assert still_running(orphans) == []
    assert status(shop) == {"airflow": "healthy", "mlflow": "healthy"}


def test_a_password_outlives_the_servers(shop: Settings) -> None:
    record = record_of(shop)
    assert AirflowApi(record.airflow["url"], USER, password(shop)).has_dag(NIGHTLY)


def test_deleting_the_home_stops_everything(shop: Settings) -> None:
    everything = family(shop)
    while shop.home.exists():
        shutil.rmtree(shop.home, ignore_errors=True)  # again where a server wrote a file meanwhile
    until(lambda: not still_running(everything))
    # One of them may have written a last line when the home was gone.
    shutil.rmtree(shop.home, ignore_errors=True)
    assert not shop.home.exists()
    assert not still_running(everything)


def test_down_stops_the_servers_of_the_homes_inside_too(settings: Settings) -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    inner = load_settings(settings.home / "lastfm")
    inner.home.mkdir()
    write_record(inner, Record(identity(process.pid), {"url": ""}, {"url": ""}))
    assert down(settings, print) == [inner.home]
    assert process.wait() != 0


def test_servers_that_cannot_start_are_one_line_that_names_the_logs(settings: Settings) -> None:
    (settings.home / "airflow").write_text("in the way")
    with pytest.raises(UserError, match=r"the servers did not start: see \S+logs, supervisor.log first") as error:
        up(settings, print)
    assert "\n" not in str(error.value)
