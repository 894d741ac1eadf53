"""Client for the few calls that this project makes to Airflow's REST API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from socialrec.display.visible import lines
from socialrec.errors import ServiceUnavailableError, UserError

TIMEOUT_SECONDS = 30.0
NOTE_CHARS = 1000
"""Longest note that Airflow takes."""
JSON = dict[str, Any]


class AirflowApi:
    """Signed-in session. Raises UserError if the server refuses, ServiceUnavailableError if it does not answer."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._credentials = {"username": user, "password": password}
        self._session = requests.Session()

    @classmethod
    def of(cls, server: Mapping[str, str]) -> AirflowApi:
        """Open a session with the server of a running home, with `url`, `user` and `password_file` of its record."""
        file, user = server["password_file"], server["user"]
        try:
            password = json.loads(Path(file).read_text(encoding="utf-8"))[user]
        except (OSError, ValueError, LookupError, TypeError):
            raise UserError(
                f"{file} holds no password of {user}: delete it, then run `socialrec down` and `socialrec up`"
            ) from None
        return cls(server["url"], user, password)

    def make_pool(self, name: str, description: str) -> None:
        """Create a pool of one slot; an existing one stays unchanged."""
        # Check first, because Airflow logs a refused insert with its whole stack.
        if self._call("GET", f"/pools/{name}", fine=(404,)).get("name") != name:
            body = {"name": name, "slots": 1, "description": description, "include_deferred": False}
            self._call("POST", "/pools", body, fine=(409,))

    def has_dag(self, dag_id: str) -> bool:
        """Check if the DAG has been parsed."""
        return self._call("GET", f"/dags/{dag_id}", fine=(404,)).get("dag_id") == dag_id

    def import_errors(self) -> list[str]:
        """Import errors of DAG files, one line each."""
        errors = self._call("GET", "/importErrors")["import_errors"]
        return [f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}" for error in errors]

    def unpause(self, dag_id: str) -> None:
        """Allow runs of this DAG to start."""
        self._call("PATCH", f"/dags/{dag_id}?update_mask=is_paused", {"is_paused": False})

    def trigger(self, dag_id: str, conf: JSON) -> str:
        """Trigger a run; returns its id."""
        run = self._call("POST", f"/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf})
        return str(run["dag_run_id"])

    def note(self, dag_id: str, run_id: str, text: str) -> None:
        """Put a note (Markdown, at most NOTE_CHARS) on a run, replacing the old one."""
        path = f"/dags/{dag_id}/dagRuns/{_quoted(run_id)}?update_mask=note"
        self._call("PATCH", path, {"note": lines(text)[:NOTE_CHARS]})

    def active_runs(self, dag_id: str) -> list[JSON]:
        """Runs that are queued or running, oldest first."""
        query = "state=running&state=queued&order_by=run_after&limit=100"
        runs: list[JSON] = self._call("GET", f"/dags/{dag_id}/dagRuns?{query}")["dag_runs"]
        return runs

    def last_run(self, dag_id: str) -> JSON | None:
        """Newest run."""
        runs = self.last_runs(dag_id, 1)
        return runs[0] if runs else None

    def last_runs(self, dag_id: str, most: int) -> list[JSON]:
        """Newest runs, newest first; none of a DAG that has not been parsed."""
        path = f"/dags/{dag_id}/dagRuns?order_by=-run_after&limit={most}"
        runs: list[JSON] = self._call("GET", path, fine=(404,)).get("dag_runs", [])
        return runs

    def run(self, dag_id: str, run_id: str) -> JSON | None:
        """One run, None where there is none."""
        answer = self._call("GET", f"/dags/{dag_id}/dagRuns/{_quoted(run_id)}", fine=(404,))
        return answer if "dag_run_id" in answer else None

    def tasks(self, dag_id: str, run_id: str) -> list[JSON]:
        """Task instances of a run."""
        path = f"/dags/{dag_id}/dagRuns/{_quoted(run_id)}/taskInstances?limit=100"
        found: list[JSON] = self._call("GET", path)["task_instances"]
        return found

    def downstream(self, dag_id: str) -> dict[str, list[str]]:
        """Downstream tasks by task of a DAG."""
        tasks = self._call("GET", f"/dags/{dag_id}/tasks")["tasks"]
        return {task["task_id"]: task["downstream_task_ids"] for task in tasks}

    def log_lines(self, dag_id: str, run_id: str, task_id: str, attempt: int) -> list[str]:
        """Log lines of a task's attempt, without Airflow's group markers."""
        path = f"/dags/{dag_id}/dagRuns/{_quoted(run_id)}/taskInstances/{task_id}/logs/{attempt}?full_content=true"
        content = self._call("GET", path, fine=(404,)).get("content", [])
        events = [line["event"] if isinstance(line, dict) else line for line in content]
        return [line for event in events for line in event.splitlines() if not line.startswith("::")]

    def _call(self, method: str, path: str, body: JSON | None = None, fine: tuple[int, ...] = ()) -> JSON:
        try:
            answer = self._send(method, path, body)
            if answer.status_code == requests.codes.unauthorized:
                self._sign_in()
                answer = self._send(method, path, body)
        except requests.RequestException as error:
            raise ServiceUnavailableError(
                f"Airflow does not answer at {self.url}: run `socialrec up` ({type(error).__name__})"
            ) from None
        if not answer.ok and answer.status_code not in fine:
            raise UserError(f"Airflow refused {method} {path}: {answer.status_code} {answer.text[:300]}")
        content: JSON = answer.json() if answer.content else {}
        return content

    def _send(self, method: str, path: str, body: JSON | None) -> requests.Response:
        headers = {"Accept": "application/json"}
        url = f"{self.url}/api/v2{path}"
        return self._session.request(method, url, json=body, headers=headers, timeout=TIMEOUT_SECONDS)

    def _sign_in(self) -> None:
        answer = self._session.post(f"{self.url}/auth/token", json=self._credentials, timeout=TIMEOUT_SECONDS)
        if answer.status_code == requests.codes.too_many_requests:
            wait = answer.headers.get("Retry-After", "60")
            raise ServiceUnavailableError(
                f"Airflow at {self.url} was asked with too many wrong passwords: try again in {wait} s"
            )
        if not answer.ok:
            raise UserError(f"Airflow at {self.url} refuses the password: was its password file changed?")
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


def _quoted(run_id: str) -> str:
    return quote(run_id, safe="")
