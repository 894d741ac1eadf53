"""MLflow is away, fails, hangs, crawls or dies: what was pinned goes on, the rest says so within a minute."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from metrics_program import PROGRAM as METRICS
from mlflow import MlflowClient
from mlflow_process import MlflowProcess, signed_in_mlflow, start_mlflow
from pyspark.sql import SparkSession
from tiny_bert import make_bert
from tiny_shop import DS, ENCODER_VERSION, LENGTH, N_USERS, call, candidate, make_shop
from troubled_mlflow import (
    FAILING,
    FIRST_UPLOAD,
    GREETING,
    HANGING,
    KILLED,
    REFUSED,
    SLOW,
    TroubledMlflow,
)

from socialrec import tracking
from socialrec.contracts.gold import RECOMMENDATIONS
from socialrec.lake import Lake
from socialrec.runtime.job import EXIT_AWAY
from socialrec.settings import Settings, load_settings
from socialrec.tracking import CHALLENGER, CHAMPION, ENCODER, RECOMMENDER

ROOT = Path(__file__).parents[2]
NEXT_DAY = "2026-04-01"
PATIENCE_SECONDS = 60
TRAIN, EVALUATE, PROMOTE = "finetune_encoder", "evaluate_recommender", "promote_model"
URI = "SOCIALREC_SERVICES__MLFLOW_URI"
ANEW = {TRAIN: {"SOCIALREC_TEXT__TRAIN_STEPS": "3"}, EVALUATE: {"SOCIALREC_EVALUATE__N_RESAMPLES": "200"}}
"""By job, a setting with which it does not take up what the candidate's own job left."""
Blow = Callable[..., None]


@dataclass(frozen=True)
class Candidate:
    """A shop with a champion, and a candidate that the gate would let take its place."""

    shop: Settings
    about: tuple[str, ...]
    encoder: str

    def start(self, name: str, uri: str) -> subprocess.Popen[str]:
        """One job of its training as a program that asks the server at an address."""
        arguments = {TRAIN: (), EVALUATE: self.about, PROMOTE: (*self.about, "--encoder-model-version", self.encoder)}
        command = [sys.executable, str(ROOT / "jobs" / f"{name}.py"), "--home", str(self.shop.home), "--ds", NEXT_DAY]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", URI: uri} | ANEW.get(name, {})
        return subprocess.Popen(
            [*command, "--run-id", "troubled", *arguments[name]],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def aliases(self) -> dict[str, dict[str, str]]:
        client = MlflowClient(self.shop.services.mlflow_uri)
        return {name: dict(client.get_registered_model(name).aliases) for name in (ENCODER, RECOMMENDER)}


def make_candidate(home: Path, server: str) -> Candidate:
    text = {"model": str(make_bert(home / "tiny-bert")), "max_tokens": 16, "precision": "float32", "train_steps": 2}
    shop = make_shop(home, server, *(f"text.{name} = {json.dumps(value)}" for name, value in text.items()))
    about, encoder = candidate(shop, "candidate", NEXT_DAY)
    call(shop, EVALUATE, *about, run_id="candidate", ds=NEXT_DAY)
    return Candidate(shop, tuple(about), encoder)


@pytest.fixture(scope="module")
def ready(mlflow_server: str, tmp_path_factory: pytest.TempPathFactory) -> Candidate:
    return make_candidate(tmp_path_factory.mktemp("home"), mlflow_server)


def gives_up_in_one_line(job: subprocess.Popen[str], way: TroubledMlflow) -> None:
    """A job ends within a minute after trouble began, as Airflow tries again, and says what to do."""
    output, errors = job.communicate()
    assert way.struck_at, errors
    assert time.monotonic() - way.struck_at < PATIENCE_SECONDS
    assert (job.returncode, output) == (EXIT_AWAY, ""), errors
    assert "Traceback" not in errors
    [line] = [line for line in errors.splitlines() if line.startswith("error: ")]
    assert line.startswith(f"error: MLflow does not answer at {way.url}: run `make up`, or set services.mlflow_uri")


@pytest.mark.slow
@pytest.mark.chaos(10, "MLflow is refused in an upload of a promotion", "one line within 60 s; no alias moves")
def test_a_promotion_that_loses_its_server_moves_no_alias(ready: Candidate, mlflow_server: str, blow: Blow) -> None:
    before = ready.aliases()
    with TroubledMlflow(mlflow_server, REFUSED, FIRST_UPLOAD) as way:
        gives_up_in_one_line(ready.start(PROMOTE, way.url), way)
    assert ready.aliases() == before
    blow()


@pytest.mark.slow
@pytest.mark.chaos(10, "MLflow is in trouble under train, evaluate, promote", "one line within 60 s; no alias moves")
@pytest.mark.parametrize("moment", [GREETING, FIRST_UPLOAD])
@pytest.mark.parametrize("trouble", [REFUSED, FAILING, HANGING, SLOW])
def test_jobs_of_a_training_give_up_within_a_minute_and_move_no_alias(
    ready: Candidate, mlflow_server: str, trouble: str, moment: str, blow: Blow
) -> None:
    before = ready.aliases()
    for name in (TRAIN, EVALUATE, PROMOTE):
        with TroubledMlflow(mlflow_server, trouble, moment) as way:
            gives_up_in_one_line(ready.start(name, way.url), way)
        assert ready.aliases() == before
        blow()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[MlflowProcess]:
    with signed_in_mlflow(tmp_path) as server:
        yield server


@pytest.mark.slow
@pytest.mark.chaos(
    10, "MLflow is killed in an upload of train, evaluate, promote", "one line; no alias moves; the retry passes"
)
def test_a_server_that_dies_in_an_upload_is_told_and_the_retry_passes(
    own_server: MlflowProcess, home: Path, blow: Blow
) -> None:
    server, ready = own_server, make_candidate(home, own_server.url)
    before = ready.aliases()
    for name in (TRAIN, EVALUATE, PROMOTE):
        with TroubledMlflow(server.url, KILLED, FIRST_UPLOAD, server.kill) as way:
            gives_up_in_one_line(ready.start(name, way.url), way)
        server.process = start_mlflow(server.home, server.port).process
        assert ready.aliases() == before
        job = ready.start(name, server.url)
        output, errors = job.communicate()
        assert job.returncode == 0, errors
        receipt = json.loads(output.splitlines()[-1])
        if name == TRAIN:
            before[ENCODER][CHALLENGER] = receipt["encoder_model_version"]
        blow()
    assert receipt["status"] == "promoted"
    assert ready.aliases()[RECOMMENDER] == dict.fromkeys((CHALLENGER, CHAMPION), receipt["recommender_version"])
    assert ready.aliases()[ENCODER][CHAMPION] == ready.encoder


@pytest.mark.slow
@pytest.mark.chaos(10, "MLflow is in trouble while a night scores", "the pinned champion's lists are made without it")
@pytest.mark.parametrize(("number", "trouble"), list(enumerate((HANGING, REFUSED, FAILING, SLOW, KILLED))))
def test_scoring_goes_on_with_the_pinned_champion(
    ready: Candidate,
    mlflow_server: str,
    spark: SparkSession,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    trouble: str,
    blow: Blow,
) -> None:
    shop, champion = ready.shop, tracking.connect(ready.shop).champion(RECOMMENDER)
    assert champion is not None
    call(shop, "pin_models")
    call(shop, "build_features", "--encoder-version", ENCODER_VERSION)
    with TroubledMlflow(mlflow_server, trouble) as way:
        monkeypatch.setenv(URI, way.url)
        # Another length each time: lists that are there already would not be made again.
        monkeypatch.setenv("SOCIALREC_RECOMMEND__LIST_LENGTH", str(LENGTH - number))
        assert call(shop, "score_recommendations")["status"] == "written"
        assert call(shop, "publish_recommendations")["status"] == "written"
        assert way.n_requests == 0
    lists = Lake(shop.lake).read(RECOMMENDATIONS, [DS])
    assert lists.num_rows == (N_USERS + 1) * (LENGTH - number)
    assert set(lists["recommender_version"].to_pylist()) == {champion.version}
    blow()


@pytest.mark.chaos(11, "processes log metrics to one run of one server at once", "each one arrives, once")
@pytest.mark.parametrize(("n_processes", "n_metrics"), [(2, 20), pytest.param(8, 200, marks=pytest.mark.slow)])
def test_metrics_of_many_processes_all_arrive(
    mlflow_server: str,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    n_processes: int,
    n_metrics: int,
    blow: Blow,
) -> None:
    monkeypatch.setenv(URI, mlflow_server)
    run_id = tracking.connect(load_settings(home)).start_training("at once", {}, {})
    command = [sys.executable, "-c", METRICS, str(home), run_id, str(n_metrics)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    names = [f"process/{number}" for number in range(n_processes)]
    started = [
        subprocess.Popen([*command, name], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name in names
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.wait() for process in started] == [0] * n_processes
    client = MlflowClient(mlflow_server)
    for name in names:
        arrived = client.get_metric_history(run_id, name)
        assert sorted((metric.step, metric.value) for metric in arrived) == [(n, n / 2) for n in range(n_metrics)]
        blow(n_metrics)
