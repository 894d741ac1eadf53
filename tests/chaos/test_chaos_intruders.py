"""Paths, pickles, addresses and headers that want in."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import requests
from airflow_process import ask_airflow
from landed_world import D1, load
from mlflow_process import free_port

from socialrec.contracts.bronze import BRONZE
from socialrec.encoders.weights import load_weights
from socialrec.errors import ServiceUnavailableError, UserError
from socialrec.etl.landing.files import find_days
from socialrec.lake import Lake
from socialrec.local_stack.environment import airflow_url
from socialrec.local_stack.health import is_healthy
from socialrec.local_stack.programs import airflow, make_folders
from socialrec.local_stack.secrets import USER, password
from socialrec.orchestration.airflow_api import AirflowApi
from socialrec.recommend.model import FORMAT
from socialrec.recommend.training.candidate import find_faults
from socialrec.runtime.doors import GUESSES, GUESSES_SECONDS
from socialrec.settings import Settings, load_settings
from socialrec.tracking.access import PASSWORD_VARIABLE, USER_VARIABLE

Blow = Callable[..., None]
PATHS = (
    *("..", "../x", "../../etc/passwd", "/etc/passwd", "./x", "x/../../y", "x/y", "~/x", "~root", ".hidden"),
    *("..\\x", "C:\\x", "\\\\server\\share", "x\x00.csv", "x\ny", "x y", "$(id)", "`id`", "x;id", "%2e%2e%2fx"),
    *("file:///etc/passwd", "x|id", "x&id", "x>y", "*", "?", "[a-z]", "{a,b}", "${HOME}", "x'y"),
    *('x"y', "x\ty", "\u202ex", "x\u2215y", "\uff0e\uff0e/x", "", " ", "-rf", "--help", "x#y"),
)
URIS = (
    *("file:///etc/passwd", "file://localhost/etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1:70/x"),
    *("javascript:alert(1)", "data:text/plain,x", "jar:file:/x!/y", "ldap://127.0.0.1/x", "dict://127.0.0.1:11211/x"),
    *(
        "http://",
        "http:///x",
        "https://user:password@example.com",
        "http://a@b@c",
        "//example.com/x",
        "example.com:5000",
    ),
    *("sqlite://", "sqlite:///x.db", "postgresql://user:password@db/x", "http://a b", "http://example.com:99999999"),
)


TAKEN = """
from socialrec.orchestration.params import DS, MODEL_VERSION, USERS_FILE
def is_taken(param, value):
    try:
        type(param)(value, **param.schema).resolve()
    except Exception as error:
        return type(error).__name__ != "ParamValidationError"
    return True
answer = [[value for value in given if is_taken(param, value)] for param in (DS, MODEL_VERSION, USERS_FILE)]
"""


@pytest.mark.chaos(14, "path strings for a run's id, Params, a platform's folder and a file", "all refused")
def test_strings_that_lead_elsewhere_are_refused(home: Path, tmp_path: Path, blow: Blow) -> None:
    assert len(set(PATHS)) == 40
    taken_if_right = [["2026-01-31"], ["7"], ["2026-01-31", "7", "users.txt"]]
    assert ask_airflow(home, TAKEN, [*PATHS, "2026-01-31", "7", "users.txt"]) == taken_if_right
    for number, path in enumerate(PATHS):
        with pytest.raises(UserError, match="--run-id .*letters, digits"):
            load("ingest_landing").main(["--ds", D1, "--home", str(home), f"--run-id={path}"])
        assert_not_landed(tmp_path / f"landing-{number}", path)
        blow()
    assert not (home / "runs").exists()


def assert_not_landed(landing: Path, name: str) -> None:
    """No night reads a platform's folder or a file of this name, where there can be one."""
    for file in (f"{name}/{D1}/follows.csv", f"shop/{D1}/{name}"):
        if can_be(landing, file):
            assert taken(landing) == []


def taken(landing: Path) -> list[str]:
    """The files that a night would read; none where the folder is refused."""
    try:
        return [file.name for day in find_days(landing, D1) for file in day.files]
    except UserError:
        return []


def can_be(landing: Path, name: str) -> bool:
    """Make the file, where its name is one that a folder inside the landing folder can hold."""
    parts = name.split("/")
    if "\x00" in name or len(parts) != 3 or {"", ".", ".."} & set(parts):
        return False
    file = landing / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("")
    return True


WHOLE = {"format": FORMAT, "weights": {}, "products": [], "info": {"ds": D1, "split_label": ""}}


class Bomb:
    """Leaves a file where it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = str(file)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mknod, (self.file,)


@pytest.mark.chaos(14, "pickles for a model's files, an encoder and landing files", "refused, and never loaded")
def test_pickles_are_refused_and_never_loaded(home: Path, lake: Lake, tmp_path: Path, blow: Blow) -> None:
    fired = tmp_path / "fired"
    bomb = pickle.dumps(Bomb(fired))
    pickle.loads(bomb)
    assert fired.exists(), "it is a live one"
    fired.unlink()

    folder = tmp_path / "recommender"
    folder.mkdir()
    (folder / "model.json").write_bytes(bomb)
    (folder / "model.safetensors").write_bytes(bomb)
    assert [fault for fault in find_faults(folder, pa.table({}), D1, "") if "cannot be read" in fault]
    blow()
    (folder / "model.json").write_text(json.dumps(WHOLE))
    faults = find_faults(folder, pa.table({"product_id": pa.array([], pa.string())}), D1, "")
    assert [fault for fault in faults if fault.startswith("model.safetensors cannot be read")]
    blow()
    encoder = tmp_path / "encoder"
    encoder.mkdir()
    (encoder / "config.json").write_text('{"model_type": "bert"}')
    (encoder / "pytorch_model.bin").write_bytes(bomb)
    with pytest.raises(UserError, match="cannot be loaded"):
        load_weights(str(encoder))
    blow()
    for name, content in (("follows.parquet", bomb), ("follows.csv.gz", gzip.compress(bomb))):
        file = home / "landing" / "shop" / D1 / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        with pytest.raises(
            UserError,
            match=rf"{name}: (not a whole parquet file|required column .* is missing|line 1, byte 1 .*)",
        ):
            load("ingest_landing").main(["--ds", D1, "--home", str(home)])
        file.unlink()
        blow()
    assert [lake.partitions(table) for table in BRONZE.values()] == [[]] * len(BRONZE)
    assert not fired.exists()


@pytest.mark.chaos(14, "addresses of other kinds in settings, Params and names of landing files", "all refused")
def test_addresses_of_other_kinds_are_refused(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blow: Blow
) -> None:
    assert len(set(URIS)) == 20
    assert ask_airflow(home, TAKEN, [*URIS]) == [[], [], []]
    names = ("SERVICES__MLFLOW_URI", "SERVICES__AIRFLOW_URL", "ALERTS__WEBHOOK_URL", "CLUSTER__S3_ENDPOINT")
    for number, uri in enumerate(URIS):
        assert_not_landed(tmp_path / f"landing-{number}", uri)
        for name in names:
            with monkeypatch.context() as patch:
                patch.setenv(f"SOCIALREC_{name}", uri)
                with pytest.raises(UserError, match=f"SOCIALREC_{name}: .*not an address such as"):
                    load_settings(home)
        blow()


HEADERS = (
    *({"Host": host} for host in ("evil.example", "evil.example:5000", "127.0.0.1.evil.example", "10.evil.example")),
    *({"Origin": origin} for origin in ("http://evil.example", "https://127.0.0.1.evil.example", "null")),
)


@pytest.mark.chaos(14, "wrong Host and Origin headers to MLflow", "all refused")
def test_requests_by_way_of_other_pages_are_refused(mlflow_server: str, blow: Blow) -> None:
    known = (os.environ[USER_VARIABLE], os.environ[PASSWORD_VARIABLE])

    def make(headers: dict[str, str]) -> int:
        address, body = f"{mlflow_server}/api/2.0/mlflow/experiments/create", {"name": f"by {headers}"}
        return requests.post(address, json=body, headers=headers, auth=known, timeout=60).status_code

    assert make({}) == 200
    assert make({"Origin": mlflow_server}) == 200
    for headers in HEADERS:
        assert make(headers) == 403, headers
        blow()


@pytest.fixture
def airflow_server(home: Path) -> Iterator[Settings]:
    """Airflow's API server, as `make up` starts it."""
    (home / "settings.toml").write_text(f"services.airflow_port = {free_port()}")
    settings = load_settings(home)
    make_folders(settings)
    programs = airflow(settings)
    migrate, server = programs["migrate"], programs["api-server"]
    subprocess.run(migrate.command, env=migrate.environment, capture_output=True, check=True)
    log = home / "logs" / "api-server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            server.command, env=server.environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        for _ in range(240):
            assert process.poll() is None, log.read_text()[-500:]
            if is_healthy("api-server", settings):
                break
            time.sleep(0.5)
        yield settings
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


@pytest.mark.slow
@pytest.mark.chaos(14, "wrong Host and Origin headers to Airflow, with its user's cookie", "all refused")
def test_airflow_does_nothing_for_other_pages(airflow_server: Settings, blow: Blow) -> None:
    url = airflow_url(airflow_server)
    signed_in = requests.post(
        f"{url}/auth/token", json={"username": USER, "password": password(airflow_server)}, timeout=60
    ).json()
    cookies = {"_token": signed_in["access_token"]}

    def make(name: str, headers: dict[str, str]) -> int:
        pool = {"name": name, "slots": 1}
        return requests.post(f"{url}/api/v2/pools", json=pool, headers=headers, cookies=cookies, timeout=60).status_code

    assert make("by a program", {}) == 201
    assert make("by its own page", {"Origin": url}) == 201
    for number, headers in enumerate(HEADERS):
        assert make(f"by others {number}", headers) == 403, headers
        blow()
    pools = requests.get(f"{url}/api/v2/pools", cookies=cookies, timeout=60).json()["pools"]
    assert {pool["name"] for pool in pools} == {"default_pool", "by a program", "by its own page"}


@pytest.mark.slow
@pytest.mark.chaos(
    14, "passwords guessed at Airflow's login, at all its addresses at once", "five a minute are looked at"
)
def test_guesses_at_airflow_become_slow(airflow_server: Settings, blow: Blow) -> None:
    url, known = airflow_url(airflow_server), {"username": USER, "password": password(airflow_server)}
    token = requests.post(f"{url}/auth/token", json=known, timeout=60).json()["access_token"]

    def guess(number: int) -> int:
        path = ("/auth/token", "/auth/token/cli")[number % 2]
        body = {"username": USER, "password": f"guess {number}"}
        return requests.post(f"{url}{path}", json=body, timeout=60).status_code

    with ThreadPoolExecutor(10) as crowd:
        answers = list(crowd.map(guess, range(30)))
    assert (answers.count(401), answers.count(429)) == (GUESSES, 30 - GUESSES)
    blow(30)
    refused = requests.post(f"{url}/auth/token", json=known, timeout=60)
    assert (refused.status_code, 1 <= int(refused.headers["Retry-After"]) <= 60) == (429, True)
    with pytest.raises(
        ServiceUnavailableError, match=r"Airflow at \S+ was asked with too many wrong passwords: try again in \d+ s"
    ):
        AirflowApi(url, USER, password(airflow_server)).has_dag("any")
    # Who is signed in already stays so.
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.get(f"{url}/api/v2/pools", headers=headers, timeout=60).status_code == 200
    guesses = airflow_server.home / "airflow" / "guesses"
    for file in guesses.iterdir():  # a minute goes by
        then, _, name = file.name.partition("-")
        file.rename(guesses / f"{float(then) - GUESSES_SECONDS:.6f}-{name}")
    for _ in range(2 * GUESSES):
        assert requests.post(f"{url}/auth/token", json=known, timeout=60).status_code == 201
