"""Our own MLflow server against people who mean harm: over real HTTP, with its real database and files."""

from __future__ import annotations

import json
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow_process import MlflowProcess, signed_in_mlflow, start_mlflow

from socialrec import tracking
from socialrec.errors import UserError
from socialrec.runtime.doors import GUESSES
from socialrec.settings import Settings, load_settings
from socialrec.tracking.access import PERSON, PROGRAMS, password_file, passwords
from socialrec.tracking.registry import is_unknown_version
from socialrec.tracking.tracker import Tracker

API = "/api/2.0/mlflow"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowProcess]:
    """A server of a home of its own, to which this process signs in."""
    with signed_in_mlflow(tmp_path_factory.mktemp("home")) as process:
        yield process


@pytest.fixture
def ours(server: MlflowProcess) -> Settings:
    """The settings of the server's home, whose record says where it is."""
    (server.home / "services.json").write_text(json.dumps({"mlflow": {"url": server.url}}))
    return load_settings(server.home)


@pytest.fixture
def tracker(ours: Settings) -> Tracker:
    return tracking.connect(ours)


@pytest.fixture
def client(server: MlflowProcess) -> MlflowClient:
    return MlflowClient(server.url, server.url)


def person(ours: Settings) -> tuple[str, str]:
    return PERSON, passwords(ours)[PERSON]


ADDRESSES = ("/", "/version", "/static-files/x.js", f"{API}/experiments/search?max_results=1", "/graphql", "/nowhere")


def test_nobody_comes_in_without_a_password_but_to_ask_for_its_health(server: MlflowProcess) -> None:
    assert requests.get(f"{server.url}/health", timeout=30).text == "OK"
    for path in (*ADDRESSES, "/api/2.0/mlflow-artifacts/artifacts/x", "//health", "/health/", "/health/../version"):
        for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"):
            answer = requests.request(method, f"{server.url}{path}", timeout=30)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    "header",
    ["Basic", "Basic x", "Basic YWRtaW4=", "Basic YWRtaW46", "Basic Og==", "Bearer x", "Basic am9iczo=", "Basic /w=="],
)
def test_what_is_no_password_is_refused(server: MlflowProcess, header: str) -> None:
    answer = requests.get(f"{server.url}/version", headers={"Authorization": header}, timeout=30)
    assert answer.status_code in (401, 429)
    clear_guesses(server)


def clear_guesses(server: MlflowProcess) -> None:
    for file in (server.home / "mlflow" / "guesses").glob("*"):
        file.unlink()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/ajax-api/3.0/mlflow/assistant/config"), ("PUT", "/ajax-api/3.0/mlflow/assistant/config"),
        ("POST", "/ajax-api/3.0/mlflow/assistant/message"), ("POST", "/ajax-api/3.0/jobs/"),
        ("GET", "/gateway/mlflow/v1/models"),
    ],
)  # fmt: skip
def test_whoever_signs_in_finds_nothing_that_runs_commands_or_asks_other_servers(
    server: MlflowProcess, ours: Settings, method: str, path: str
) -> None:
    answer = requests.request(method, server.url + path, json={}, auth=person(ours), timeout=30)
    assert answer.status_code in {404, 405}


def test_a_web_socket_is_closed(server: MlflowProcess) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        line.sendall(
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert int(line.recv(100).split()[1]) in (400, 401, 403)


def test_people_and_programs_have_a_name_and_a_password_each(server: MlflowProcess, ours: Settings) -> None:
    file = password_file(ours)
    assert file.stat().st_mode & 0o777 == 0o600
    for user, password in passwords(ours).items():
        answer = requests.get(f"{server.url}/version", auth=(user, password), timeout=30)
        assert answer.status_code == 200
    assert passwords(ours)[PERSON] != passwords(ours)[PROGRAMS]


def test_the_password_is_in_no_argument_and_no_log(server: MlflowProcess, ours: Settings) -> None:
    arguments = Path(f"/proc/{server.process.pid}/cmdline").read_text()
    log = (server.home / "log").read_text()
    for password in passwords(ours).values():
        assert password not in arguments
        assert password not in log


def test_wrong_passwords_become_slow_for_people_and_never_for_programs(server: MlflowProcess, ours: Settings) -> None:
    def ask(user: str, password: str) -> requests.Response:
        return requests.get(f"{server.url}/version", auth=(user, password), timeout=30)

    assert [ask(PERSON, f"guess {n}").status_code for n in range(10)] == [401] * GUESSES + [429] * (10 - GUESSES)
    waiting = ask(*person(ours))
    assert waiting.status_code == 429
    assert 1 <= int(waiting.headers["Retry-After"]) <= 60
    assert ask(PROGRAMS, passwords(ours)[PROGRAMS]).status_code == 200
    guesses = server.home / "mlflow" / "guesses"
    (guesses / ".nobody's").touch()
    for file in guesses.glob("*-*"):  # a minute goes by
        then, _, name = file.name.partition("-")
        file.rename(guesses / f"{float(then) - 61:.6f}-{name}")
    assert [ask(*person(ours)).status_code for _ in range(2 * GUESSES)] == [200] * 2 * GUESSES
    assert [file.name for file in guesses.iterdir()] == [".nobody's"]


HOSTS = ("10.evil.com", "192.168.evil.com", "172.16.evil.com", "10.0.0.1", "localhost.evil.com", "127.0.0.1.evil.com")


@pytest.mark.parametrize("host", [*HOSTS, "10.evil.com:5000", "evil.com", "fc00:evil", "0.0.0.0"])
def test_a_name_that_only_begins_like_a_private_address_is_refused(
    server: MlflowProcess, ours: Settings, host: str
) -> None:
    for path in ("/version", "/health", f"{API}/experiments/search?max_results=1"):
        answer = requests.get(f"{server.url}{path}", headers={"Host": host}, auth=person(ours), timeout=30)
        assert answer.status_code == 403, path


def test_further_names_are_exact_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_SERVER_ALLOWED_HOSTS", "shop.example:5000, *.evil.com,10.*")
    further = start_mlflow(tmp_path)
    known = person(load_settings(tmp_path))

    def ask(host: str, origin: str) -> int:
        address, body = f"{further.url}{API}/experiments/search", {"max_results": 1}
        headers = {"Host": host, "Origin": origin}
        return requests.post(address, json=body, headers=headers, auth=known, timeout=30).status_code

    try:
        assert ask("shop.example:5000", "http://shop.example:5000") == 200
        assert ask("shop.example:5000", "http://evil.com") == 403
        assert [ask(host, f"http://{host}") for host in ("x.evil.com", "10.evil.com", "10.0.0.1")] == [403] * 3
    finally:
        further.end()


def test_another_page_of_this_machine_reads_and_changes_nothing(server: MlflowProcess, ours: Settings) -> None:
    address = f"{server.url}{API}/experiments/search?max_results=1"
    for origin in ("http://localhost:9999", "http://127.0.0.1:9999", "null", "http://10.evil.com", "https://localhost"):
        answer = requests.get(address, headers={"Origin": origin}, auth=person(ours), timeout=30)
        assert answer.status_code == 403, origin
        assert "Access-Control-Allow-Origin" not in answer.headers
    for host in (f"127.0.0.1:{server.port}", f"localhost:{server.port}", "localhost:9000"):
        headers = {"Host": host, "Origin": f"http://{host}"}
        assert requests.get(address, headers=headers, auth=person(ours), timeout=30).status_code == 200


def places(folder: Path) -> list[str]:
    """Addresses that lead out of the server's own store, to a folder or to another host."""
    return [
        *(str(folder), folder.as_uri(), f"file://localhost{folder}", f"{folder}/../x", "relative/folder"),
        *("s3://bucket/x", "http://127.0.0.1:1/x", "mlflow-artifacts://evil.example/x", "mlflow-artifacts:x"),
        *("mlflow-artifacts:/../../secrets", "mlflow-artifacts:/x/%2e%2e/secrets", "MLFLOW-ARTIFACTS:/x", "dbfs:/x"),
    ]


@pytest.mark.parametrize("spelling", ["artifact_location", "artifactLocation"])
def test_no_experiment_keeps_its_artifacts_elsewhere(
    server: MlflowProcess, ours: Settings, tmp_path: Path, spelling: str
) -> None:
    for number, place in enumerate(places(tmp_path / "secrets")):
        for body in ({"name": f"{spelling} {number}", spelling: place},):
            for sent in (body, json.dumps(body)):  # MLflow takes JSON within JSON too
                answer = requests.post(
                    f"{server.url}{API}/experiments/create", json=sent, auth=person(ours), timeout=30
                )
                assert answer.status_code == 400, place
    with sqlite3.connect(server.home / "mlflow" / "mlflow.db") as database:
        kept = {place for (place,) in database.execute("SELECT artifact_location FROM experiments")}
    assert {place.rstrip("0123456789") for place in kept} == {"mlflow-artifacts:/"}
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_the_store_itself_is_taken(client: MlflowClient, tracker: Tracker) -> None:
    experiment = client.create_experiment("within", artifact_location="mlflow-artifacts:/within")
    run_id = client.create_run(experiment).info.run_id
    tracker.log_dict(run_id, {"a": 1}, "a.json")
    assert [file.path for file in client.list_artifacts(run_id)] == ["a.json"]


def test_an_experiment_of_before_that_leads_elsewhere_takes_no_run(
    server: MlflowProcess, client: MlflowClient, tmp_path: Path
) -> None:
    """As somebody may have made it through a server without a door."""
    experiment = client.create_experiment("planted")
    with sqlite3.connect(server.home / "mlflow" / "mlflow.db") as database:
        database.execute(
            "UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?", (str(tmp_path / "x"), experiment)
        )
    with pytest.raises(MlflowException, match="kept in this server's own store"):
        client.create_run(experiment)


@pytest.mark.parametrize(
    "source", ["/etc", "file:///etc", "s3://b/x", "http://127.0.0.1:1/x", "mlflow-artifacts://h/x"]
)
def test_no_version_is_made_of_files_elsewhere(client: MlflowClient, tracker: Tracker, source: str) -> None:
    run_id = tracker.start_training("r", {}, {})
    name = f"made of {source}".replace("/", " ").replace(":", " ")
    client.create_registered_model(name)
    with pytest.raises(MlflowException, match="Invalid model version source"):
        client.create_model_version(name, source, run_id=run_id)


RUN_IDS = ("x/../../../../jobs/pydantic", "../../../x", "/tmp/x", "a" * 31, "A" * 32, "x" * 32, "a" * 32 + "\n", ".")


def a_version(tracker: Tracker, client: MlflowClient, name: str, folder: Path, run_id: str) -> str:
    """A version that says of itself that another run made it."""
    folder.mkdir()
    (folder / "__init__.py").write_text("print('foreign code')")
    real = tracker.start_training("r", {}, {})
    tracker.log_folder(real, folder, "model")
    version = tracker.register(real, "model", name, {})
    server_home = Path(tracker._models).parent
    with sqlite3.connect(server_home / "mlflow" / "mlflow.db") as database:
        database.execute("UPDATE model_versions SET run_id = ? WHERE name = ?", (run_id, name))
    return version


@pytest.mark.parametrize("run_id", RUN_IDS)
def test_a_run_id_that_is_a_path_makes_no_folder(
    tracker: Tracker, client: MlflowClient, ours: Settings, tmp_path: Path, run_id: str
) -> None:
    name = f"path {RUN_IDS.index(run_id)}"
    version = a_version(tracker, client, name, tmp_path / "m", run_id)
    before = sorted(path for path in ours.home.rglob("*") if "guesses" not in path.parts)
    with pytest.raises(UserError, match="no run's id") as told:
        tracker.fetch(name, version)
    assert "\n" not in str(told.value)
    assert sorted(path for path in ours.home.rglob("*") if "guesses" not in path.parts) == before
    with pytest.raises(UserError, match="no run's id"):
        tracker.copy_of(name, version)
    tracker.promote(name, version)
    with pytest.raises(UserError, match="no run's id"):
        tracker.champion(name)


def test_a_foreign_run_id_through_the_port_leads_nowhere(
    server: MlflowProcess, ours: Settings, tracker: Tracker, client: MlflowClient
) -> None:
    """The attack as it was made: without a password, and with one."""
    body = {"name": "attacked", "source": "mlflow-artifacts:/0/x", "run_id": RUN_IDS[0]}
    address = f"{server.url}{API}/model-versions/create"
    client.create_registered_model("attacked")
    assert requests.post(address, json=body, timeout=30).status_code == 401
    assert requests.post(address, json=body, auth=person(ours), timeout=30).status_code == 400
    body["source"] = "runs:/x"
    assert requests.post(address, json=body, auth=person(ours), timeout=30).status_code == 400
    assert client.search_model_versions("name = 'attacked'") == []


def test_files_elsewhere_are_not_fetched_with_our_password(
    tracker: Tracker, client: MlflowClient, server: MlflowProcess, tmp_path: Path
) -> None:
    version = a_version(tracker, client, "sent away", tmp_path / "m", "a" * 32)
    with sqlite3.connect(server.home / "mlflow" / "mlflow.db") as database:
        database.execute(
            "UPDATE model_versions SET source = ?, storage_location = ? WHERE name = 'sent away'",
            ("http://127.0.0.1:1/x", "http://127.0.0.1:1/x"),
        )
    with pytest.raises(UserError, match="not in MLflow's own store"):
        tracker.fetch("sent away", version)


def test_a_form_asks_with_the_password(ours: Settings, tracker: Tracker) -> None:
    assert is_unknown_version(ours, "never", "7")


def test_a_password_that_the_server_does_not_know_is_one_line(
    server: MlflowProcess, ours: Settings, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="refuses the user name or the password: set MLFLOW_TRACKING_USERNAME") as told:
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "wrong")
        Tracker(server.url, home / "models")
    assert "\n" not in str(told.value)
    (home / "services.json").write_text(json.dumps({"mlflow": {"url": server.url}}))
    with pytest.raises(UserError, match="refuses the user name or the password: run `make down`, then `make up`"):
        tracking.connect(load_settings(home))


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"admin": "x"}', '{"admin": 1, "jobs": "x"}', '{"admin": "", "jobs": ""}']
)
def test_a_password_file_without_passwords_is_named_in_one_line(settings: Settings, content: str) -> None:
    settings.secrets.mkdir()
    (settings.secrets / "mlflow_passwords.json").write_text(content)
    with pytest.raises(UserError, match="mlflow_passwords.json holds no passwords of admin and jobs: delete it"):
        passwords(settings)


def test_a_quote_in_the_name_of_a_model_breaks_no_query(tracker: Tracker, client: MlflowClient, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text("{}")
    wanted = []
    for name in ('it\'s "quoted"', "' OR name != '"):
        run_id = tracker.start_training("r", {}, {})
        tracker.log_folder(run_id, tmp_path, "model")
        wanted.append(f"{name} 1: {run_id}")
        client.create_registered_model(name)
        client.create_model_version(name, f"{client.get_run(run_id).info.artifact_uri}/model", run_id=run_id)
        client.delete_run(run_id)
    assert set(wanted) <= set(tracker.deleted_runs_of_models())
