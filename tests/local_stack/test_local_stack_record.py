"""The record of what runs for a home."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil

from socialrec.local_stack.processes import identity
from socialrec.local_stack.record import Record, read_record, record_file, write_record
from socialrec.settings import Settings

AIRFLOW = {"url": "http://127.0.0.1:8080", "user": "admin", "password_file": "/x"}
MLFLOW = {"url": "http://127.0.0.1:5000"}


def test_a_home_where_nothing_was_started_has_no_record(settings: Settings) -> None:
    assert read_record(settings) is None


def test_a_record_is_read_as_it_was_written_and_nothing_is_left_beside_it(settings: Settings) -> None:
    record = Record(identity(os.getpid()), AIRFLOW, MLFLOW, {"scheduler": {"pid": 7, "created": 1.5}})
    write_record(settings, record)
    assert read_record(settings) == record
    assert [file.name for file in settings.home.iterdir()] == [record_file(settings).name]


def test_a_record_tells_whether_its_supervisor_and_its_processes_still_run() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    mine, its = identity(os.getpid()), identity(process.pid)
    try:
        assert Record(its, AIRFLOW, MLFLOW).is_alive()
        assert Record(its, AIRFLOW, MLFLOW, {"a": mine, "b": its}).left_running() == [
            psutil.Process(),
            psutil.Process(process.pid),
        ]
    finally:
        process.kill()
        process.wait()
    assert not Record(its, AIRFLOW, MLFLOW).is_alive()
    assert Record(its, AIRFLOW, MLFLOW, {"a": mine, "b": its}).left_running() == [psutil.Process()]
