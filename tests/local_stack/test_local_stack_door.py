"""The door before Airflow's API server, as the plugin puts it there."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow_process import ask_airflow

PLUGINS = Path(__file__).parents[2] / "socialrec/local_stack/airflow_plugins"
KNOCK = """
from airflow.plugins_manager import get_fastapi_plugins
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

_, [_, door] = get_fastapi_plugins()
app = Starlette(routes=[Route("/", lambda request: PlainTextResponse("in"))])
app.add_middleware(door["middleware"], *door["args"], **door["kwargs"])
client = TestClient(app)
answer = [client.get("/", headers=headers).status_code for headers in given]
"""
HERE = {"host": "127.0.0.1:8080"}
CASES: dict[str, dict[int, list[dict[str, str]]]] = {
    "127.0.0.1": {
        200: [
            HERE,
            {"host": "localhost:9000", "origin": "http://localhost:9000"},
            {"host": "shop.example"},
            HERE | {"origin": "https://shop.example"},
        ],
        403: [
            {"host": "evil.example"},
            {"host": "[evil"},
            HERE | {"origin": "http://127.0.0.1:9999"},
            HERE | {"origin": "null"},
        ],
    },
    "0.0.0.0": {
        200: [{"host": "10.0.0.7:8080"}, {"host": "10.0.0.7:8080", "origin": "https://shop.example"}],
        403: [{"host": "10.0.0.7:8080", "origin": "http://evil.example"}],
    },
}
"""Headers by where the server listens and what it answers."""


@pytest.mark.parametrize("listens_on", CASES)
def test_only_programs_and_its_own_pages_come_in(home: Path, listens_on: str) -> None:
    variables = {"AIRFLOW__CORE__PLUGINS_FOLDER": str(PLUGINS), "AIRFLOW__API__HOST": listens_on}
    variables |= {"AIRFLOW__API__BASE_URL": "https://shop.example"}
    asked = [(status, one) for status, headers in CASES[listens_on].items() for one in headers]
    told = ask_airflow(home, KNOCK, [headers for _, headers in asked], **variables)
    assert told == [status for status, _ in asked]
