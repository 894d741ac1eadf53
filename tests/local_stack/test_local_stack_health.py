"""Whether the servers answer, and that they are well: asked of small servers that say what real ones say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from socialrec.local_stack.health import airflow_ails, mlflow_ails

Serve = Callable[[str, int, str], str]


@contextmanager
def answering(path: str, status: int, body: str) -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == path else 404)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda path, status, body: stack.enter_context(answering(path, status, body))


WELL = dict.fromkeys(("metadatabase", "scheduler", "dag_processor", "triggerer"), "healthy")


def airflow_says(**states: str) -> str:
    return json.dumps({part: {"status": state} for part, state in states.items()})


def test_airflow_is_well_when_all_its_parts_are(serve: Serve) -> None:
    assert airflow_ails(serve("/api/v2/monitor/health", 200, airflow_says(**WELL))) == []


def test_the_parts_of_airflow_that_ail_or_are_missing_are_named(serve: Serve) -> None:
    body = airflow_says(metadatabase="healthy", scheduler="unhealthy", triggerer="healthy")
    assert airflow_ails(serve("/api/v2/monitor/health", 200, body)) == ["scheduler", "dag_processor"]


def test_an_airflow_that_does_not_answer_is_an_ailing_api_server(deserted_url: str) -> None:
    assert airflow_ails(deserted_url) == ["api_server"]


def test_what_answers_on_airflows_port_but_is_not_airflow_is_not_well(serve: Serve) -> None:
    assert airflow_ails(serve("/api/v2/monitor/health", 200, "<html>")) == ["api_server"]
    assert airflow_ails(serve("/elsewhere", 200, "{}")) == list(WELL)


def test_mlflow_is_well_when_it_answers(serve: Serve, deserted_url: str) -> None:
    assert mlflow_ails(serve("/health", 200, "OK")) == []
    assert mlflow_ails(serve("/health", 503, "")) == ["mlflow"]
    assert mlflow_ails(deserted_url) == ["mlflow"]
