"""Runs and artifacts on an MLflow server, beside the registered versions."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from socialrec.display.spreadsheets import csv_text
from socialrec.display.visible import lines
from socialrec.errors import ServiceUnavailableError, UserError
from socialrec.settings import Settings
from socialrec.tracking import pages
from socialrec.tracking.access import client_variables
from socialrec.tracking.address import tracking_uri
from socialrec.tracking.descriptions import (
    ERASURE,
    EXPERIMENTS,
    MAIN_COLUMNS,
    NIGHTLY,
    OPENED_BY,
    PRETRAINING,
    TRAINING,
    whole_lines,
)
from socialrec.tracking.server import Server
from socialrec.tracking.versions import ABSENT, Versions

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PARAM_CHARS, TAG_CHARS = 500, 8_000
NAME_CHARS = 250
_NOT_IN_NAMES = re.compile(r"[^/\w.\- :]", re.ASCII)
BATCH = 100
"""Most parameters that MLflow takes in one request."""
LAST_WORD_SECONDS = 5.0
"""Seconds to wait until a failed run is closed, so that its error is not delayed."""
PARENT = "mlflow.parentRunId"
SOURCE = "mlflow.source.name"
"""Tag that MLflow's pages show in the column Source: the program that opened the run."""
VIEW = f"mlflow.sharedViewState.{pages.MAIN_COLUMNS_VIEW}"
"""Tag of an experiment with a saved view of its runs, as MLflow's own pages write it."""
DESCRIPTION = "mlflow.note.content"
"""Tag whose Markdown MLflow's pages show as the description of a run or an experiment."""


def connect(settings: Settings) -> Tracker:
    """Connect to the server of this home."""
    return Tracker(tracking_uri(settings), settings.models, client_variables(settings))


class Tracker(Versions):
    """Client for this project's calls to MLflow.

    A server that is down, fails or hangs raises ServiceUnavailableError, when a tracker is made and at any time later.
    Creation raises UserError where something other than MLflow answers, or where it refuses the password.
    """

    def __init__(self, uri: str, models: Path, sign_in: Mapping[str, str] | None = None) -> None:
        server = Server(uri, sign_in)
        from mlflow.exceptions import MlflowException

        super().__init__(server, models)
        try:
            server.search_experiments(max_results=1)
        except MlflowException as error:
            is_refused = error.get_http_status_code() == HTTPStatus.UNAUTHORIZED  # type: ignore[no-untyped-call]
            raise UserError(server.refusal() if is_refused else server.complaint(str(error))) from None

    def start_training(
        self, name: str, params: Mapping[str, Any], tags: Mapping[str, str], experiment: str = TRAINING
    ) -> str:
        """Open a run in `socialrec/train`, or another experiment, and return its id; it stays open until `finish`."""
        run_id = self._start(experiment, name, tags)
        self.log(run_id, params=params)
        return run_id

    def log_nested(self, parent: str, name: str, params: Mapping[str, Any], metrics: Mapping[str, float]) -> str:
        """Record one finished step of a run as a run below it."""
        run_id = self._start(TRAINING, name, {PARENT: parent, SOURCE: "jobs/fit_recommender.py"})
        self.log(run_id, params=params, metrics=metrics)
        self.finish(run_id)
        return run_id

    def log_nightly(
        self,
        name: str,
        params: Mapping[str, Any],
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
        report: Path,
    ) -> str:
        """Record one whole nightly run in `socialrec/nightly`, with the files of its report."""
        run_id = self._start(NIGHTLY, name, tags)
        self.log(run_id, params=params, metrics=metrics)
        self.log_folder(run_id, report, "report")
        self.finish(run_id)
        return run_id

    def describe(self, run_id: str, text: str) -> None:
        """Write the description of a run, as Markdown."""
        self.log(run_id, tags={DESCRIPTION: text})

    def run_page(self, run_id: str) -> str:
        """URL of a run."""
        return pages.run_page(self._server.uri, self._experiment_of(run_id), run_id)

    def artifact_page(self, run_id: str, file: str) -> str:
        """URL of a file of a run."""
        return pages.artifact_page(self._server.uri, self._experiment_of(run_id), run_id, file)

    def version_page(self, name: str, version: str) -> str:
        """URL of a registered version."""
        return pages.version_page(self._server.uri, name, version)

    def replace_reports(self, folders: Mapping[str, Path]) -> None:
        """Replace the reports in the runs of the nights of these days by new ones."""
        found = self._server.get_experiment_by_name(NIGHTLY)
        if found is None:
            return
        for day, folder in folders.items():
            for run in self._server.search_runs([found.experiment_id], f"tags.ds = '{day}'"):
                self.log_folder(run.info.run_id, folder, "report")

    def log_erasure(self, reason: str, counts: Mapping[str, int], record: Mapping[str, Any]) -> str:
        """Record an erasure in `socialrec/erasure`, as FAILED where its proof found something."""
        run_id = self._start(ERASURE, time.strftime("%Y-%m-%d %H:%M", time.gmtime()), {})
        self.log(run_id, params={"reason": reason}, metrics={"hits": len(record["files_with_hits"]), **counts})
        self.log_dict(run_id, record, "record.json")
        self.finish(run_id, "FAILED" if record["files_with_hits"] else "FINISHED")
        return run_id

    def log(
        self,
        run_id: str,
        params: Mapping[str, Any] | None = None,
        metrics: Mapping[str, float] | None = None,
        tags: Mapping[str, str] | None = None,
        step: int = 0,
    ) -> None:
        """Add parameters, metrics and tags to a run."""
        from mlflow.entities import Metric, Param, RunTag

        now = int(time.time() * 1000)
        all_params = [Param(_name(key), lines(str(value))[:PARAM_CHARS]) for key, value in (params or {}).items()]
        for start in range(BATCH, len(all_params), BATCH):
            self._server.log_batch(run_id, params=all_params[start : start + BATCH])
        self._server.log_batch(
            run_id,
            metrics=[Metric(_name(key), float(value), now, step) for key, value in (metrics or {}).items()],
            params=all_params[:BATCH],
            tags=[RunTag(_name(key), whole_lines(lines(str(value)), TAG_CHARS)) for key, value in (tags or {}).items()],
        )

    def log_tables(self, run_id: str, versions: Mapping[str, int | None], lake: Path, context: str) -> None:
        """Record tables as the data sets of a run, for a use such as `training`; MLflow's pages list them.

        versions: by table; None where there was none. lake: root of the tables.
        """
        from mlflow.entities import Dataset, DatasetInput, InputTag

        use = [InputTag("mlflow.data.context", context)]
        inputs = [
            DatasetInput(Dataset(name, f"version {version}", "delta_table", json.dumps(source)), use)
            for name, version in versions.items()
            if version is not None
            for source in [{"path": str(lake.joinpath(*name.split("."))), "delta_table_version": version}]
        ]
        if inputs:
            self._server.log_inputs(run_id, inputs)

    def rename(self, run_id: str, name: str) -> None:
        """Give a run another name."""
        self._server.update_run(run_id, name=name)

    def close_unfinished(self, tags: Mapping[str, str]) -> list[str]:
        """Close as FAILED the runs of trainings with these tags that are still open, with the runs below them.

        Returns the ids of those that had the tags.
        """
        names = (TRAINING, PRETRAINING)
        experiments = [found.experiment_id for name in names if (found := self._server.get_experiment_by_name(name))]
        if not experiments:
            return []
        wanted = [f"tags.`{name}` = '{value}'" for name, value in tags.items()]
        open_runs = self._open_runs(experiments, wanted)
        for run_id in open_runs:
            for nested in self._open_runs(experiments, [f"tags.`{PARENT}` = '{run_id}'"]):
                self.finish(nested, "FAILED")
            self.finish(run_id, "FAILED")
        return open_runs

    def _open_runs(self, experiments: list[str], wanted: Sequence[str]) -> list[str]:
        query = " and ".join(["attributes.status = 'RUNNING'", *wanted])
        return [str(run.info.run_id) for run in self._server.search_runs(experiments, query)]

    def log_dict(self, run_id: str, document: Any, file: str) -> None:
        """Log a JSON document to the run."""
        self._server.log_dict(run_id, document, file)

    def log_table(self, run_id: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], file: str) -> None:
        """Log a table to the run as CSV, which MLflow's pages show as a table."""
        self._server.log_text(run_id, csv_text(columns, rows), file)

    def log_figure(self, run_id: str, figure: Figure, file: str) -> None:
        """Log a plot to the run."""
        self._server.log_figure(run_id, figure, file)

    def log_folder(self, run_id: str, folder: Path, name: str) -> None:
        """Log a folder to the run, under `name`."""
        self._server.upload(run_id, folder, name)

    @contextmanager
    def failing(self, run_id: str) -> Iterator[Self]:
        """Close the run as FAILED where this block ends with an error; else leave it open."""
        from mlflow.exceptions import MlflowException

        try:
            yield self
        except BaseException:
            # The error itself matters more than a missing run or an unavailable MLflow.
            with suppress(ServiceUnavailableError, MlflowException):
                self._server.close_failed(run_id, LAST_WORD_SECONDS)
            raise

    def reopen(self, run_id: str) -> bool:
        """Open a closed run again; False where the server has no such run."""
        from mlflow.exceptions import MlflowException

        try:
            self._server.update_run(run_id, status="RUNNING")
        except MlflowException as error:
            if error.error_code in ABSENT:
                return False
            raise
        return True

    def finish(self, run_id: str, status: str = "FINISHED") -> None:
        """Close a run as FINISHED or FAILED."""
        self._server.set_terminated(run_id, status)

    def metrics(self, run_id: str) -> dict[str, float]:
        """Newest value of each metric of a run."""
        return dict(self._server.get_run(run_id).data.metrics)

    def tags(self, run_id: str) -> dict[str, str]:
        """Tags of a run."""
        return dict(self._server.get_run(run_id).data.tags)

    def _experiment_of(self, run_id: str) -> str:
        return str(self._server.get_run(run_id).info.experiment_id)

    def _experiment(self, name: str) -> str:
        """Find or create an experiment; returns its id. Its description links to its main columns."""
        found = self._server.get_experiment_by_name(name)
        described = {DESCRIPTION: EXPERIMENTS[name]}
        experiment_id = str(found.experiment_id if found else self._server.create_experiment(name, tags=described))
        known = found.tags if found else described
        if name in MAIN_COLUMNS and VIEW not in known:
            page = pages.main_columns_page(self._server.uri, experiment_id)
            text, link = known.get(DESCRIPTION, EXPERIMENTS[name]), "Show model, split, decision and NDCG as columns"
            self._server.set_experiment_tag(experiment_id, DESCRIPTION, f"[{link}]({page}). {text}")
            view = json.dumps({"selectedColumns": MAIN_COLUMNS[name]})
            self._server.set_experiment_tag(experiment_id, VIEW, view)
        return experiment_id

    def _start(self, experiment: str, name: str, tags: Mapping[str, str]) -> str:
        experiment_id = self._experiment(experiment)
        origin = {
            "mlflow.source.git.commit": git_commit(),
            SOURCE: OPENED_BY[experiment],
            "mlflow.source.type": "JOB",
        }
        return str(self._server.create_run(experiment_id, tags={**origin, **tags}, run_name=name).info.run_id)


def _name(key: str) -> str:
    """Convert the name of a metric, a parameter or a tag to MLflow's characters and length."""
    return _NOT_IN_NAMES.sub("_", key)[:NAME_CHARS]


def git_commit() -> str:
    """Commit of the running code, or `unknown` outside a clone or without git."""
    command = ["git", "rev-parse", "HEAD"]
    try:
        answer = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return answer.stdout.strip()
