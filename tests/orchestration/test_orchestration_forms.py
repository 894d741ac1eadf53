"""What a form is refused for beyond its schema, as Airflow checks it with the plugin loaded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow_process import ask_airflow
from mlflow import MlflowClient

from socialrec.tracking import RECOMMENDER, Tracker

PLUGINS = Path(__file__).parents[2] / "socialrec/local_stack/airflow_plugins"
CHECK = """
from airflow.plugins_manager import ensure_plugins_loaded
from airflow.serialization.definitions.param import SerializedParam
from socialrec.orchestration import params

ensure_plugins_loaded()

def refusal(name, value):
    param = getattr(params, name)
    try:
        SerializedParam(value, None, source="dag", **param.schema).resolve(raises=True)
    except Exception as error:
        return str(error)

answer = [refusal(name, value) for name, value in given]
"""


def refusals(home: Path, mlflow: str, *asked: tuple[str, Any]) -> list[str | None]:
    variables = {"AIRFLOW__CORE__PLUGINS_FOLDER": str(PLUGINS), "SOCIALREC_SERVICES__MLFLOW_URI": mlflow}
    told: list[str | None] = ask_airflow(home, CHECK, asked, **variables)
    return told


@pytest.fixture
def version(home: Path, mlflow_server: str) -> Iterator[str]:
    """A registered version of the recommender."""
    tracker = Tracker(mlflow_server, home / "models")
    run_id = tracker.start_training("a training", {}, {})
    tracker.log_dict(run_id, {"weights": 3}, "recommender/model.json")
    yield tracker.register(run_id, "recommender", RECOMMENDER, {})
    MlflowClient(mlflow_server, mlflow_server).delete_registered_model(RECOMMENDER)


def test_a_day_that_has_not_begun_and_a_version_that_is_not_registered_are_refused(
    home: Path, mlflow_server: str, version: str
) -> None:
    today = datetime.now(UTC).date()
    told = refusals(
        home,
        mlflow_server,
        *(("DS", today.isoformat()), ("DS", None), ("DS", (today + timedelta(days=2)).isoformat())),
        *(("MODEL_VERSION", version), ("MODEL_VERSION", None), ("EARLIER_VERSION", "987654")),
        ("EARLIER_ANSWERS", "987654"),
    )
    assert [told[place] for place in (0, 1, 3, 4)] == [None] * 4
    assert told[2] is not None
    assert told[2].startswith(f"{today + timedelta(days=2)} is in the future: choose a landing day up to ")
    assert told[6] == ("socialrec-answers has no version 987654: see the Models page of MLflow, or leave it empty")
    assert told[5] == ("socialrec-recommender has no version 987654: see the Models page of MLflow, or leave it empty")


def test_a_registry_that_does_not_answer_holds_no_form_back(home: Path, deserted_url: str) -> None:
    assert refusals(home, deserted_url, ("MODEL_VERSION", "3")) == [None]
