"""Paths, pickles, addresses and headers that want in."""

from __future__ import annotations

import gzip
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import requests
from airflow_process import ask_airflow
from landed_world import D1, load

from socialrec.contracts.bronze import BRONZE
from socialrec.errors import UserError
from socialrec.etl.landing_files import find_days
from socialrec.lake import Lake
from socialrec.recommend.candidate import find_faults
from socialrec.recommend.model import FORMAT
from socialrec.settings import load_settings
from socialrec.text.weights import load_weights

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


@pytest.mark.chaos(14, "path strings for a run's id, a users file, a platform's folder and a file", "all refused")
def test_strings_that_lead_elsewhere_are_refused(home: Path, tmp_path: Path, blow: Blow) -> None:
    assert len(set(PATHS)) == 40
    program = """
from socialrec.orchestration.params import USERS_FILE
def is_taken(value):
    try:
        type(USERS_FILE)(value, **USERS_FILE.schema).resolve()
    except Exception as error:
        return type(error).__name__ != "ParamValidationError"
    return True
answer = [value for value in given if is_taken(value)]
"""
    assert ask_airflow(home, program, [*PATHS, "users.txt"]) == ["users.txt"]
    for number, path in enumerate(PATHS):
        with pytest.raises(UserError, match="--run-id .*letters, digits"):
            load("ingest_landing").main(["--ds", D1, "--home", str(home), f"--run-id={path}"])
        for name in (f"{path}/{D1}/follows.csv", f"shop/{D1}/{path}"):
            landing = tmp_path / f"landing-{number}"
            if can_be(landing, name):
                assert taken(landing) == []
        blow()
    assert not (home / "runs").exists()


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
            UserError, match=rf"{name}: (not a whole parquet file|required column follower_id is missing)"
        ):
            load("ingest_landing").main(["--ds", D1, "--home", str(home)])
        file.unlink()
        blow()
    assert [lake.partitions(table) for table in BRONZE.values()] == [[]] * len(BRONZE)
    assert not fired.exists()


@pytest.mark.chaos(14, "addresses of other kinds in settings and Params", "all refused")
def test_addresses_of_other_kinds_are_refused(home: Path, monkeypatch: pytest.MonkeyPatch, blow: Blow) -> None:
    assert len(set(URIS)) == 20
    program = """
from socialrec.orchestration.params import DS, MODEL_VERSION
def is_taken(param, value):
    try:
        type(param)(value, **param.schema).resolve()
    except Exception as error:
        return type(error).__name__ != "ParamValidationError"
    return True
answer = [value for value in given if is_taken(DS, value) or is_taken(MODEL_VERSION, value)]
"""
    assert ask_airflow(home, program, [*URIS]) == []
    names = ("SERVICES__MLFLOW_URI", "SERVICES__AIRFLOW_URL", "ALERTS__WEBHOOK_URL", "CLUSTER__S3_ENDPOINT")
    for uri in URIS:
        for name in names:
            with monkeypatch.context() as patch:
                patch.setenv(f"SOCIALREC_{name}", uri)
                with pytest.raises(UserError, match=f"SOCIALREC_{name}: .*not an address such as"):
                    load_settings(home)
        blow()


HEADERS = (
    *({"Host": host} for host in ("evil.example", "evil.example:5000", "127.0.0.1.evil.example")),
    *({"Origin": origin} for origin in ("http://evil.example", "https://127.0.0.1.evil.example", "null")),
)


@pytest.mark.chaos(14, "wrong Host and Origin headers to MLflow", "all refused")
def test_requests_by_way_of_other_pages_are_refused(mlflow_server: str, blow: Blow) -> None:
    def make(headers: dict[str, str]) -> int:
        address = f"{mlflow_server}/api/2.0/mlflow/experiments/create"
        return requests.post(address, json={"name": f"by {headers}"}, headers=headers, timeout=60).status_code

    assert make({}) == 200
    assert make({"Origin": mlflow_server}) == 200
    for headers in HEADERS:
        assert make(headers) == 403, headers
        blow()
