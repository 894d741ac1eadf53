"""Addresses of Airflow's REST API."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
import requests

from socialrec.orchestration.airflow_api import AirflowApi


@pytest.mark.parametrize("run_id", ["../../pools/gpu", "a?state=x", "a#b", "a b\n", "%2e%2e", "a/b", "\u202e"])
def test_a_runs_id_is_one_part_of_an_address(monkeypatch: pytest.MonkeyPatch, run_id: str) -> None:
    asked: list[str] = []

    def answer(_session: requests.Session, _method: str, url: str, **_: object) -> requests.Response:
        asked.append(url)
        found = requests.Response()
        found.status_code, found._content = 404, b"{}"
        return found

    monkeypatch.setattr(requests.Session, "request", answer)
    assert AirflowApi("http://127.0.0.1:8080", "admin", "x").run("socialrec_nightly", run_id) is None
    [url] = asked
    parts = urlsplit(url)
    assert unquote(parts.path.rpartition("/")[2]) == run_id
    assert parts.path.count("/") == len(["", "api", "v2", "dags", "socialrec_nightly", "dagRuns", "x"]) - 1
    assert (parts.query, parts.fragment) == ("", "")
