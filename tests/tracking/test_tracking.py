"""The tracker against a real MLflow server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from mlflow import MlflowClient

from socialrec import tracking
from socialrec.errors import ServiceUnavailableError, UserError
from socialrec.settings import load_settings
from socialrec.tracking.descriptions import whole_lines
from socialrec.tracking.server import Server
from socialrec.tracking.tracker import git_commit


@pytest.fixture
def tracker(mlflow_server: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> tracking.Tracker:
    monkeypatch.setenv("SOCIALREC_SERVICES__MLFLOW_URI", mlflow_server)
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


def test_a_retry_finds_the_version_that_its_first_try_registered(tracker: tracking.Tracker, tmp_path: Path) -> None:
    version = a_version(tracker, tmp_path / "m", "tried twice")
    run_id = tracker.model("tried twice", version).run_id
    assert tracker.register(run_id, "model", "tried twice", {"encoder_version": "mini-1"}) == version
    assert tracker.register(run_id, "model", "tried twice", {"encoder_version": "mini-2"}) == version
    assert tracker.model("tried twice", version).tags["encoder_version"] == "mini-2"
    assert a_version(tracker, tmp_path / "m", "tried twice") == "2"


def test_what_a_version_and_a_run_say_fits_into_the_tables_of_every_database(
    tracker: tracking.Tracker, tmp_path: Path, mlflow_server: str
) -> None:
    # PostgreSQL holds 5,000 characters of a version's description and 8,000 of a run's tag; SQLite would take more.
    version, client = a_version(tracker, tmp_path / "m", "talkative"), MlflowClient(mlflow_server)
    run_id = tracker.model("talkative", version).run_id
    said = "\n".join(["| nine |"] * 1_000)
    tracker.register(run_id, "model", "talkative", {}, said)
    described = client.get_model_version("talkative", version).description.split("\n")
    # Of 8,999 characters a line takes 9, and the last one with the blank one before it up to 29.
    assert described == ["| nine |"] * 552 + ["", "… 4,032 characters left out"]
    tracker.describe(run_id, said)
    noted = client.get_run(run_id).data.tags["mlflow.note.content"].split("\n")
    assert noted == ["| nine |"] * 885 + ["", "… 1,035 characters left out"]


def test_lines_are_kept_whole_where_one_fits() -> None:
    assert whole_lines("short\ntext", 10) == "short\ntext"
    assert whole_lines("a" * 30 + "\n" + "b" * 30, 60) == "a" * 30 + "\n\n… 31 characters left out"
    assert whole_lines("a" * 100, 60) == "a" * 33 + "\n\n… 67 characters left out"


def test_registering_moves_no_alias(tracker: tracking.Tracker, tmp_path: Path, mlflow_server: str) -> None:
    version = a_version(tracker, tmp_path / "m", "nominated")
    assert MlflowClient(mlflow_server).get_registered_model("nominated").aliases == {}
    tracker.nominate("nominated", version)
    assert MlflowClient(mlflow_server).get_registered_model("nominated").aliases == {"challenger": version}


def test_a_registered_version_is_fetched_as_it_was_logged(tracker: tracking.Tracker, tmp_path: Path) -> None:
    version = a_version(tracker, tmp_path / "m", "fetched")
    folder = tracker.fetch("fetched", version)
    assert (folder / "model.json").read_text() == '{"weights": 3}'
    assert tracker.fetch("fetched", version) == folder


def test_a_fetch_that_broke_off_leaves_nothing_that_looks_like_a_model(
    tracker: tracking.Tracker, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = a_version(tracker, tmp_path / "m", "broken-off")

    def break_off(dst_path: str, **_: object) -> str:
        Path(dst_path, "model").mkdir()
        Path(dst_path, "model", "model.json").write_text('{"weig')
        raise ConnectionError("the line went dead")

    with monkeypatch.context() as patched:
        patched.setattr("mlflow.artifacts.download_artifacts", break_off)
        with pytest.raises(ConnectionError):
            tracker.fetch("broken-off", version)
    assert list((home / "models" / "broken-off").iterdir()) == []
    assert (tracker.fetch("broken-off", version) / "model.json").read_text() == '{"weights": 3}'


def test_tasks_that_fetch_the_same_version_at_once_all_get_it_whole(
    tracker: tracking.Tracker, tmp_path: Path, home: Path
) -> None:
    version = a_version(tracker, tmp_path / "m", "wanted")
    with ThreadPoolExecutor(3) as tasks:
        folders = set(tasks.map(lambda _: tracker.fetch("wanted", version), range(3)))
    assert list((home / "models" / "wanted").iterdir()) == list(folders)
    assert (folders.pop() / "model.json").read_text() == '{"weights": 3}'


def test_a_number_that_is_given_out_again_is_not_taken_for_the_old_version(
    tracker: tracking.Tracker, tmp_path: Path, mlflow_server: str
) -> None:
    """As by another server, or after the models were deleted."""
    old = tracker.fetch("again", a_version(tracker, tmp_path / "m", "again"))
    MlflowClient(mlflow_server).delete_registered_model("again")
    version = a_version(tracker, tmp_path / "m", "again")
    assert version == "1"
    assert tracker.fetch("again", version) != old


def test_a_version_that_was_never_registered_is_named_in_one_line(tracker: tracking.Tracker) -> None:
    with pytest.raises(UserError, match="socialrec-encoder has no version 99"):
        tracker.model("socialrec-encoder", "99")


def test_a_run_keeps_metrics_documents_and_plots(tracker: tracking.Tracker, mlflow_server: str) -> None:
    run_id = tracker.start_training("kept", {}, {})
    figure, axes = plt.subplots()
    axes.plot([1, 2])
    tracker.log_figure(run_id, figure, "loss.png")
    plt.close(figure)
    tracker.log_dict(run_id, {"promote": True}, "gate.json")
    tracker.log(run_id, metrics={"val/ndcg_at_10": 0.25})
    tracker.finish(run_id)
    assert tracker.metrics(run_id) == {"val/ndcg_at_10": 0.25}
    kept = MlflowClient(mlflow_server).list_artifacts(run_id)
    assert {file.path for file in kept} == {"loss.png", "gate.json"}


def test_people_are_led_to_the_pages_that_show_runs_and_versions(
    tracker: tracking.Tracker, tmp_path: Path, mlflow_server: str
) -> None:
    version = a_version(tracker, tmp_path / "m", "shown")
    run_id = tracker.model("shown", version).run_id
    experiment = MlflowClient(mlflow_server).get_experiment_by_name("socialrec/train").experiment_id
    chosen = "workflowType=machine_learning"
    run = f"{mlflow_server}/#/experiments/{experiment}/runs/{run_id}"
    assert tracker.run_page(run_id) == f"{run}?{chosen}"
    assert tracker.artifact_page(run_id, "report/a b.html") == f"{run}/artifacts/report/a%20b.html?{chosen}"
    assert tracker.version_page("shown", version) == f"{mlflow_server}/#/models/shown/versions/1?{chosen}"


def test_experiments_models_versions_and_runs_say_what_they_are(
    tracker: tracking.Tracker, tmp_path: Path, mlflow_server: str
) -> None:
    version, client = a_version(tracker, tmp_path / "m", tracking.BASE), MlflowClient(mlflow_server)
    assert "was pre-trained further on the shop's own texts" in client.get_registered_model(tracking.BASE).description
    client.update_registered_model(tracking.BASE, "our own words")
    run_id = tracker.model(tracking.BASE, version).run_id
    second = tracker.register(run_id, "model", tracking.BASE, {}, "the second")
    assert client.get_registered_model(tracking.BASE).description == "our own words"
    assert client.get_model_version(tracking.BASE, second).description == "the second"
    tracker.describe(run_id, "**What** it did")
    assert client.get_run(run_id).data.tags["mlflow.note.content"] == "**What** it did"
    experiment = client.get_experiment_by_name("socialrec/train")
    page = f"{mlflow_server}/#/experiments/{experiment.experiment_id}/runs?workflowType=machine_learning"
    described = experiment.tags["mlflow.note.content"]
    assert described.startswith("[Show model, split, decision and NDCG as columns]")
    assert f"({page}&viewStateShareKey=main-columns). One run per training" in described
    view = json.loads(experiment.tags["mlflow.sharedViewState.main-columns"])
    assert {"tags.`model`", "tags.`decision`", "tags.`split`", "metrics.`at_a_glance/ndcg`"} <= {
        *view["selectedColumns"]
    }


def test_a_night_is_one_finished_run_with_its_report(
    tracker: tracking.Tracker, mlflow_server: str, tmp_path: Path
) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "summary.json").write_text('{"rows": 12}')
    run_id = tracker.log_nightly("2026-01-31", {"model": "3"}, {"rows": 12}, {"ds": "2026-01-31"}, tmp_path / "report")
    client = MlflowClient(mlflow_server)
    run = client.get_run(run_id)
    assert (run.info.status, run.data.params, run.data.metrics) == ("FINISHED", {"model": "3"}, {"rows": 12})
    assert client.get_experiment(run.info.experiment_id).name == "socialrec/nightly"
    assert [file.path for file in client.list_artifacts(run_id, "report")] == ["report/summary.json"]


def test_a_training_that_breaks_off_is_a_failed_run_and_one_that_goes_on_stays_open(
    tracker: tracking.Tracker, mlflow_server: str
) -> None:
    run_id = tracker.start_training("broken", {}, {})
    with tracker.failing(run_id):
        pass
    assert MlflowClient(mlflow_server).get_run(run_id).info.status == "RUNNING"
    with pytest.raises(ZeroDivisionError), tracker.failing(run_id):
        raise ZeroDivisionError
    assert MlflowClient(mlflow_server).get_run(run_id).info.status == "FAILED"


def test_a_training_that_was_killed_is_closed_as_failed_with_the_trials_below_it_and_no_other(
    tracker: tracking.Tracker, mlflow_server: str
) -> None:
    client = MlflowClient(mlflow_server)
    killed, other, done = (tracker.start_training("t", {}, {"run_id": name}) for name in ("killed", "other", "killed"))
    tracker.finish(done)
    trial = client.create_run(client.get_run(killed).info.experiment_id, tags={"mlflow.parentRunId": killed})
    assert tracker.close_unfinished({"run_id": "killed"}) == [killed]
    states = [client.get_run(run_id).info.status for run_id in (killed, trial.info.run_id, other, done)]
    assert states == ["FAILED", "FAILED", "RUNNING", "FINISHED"]
    tracker.finish(other)


def test_a_run_shows_its_source_its_tables_and_more_parameters_than_go_in_one_call(
    tracker: tracking.Tracker, mlflow_server: str, home: Path
) -> None:
    run_id = tracker.start_training("first", {f"setting.{number}": number for number in range(250)}, {})
    tracker.log_tables(run_id, {"silver.products": 4, "gold.texts": None}, home / "lake", "training")
    tracker.rename(run_id, "2026-01-31 · version 3 promoted")
    tracker.finish(run_id)
    run = MlflowClient(mlflow_server).get_run(run_id)
    assert len(run.data.params) == 250
    assert run.info.run_name == "2026-01-31 · version 3 promoted"
    assert run.data.tags["mlflow.source.name"] == "jobs/finetune_encoder.py"
    (table,) = run.inputs.dataset_inputs
    assert (table.dataset.name, table.dataset.digest) == ("silver.products", "version 4")
    source = {"path": str(home / "lake/silver/products"), "delta_table_version": 4}
    assert json.loads(table.dataset.source) == source


def test_an_error_is_told_even_where_mlflow_has_no_run_to_close(tracker: tracking.Tracker) -> None:
    with pytest.raises(ZeroDivisionError), tracker.failing("nowhere"):
        raise ZeroDivisionError


def test_a_parameter_that_is_too_long_is_cut_and_not_refused(tracker: tracking.Tracker, mlflow_server: str) -> None:
    run_id = tracker.start_training("long", {"words": "x" * 10_000}, {})
    tracker.finish(run_id, "FAILED")
    run = MlflowClient(mlflow_server).get_run(run_id)
    assert (run.info.status, run.data.params) == ("FAILED", {"words": "x" * 500})


@pytest.mark.timeout(60)
def test_a_server_that_is_down_is_an_error_within_seconds(
    home: Path, deserted_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOCIALREC_SERVICES__MLFLOW_URI", deserted_url)
    with pytest.raises(
        ServiceUnavailableError, match="MLflow does not answer at .* run `make up`.*Connection refused"
    ) as error:
        tracking.connect(load_settings(home))
    assert "\n" not in str(error.value)


def test_an_address_that_is_none_is_an_error_that_names_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCIALREC_SERVICES__MLFLOW_URI", "localhost:5000")
    said = "SOCIALREC_SERVICES__MLFLOW_URI: Value error, not an address such as .*localhost:5000"
    with pytest.raises(UserError, match=said):
        load_settings(home)


@pytest.fixture
def stand_in() -> Iterator[str]:
    """A server that is not well: it answers when greeted, and refuses whatever it is asked for then."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.answer(200, {})

        def do_GET(self) -> None:
            is_greeting = self.path.startswith("/api/2.0/mlflow/experiments/search")
            self.answer(*(200, {}) if is_greeting else (400, {"error_code": "INTERNAL_ERROR", "message": "disk full"}))

        def answer(self, status: int, content: dict[str, str]) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_server_in_trouble_is_not_taken_for_one_without_models(
    stand_in: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOCIALREC_SERVICES__MLFLOW_URI", stand_in)
    tracker = tracking.connect(load_settings(home))
    with pytest.raises(ServiceUnavailableError, match=f"MLflow does not answer at {stand_in}: .*disk full"):
        tracker.champion("any")
    with pytest.raises(ServiceUnavailableError, match="disk full"):
        tracker.model("any", "1")


def test_an_answer_that_never_ends_is_not_waited_for(mlflow_server: str) -> None:
    server, is_over = Server(mlflow_server), threading.Event()
    with pytest.raises(
        ServiceUnavailableError, match=f"MLflow does not answer at {mlflow_server}: .*did not finish .* in 1 s"
    ):
        server.within(1, is_over.wait)
    is_over.set()
    assert server.within(1, lambda: 3) == 3


def test_without_any_server_the_error_says_how_to_start_one(home: Path) -> None:
    with pytest.raises(UserError, match="run `make up`"):
        tracking.connect(load_settings(home))


def test_a_machine_without_git_trains_all_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_commit() == "unknown"
