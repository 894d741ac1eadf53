"""Canary secrets go through the servers' environment, the DAGs and mistakes, and are looked for in what is kept."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from airflow_process import ask_airflow

from socialrec.errors import UserError
from socialrec.service.environment import airflow_environment
from socialrec.service.secrets import broker_url, make_all
from socialrec.settings import Settings, load_settings

CANARIES = {
    "identity.key": "c0ffee5a" * 8,
    "airflow_passwords.json": "canary-of-the-user",
    "airflow.password": "canary-of-the-database",
    "redis.conf": "canary-of-the-broker",
    "webhook": "canary-of-the-webhook",
}
FORMS = {
    "airflow_passwords.json": lambda canary: json.dumps({"admin": canary}),
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
