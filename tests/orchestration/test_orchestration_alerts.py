"""Who is told of failed tasks and late runs, by each channel."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from airflow_process import ask_airflow

from socialrec.settings import load_settings

TELL = """
import io, logging, os
from datetime import UTC, datetime
from types import SimpleNamespace

from socialrec.orchestration import alerts
from socialrec.orchestration.operators import CandidateRefusedError

notes = []
alerts.write_note = lambda context, text: notes.append(text)
heard = io.StringIO()
alerts.log.handlers = [logging.StreamHandler(heard)]
alerts.log.propagate = False
run = SimpleNamespace(dag_id="socialrec_nightly", run_id="manual__1")
failed = {
    "ti": SimpleNamespace(task_id="build_gold", log_url="http://airflow/log"),
    "dag_run": run,
    "exception": ValueError("the disk\\n is full"),
}
late = {
    "dag_run": {"dag_id": "socialrec_nightly", "dag_run_id": "manual__1"},
    "deadline": {"deadline_time": datetime(2026, 3, 1, 8, 0, tzinfo=UTC)},
}
for channel, address in given:
    os.environ["SOCIALREC_ALERTS__SEND_TO"] = channel
    os.environ["SOCIALREC_ALERTS__WEBHOOK_URL"] = address
    alerts.task_failed(failed)
    alerts.run_late(late)
alerts.task_failed(failed | {"exception": CandidateRefusedError("worse")})
alerts.task_failed(failed | {"exception": ValueError("column ![x](https://evil.example/x) stands there twice")})
answer = [heard.getvalue().splitlines(), notes]
"""
FAILED = "socialrec_nightly: build_gold failed in manual__1: the disk is full"
MOVED = "302 leads to another address"
LATE = "socialrec_nightly: manual__1 has not succeeded by 2026-03-01 08:00 UTC"


@pytest.fixture
def listener() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Somebody who listens at a web address, and what they were told."""
    told: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response({"/broken": 500, "/moved": 302}.get(self.path, 204))
            if self.path == "/moved":
                self.send_header("Location", "/inside")
            self.end_headers()

        def do_GET(self) -> None:
            told.append({"text": "somebody was sent on"})
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", told
        server.shutdown()


def test_each_channel_is_told_once_of_each_event_and_what_goes_wrong_on_the_way_never_shows_the_address(
    home: Path, listener: tuple[str, list[dict[str, Any]]], deserted_url: str
) -> None:
    url, told = listener
    others = [(channel, f"{url}/not-asked") for channel in ("none", "log", "file")]
    tries = [*others, ("webhook", f"{url}/fine"), ("webhook", f"{url}/broken"), ("webhook", f"{url}/moved")]
    heard, notes = ask_airflow(home, TELL, [*tries, ("webhook", f"{deserted_url}/secret")])
    unreached = "the alert did not reach alerts.webhook_url: "
    assert heard == [
        FAILED,
        LATE,
        *[f"{unreached}500"] * 2,
        *[f"{unreached}{MOVED}"] * 2,
        *[f"{unreached}ConnectionError"] * 4,
    ]
    # The gate has put its own note on a run whose candidate it refused.
    assert notes[:-1] == ["**build_gold failed**: the disk is full [Log](http://airflow/log)"] * len([*tries, "last"])
    # A column's name is text: no picture is loaded where people read the note.
    assert r"column !\[x](https://evil.example/x) stands there twice" in notes[-1]
    written = [json.loads(line) for line in load_settings(home).alerts_file.read_text().splitlines()]
    assert [(line["event"], line["text"]) for line in written] == [("failed", FAILED), ("late", LATE)]
    assert [alert["text"] for alert in told] == [FAILED, LATE] * 3
    assert told[0] == {
        "event": "failed",
        "dag_id": "socialrec_nightly",
        "run_id": "manual__1",
        "task_id": "build_gold",
        "text": FAILED,
        "link": "http://airflow/log",
    }
    assert told[1]["link"].endswith("/dags/socialrec_nightly/runs/manual__1")
