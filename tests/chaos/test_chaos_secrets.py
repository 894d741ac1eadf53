"""Canary secrets go through the servers' environment, the DAGs and mistakes, and are looked for in what is kept."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from airflow_process import ask_airflow
from every_file import texts_below
from landed_world import D1, D2, comment, event, land, load, rows, run
from mlflow_process import start_mlflow
from pyspark.sql import SparkSession

from socialrec.contracts import TABLES
from socialrec.contracts.silver import SILVER_COMMENTS
from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.lake import Lake
from socialrec.local_stack.environment import airflow_environment
from socialrec.local_stack.secrets import broker_url, make_all
from socialrec.privacy.pseudonyms import pseudonym
from socialrec.runtime import job
from socialrec.settings import Settings, load_settings
from socialrec.tracking.access import PERSON, PROGRAMS

CANARIES = {
    "identity.key": "c0ffee5a" * 8,
    "airflow_passwords.json": "canary-of-the-user",
    "mlflow_passwords.json": "canary-of-mlflow",
    "airflow.password": "canary-of-the-database",
    "redis.conf": "canary-of-the-broker",
    "webhook": "canary-of-the-webhook",
}
FORMS = {
    "airflow_passwords.json": lambda canary: json.dumps({"admin": canary}),
    "mlflow_passwords.json": lambda canary: json.dumps({PERSON: f"{canary}-1", PROGRAMS: f"{canary}-2"}),
    "redis.conf": lambda canary: f"requirepass {canary}\n",
}
WEBHOOK = "SOCIALREC_ALERTS__WEBHOOK_URL"


def plant(home: Path, patch: pytest.MonkeyPatch) -> Settings:
    """Put the canaries where secrets belong."""
    folder = home / "secrets"
    folder.mkdir(exist_ok=True)
    for name, canary in CANARIES.items():
        if name != "webhook":
            (folder / name).write_text(FORMS.get(name, str)(canary))
    patch.setenv(WEBHOOK, f"https://hooks.example.com/{CANARIES['webhook']}")
    patch.setenv("SOCIALREC_ALERTS__SEND_TO", "webhook")
    patch.setenv("SOCIALREC_CLUSTER__AIRFLOW_DATABASE", "postgresql+psycopg2://airflow@127.0.0.1:1/airflow")
    patch.setenv("SOCIALREC_CLUSTER__EXECUTOR", "CeleryExecutor")
    patch.setenv("SOCIALREC_CLUSTER__BROKER", "redis://127.0.0.1:1/0")
    return load_settings(home)


def sightings(texts: Mapping[str, str]) -> list[tuple[str, str]]:
    """Which canary was seen where."""
    return [(name, where) for where, text in texts.items() for name, canary in CANARIES.items() if canary in text]


RENDER = """
import json
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
bag = DagBag(given)
assert not bag.import_errors, bag.import_errors
answer = {name: json.dumps(DagSerialization.to_dict(dag)) for name, dag in bag.dags.items()}
"""


@pytest.mark.chaos(15, "canary secrets where Airflow reads the DAGs", "in no serialized DAG, so in no rendered field")
def test_dags_keep_their_secrets(home: Path, monkeypatch: pytest.MonkeyPatch, blow: Callable[..., None]) -> None:
    settings = plant(home, monkeypatch)
    environment = airflow_environment(settings)
    given_to_servers = json.dumps(environment)
    # They do reach the servers: it is not that nobody had them.
    assert {name for name, canary in CANARIES.items() if canary in given_to_servers} >= {
        "airflow_passwords.json", "airflow.password", "redis.conf", "webhook",
    }  # fmt: skip
    ours = {name: value for name, value in environment.items() if os.environ.get(name) != value}
    local = {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    }
    dags = ask_airflow(home, RENDER, str(Path(__file__).parents[2] / "dags"), **{**ours, **local})
    assert "socialrec_nightly" in dags
    assert sightings(dags) == []
    blow(len(CANARIES))


@pytest.mark.chaos(15, "canary secrets in files and settings that are wrong", "no message repeats them")
def test_messages_about_wrong_secrets_do_not_repeat_them(
    home: Path, monkeypatch: pytest.MonkeyPatch, blow: Callable[..., None]
) -> None:
    settings = plant(home, monkeypatch)
    messages: list[str] = []

    def refused(act: Callable[[], object]) -> None:
        with pytest.raises(UserError) as told:
            act()
        messages.append(str(told.value))
        blow()

    (home / "secrets" / "identity.key").write_text(CANARIES["identity.key"] + "0")
    refused(lambda: make_all(settings))
    (home / "secrets" / "redis.conf").write_text(f"{CANARIES['redis.conf']}\n")
    refused(lambda: broker_url(settings, "redis://127.0.0.1:1/0"))
    for wrong in (f"ftp://{CANARIES['webhook']}", f"https://user:{CANARIES['webhook']}@example.com"):
        monkeypatch.setenv(WEBHOOK, wrong)
        refused(lambda: load_settings(home))
    monkeypatch.setenv(WEBHOOK, f"https://example.com/{CANARIES['webhook']}")
    monkeypatch.setenv("SOCIALREC_ALERTS__DEADLINE_HOURS", "never")
    refused(lambda: load_settings(home))
    assert sightings({f"message {n}": message for n, message in enumerate(messages)}) == []


@pytest.mark.slow
@pytest.mark.chaos(
    15,
    "canary secrets in a night and in one that fails",
    "in no log, receipt (so no XCom), table, report or MLflow file",
)
def test_a_night_keeps_its_secrets(
    home: Path,
    tmp_path: Path,
    spark: SparkSession,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    blow: Callable[..., None],
) -> None:
    """A receipt is what a task hands on by XCom. Airflow's own logs and database: see the end-to-end night."""
    plant(home, monkeypatch)
    secrets = tmp_path / "server" / "secrets"
    secrets.mkdir(parents=True)
    (secrets / "mlflow_passwords.json").write_bytes((home / "secrets" / "mlflow_passwords.json").read_bytes())
    server = start_mlflow(tmp_path / "server")
    try:
        monkeypatch.setenv("SOCIALREC_SERVICES__MLFLOW_URI", server.url)
        monkeypatch.setenv("SOCIALREC_SERVICES__MLFLOW_IS_OURS", "true")
        land(home, D1, Entity.PRODUCTS, {"product_id": "kite", "title": "Red kite"})
        land(home, D1, Entity.INTERACTIONS, event("1", D1))
        land(home, D1, Entity.COMMENTS, comment("1", "ann", "Flies well", created_ts=f"{D1}T11:00:00Z"))
        run(home, D1)
        pins = {"recommender_version": "1", "encoder_version": "v1", "encoder_model_version": "1"}
        done = {"status": "done", "counts": {"users": 1, "published": 0}, "seconds": 0.1, "peak_mib": 1}
        for name, receipt in {"pin_models": done | pins, "publish_recommendations": done}.items():
            (home / "runs" / D1 / f"{name}.json").write_text(json.dumps(receipt))
        report = run(home, D1, jobs=("report_run",))["report_run"]["report"]
        land(home, D2, Entity.INTERACTIONS, {"event_id": "2"})
        assert job.guarded(lambda: load("ingest_landing").main(["--ds", D2, "--home", str(home)])) == 2
    finally:
        server.end()
    lake = Lake(home / "lake")
    # The key was in use: it is not that nobody had it.
    [said] = rows(lake, SILVER_COMMENTS)
    assert said["user_key"] == pseudonym(bytes.fromhex(CANARIES["identity.key"]), "shop", "ann")
    told = capfd.readouterr()
    seen = {str(file): text for file, text in texts_below(tmp_path)}
    assert {report, str(home / "runs" / D1 / "report_run.json"), str(home / "logs" / "lineage.jsonl")} <= set(seen)
    assert [file for file in seen if file.startswith(str(tmp_path / "server" / "mlflow" / "artifacts"))]
    tables = {table.name: str(rows(lake, table)) for table in TABLES.values()}
    assert "error: " in told.err
    assert sightings({"output": told.out, "log": told.err, **tables, **seen}) == []
    blow(len(CANARIES))
