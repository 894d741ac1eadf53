"""What a form is refused for beyond its schema, as Airflow checks it with the plugin loaded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow_process import ask_airflow
from mlflow import MlflowClient

PLUGINS = Path(__file__).parents[2] / "plugins"
CHECK = """
from airflow.plugins_manager import ensure_plugins_loaded
from airflow.serialization.definitions.param import SerializedParam
from socialrec.orchestration import params

ensure_plugins_loaded()

def refusal(name, value):
    param = getattr(params, name)
    try:
        SerializedParam(value, None, "dag", param.schema).resolve(raises=True)
    except Exception as error:
        return str(error)

answer = [refusal(name, value) for name, value in given]
"""


def refusals(home: Path, mlflow: str, *asked: tuple[str, Any]) -> list[str | None]:
    variables = {"AIRFLOW__CORE__PLUGINS_FOLDER": str(PLUGINS), "SOCIALREC_SERVICES__MLFLOW_URI": mlflow}
    told: list[str | None] = ask_airflow(home, CHECK, asked, **variables)
    return told


@pytest.mark.usefixtures("no_settings_from_outside")
def test_a_day_that_has_not_begun_and_a_version_that_is_not_registered_are_refused(
    home: Path, mlflow_server: str
) -> None:
    client = MlflowClient(mlflow_server, mlflow_server)
    if not client.search_registered_models("name = 'socialrec-recommender'"):
        client.create_registered_model("socialrec-recommender")
    version = client.create_model_version("socialrec-recommender", "mlflow-artifacts:/none").version
    today = datetime.now(UTC).date()
    told = refusals(
        home,
        mlflow_server,
        *(("DS", today.isoformat()), ("DS", None), ("DS", (today + timedelta(days=2)).isoformat())),
        *(("MODEL_VERSION", str(version)), ("MODEL_VERSION", None), ("EARLIER_VERSION", "987654")),
    )
    client.delete_model_version("socialrec-recommender", str(version))
    assert [told[place] for place in (0, 1, 3, 4)] == [None] * 4
    assert told[2] is not None
    assert told[2].startswith(f"{today + timedelta(days=2)} is in the future: choose a landing day up to ")
    assert told[5] == ("socialrec-recommender has no version 987654: see the Models page of MLflow, or leave it empty")


def test_a_registry_that_does_not_answer_holds_no_form_back(home: Path, deserted_url: str) -> None:
    assert refusals(home, deserted_url, ("MODEL_VERSION", "3")) == [None]
