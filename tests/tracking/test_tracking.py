"""The tracker against a real MLflow server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from socialrec import tracking
from socialrec.errors import UserError
from socialrec.settings import load_settings


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("mlflow")
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += [
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination",
        str(folder / "files"),
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "HOME": str(folder)})
        url = f"http://127.0.0.1:{port}"
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{url}/health", timeout=1)
                break
            except OSError:
                time.sleep(0.5)
        yield url
        process.terminate()
        process.wait()


@pytest.fixture
def tracker(server: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> tracking.Tracker:
    monkeypatch.setenv("SOCIALREC_SERVICES__MLFLOW_URI", server)
    return tracking.connect(load_settings(home))


def a_version(tracker: tracking.Tracker, folder: Path, name: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "model.json").write_text('{"weights": 3}')
    run_id = tracker.start_training("a training", {"rank": 8}, {"ds": "2026-01-01"})
    tracker.log_folder(run_id, folder, "model")
    tracker.finish(run_id)
    return tracker.register(run_id, "model", name, {"encoder_version": "mini-1"})


def test_a_model_without_promotion_has_no_champion(tracker: tracking.Tracker, tmp_path: Path) -> None:
    assert tracker.champion("never-seen") is None
    a_version(tracker, tmp_path / "m", "unpromoted")
    assert tracker.champion("unpromoted") is None


def test_promotion_moves_the_champion_from_one_version_to_the_next(tracker: tracking.Tracker, tmp_path: Path) -> None:
    first = a_version(tracker, tmp_path / "m", "promoted")
    second = a_version(tracker, tmp_path / "m", "promoted")
    assert (first, second) == ("1", "2")
    tracker.promote("promoted", first)
    before = tracker.champion("promoted")
    tracker.promote("promoted", second)
    after = tracker.champion("promoted")
    assert before is not None and after is not None
    assert (before.version, after.version) == ("1", "2")
    assert after.tags["encoder_version"] == "mini-1"


def test_a_registered_version_is_fetched_as_it_was_logged(tracker: tracking.Tracker, tmp_path: Path) -> None:
    version = a_version(tracker, tmp_path / "m", "fetched")
    folder = tracker.fetch("fetched", version)
    assert (folder / "model.json").read_text() == '{"weights": 3}'
    assert tracker.fetch("fetched", version) == folder


def test_a_version_that_was_never_registered_is_named_in_one_line(tracker: tracking.Tracker) -> None:
    with pytest.raises(UserError, match="socialrec-encoder has no version 99"):
        tracker.model("socialrec-encoder", "99")


def test_a_run_keeps_metrics_documents_and_plots(tracker: tracking.Tracker) -> None:
    run_id = tracker.start_training("kept", {}, {})
    figure, axes = plt.subplots()
    axes.plot([1, 2])
    tracker.log_figure(run_id, figure, "loss.png")
    plt.close(figure)
    tracker.log_dict(run_id, {"promote": True}, "gate.json")
    tracker.log(run_id, metrics={"val/ndcg_at_10": 0.25})
    tracker.finish(run_id)
    assert tracker.metrics(run_id) == {"val/ndcg_at_10": 0.25}


@pytest.mark.timeout(60)
def test_a_server_that_is_down_is_an_error_within_a_minute(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCIALREC_SERVICES__MLFLOW_URI", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(UserError, match="MLflow does not answer at .* run `make up`"):
        tracking.connect(load_settings(home))


def test_without_any_server_the_error_says_how_to_start_one(home: Path) -> None:
    with pytest.raises(UserError, match="run `make up`"):
        tracking.connect(load_settings(home))
