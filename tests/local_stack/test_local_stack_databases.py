"""Records of runs long past leave real databases; what a model needs does not."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

from socialrec import tracking
from socialrec.errors import UserError
from socialrec.local_stack.databases import NOT_OURS, clean_airflow, clean_mlflow
from socialrec.local_stack.environment import BIN, airflow_environment, mlflow_command, mlflow_environment
from socialrec.local_stack.health import mlflow_ails
from socialrec.local_stack.ports import next_free
from socialrec.settings import Settings, load_settings

pytestmark = pytest.mark.slow


def rows(database: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(database) as connection:
        return connection.execute(query).fetchall()


def insert(connection: sqlite3.Connection, table: str, **values: str) -> None:
    """Add a row; columns that must hold something and are not named hold 0."""
    columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
    filled = {
        name: 0 for _, name, _, not_null, default, is_key in columns if not_null and default is None and not is_key
    }
    row = {**filled, **values}
    names, places = ", ".join(row), ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", list(row.values()))


def test_servers_of_others_are_left_alone(settings: Settings, mlflow_server: str, home: Path) -> None:
    (home / "settings.toml").write_text(f'services.mlflow_uri = "{mlflow_server}"')
    theirs = load_settings(home)
    assert clean_airflow(theirs, dry_run=False) == NOT_OURS
    assert clean_mlflow(theirs, tracking.connect(theirs), dry_run=False) == NOT_OURS


def test_airflow_forgets_old_runs_and_keeps_each_dags_newest(settings: Settings) -> None:
    environment = airflow_environment(settings)
    subprocess.run([str(BIN / "airflow"), "db", "migrate"], env=environment, check=True, capture_output=True)
    database = settings.home / "airflow" / "airflow.db"
    with sqlite3.connect(database) as connection:
        connection.execute("INSERT INTO dag_bundle (name, active) VALUES ('b', 1)")
        insert(connection, "dag", dag_id="d", bundle_name="b", timetable_type="x")
        for number, day in enumerate(("2024-01-01", "2024-01-02", "2024-01-03")):
            dates = dict.fromkeys(("start_date", "logical_date", "run_after", "updated_at", "queued_at"), day)
            insert(
                connection, "dag_run", dag_id="d", run_id=f"r{number}", run_type="scheduled", state="success", **dates
            )
    assert clean_airflow(settings, dry_run=True) == "looked"
    assert len(rows(database, "SELECT run_id FROM dag_run")) == 3
    assert clean_airflow(settings, dry_run=False) == "cleaned"
    assert rows(database, "SELECT run_id FROM dag_run") == [("r2",)]


def test_runs_that_somebody_deleted_go_for_good_unless_a_model_needs_them(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, port = settings.home / "mlflow", next_free(15_000)
    folder.mkdir()
    url = f"http://127.0.0.1:{port}"
    monkeypatch.setenv("SOCIALREC_MAINTENANCE__HISTORY_DAYS", "0.0000001")
    monkeypatch.setenv("SOCIALREC_SERVICES__MLFLOW_PORT", str(port))
    ours = load_settings(settings.home)
    (settings.home / "services.json").write_text(f'{{"mlflow": {{"url": "{url}"}}}}')
    with subprocess.Popen(mlflow_command(ours), env=mlflow_environment(ours), stderr=subprocess.DEVNULL) as server:
        try:
            while mlflow_ails(url):
                assert server.poll() is None
                time.sleep(0.5)
            tracker, client = tracking.connect(ours), MlflowClient(url, url)
            plain, holder = (tracker.start_training(name, {}, {}) for name in ("plain", "holder"))
            for run in (plain, holder):
                client.log_text(run, "x", "model/x")
            version = tracker.register(holder, "model", tracking.RECOMMENDER, {})
            client.delete_run(plain)
            client.delete_run(holder)
            with pytest.raises(UserError, match=rf"socialrec-recommender {version}: {holder}.* restore them"):
                clean_mlflow(ours, tracker, dry_run=False)
            client.restore_run(holder)
            assert clean_mlflow(ours, tracker, dry_run=True) == "looked"
            assert len(list((folder / "artifacts").rglob("model/x"))) == 2
            assert clean_mlflow(ours, tracker, dry_run=False) == "cleaned"
            assert [path.parents[2].name for path in (folder / "artifacts").rglob("model/x")] == [holder]
            assert tracker.model(tracking.RECOMMENDER, version).run_id == holder
        finally:
            server.terminate()
