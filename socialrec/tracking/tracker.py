"""Runs, artifacts and registered model versions on an MLflow server."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from socialrec.errors import UserError
from socialrec.settings import Settings
from socialrec.tracking.address import tracking_uri

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRAINING = "socialrec/train"
NIGHTLY = "socialrec/nightly"
ENCODER = "socialrec-encoder"
RECOMMENDER = "socialrec-recommender"
CHAMPION = "champion"
CHALLENGER = "challenger"
PARAM_CHARS = 500


@dataclass(frozen=True)
class ModelRef:
    """One registered version of a model."""

    name: str
    version: str
    run_id: str
    tags: dict[str, str]


def connect(settings: Settings) -> Tracker:
    """A tracker on the server of this home. A server that is down is an error within seconds, not minutes."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    return Tracker(tracking_uri(settings), settings.models)


class Tracker:
    """What this project asks of MLflow. Raises UserError where the server does not answer."""

    def __init__(self, uri: str, models: Path) -> None:
        # Imported here: it takes seconds, and most programs never get this far.
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

        self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        self._not_found = MlflowException
        self._models = models
        try:
            self._client.search_experiments(max_results=1)
        except MlflowException as error:
            raise UserError(
                f"MLflow does not answer at {uri}: run `make up` ({str(error).splitlines()[0][:120]})"
            ) from None

    def start_training(self, name: str, params: Mapping[str, Any], tags: Mapping[str, str]) -> str:
        """Open a run in `socialrec/train` and return its id; it stays open until `finish`."""
        run_id = self._start(TRAINING, name, tags)
        self.log(run_id, params=params)
        return run_id

    def log_nightly(
        self,
        name: str,
        params: Mapping[str, Any],
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
        artifacts: Mapping[str, Any],
    ) -> str:
        """Record one whole nightly run in `socialrec/nightly`; artifacts are JSON documents by file name."""
        run_id = self._start(NIGHTLY, name, tags)
        self.log(run_id, params=params, metrics=metrics)
        for file, document in artifacts.items():
            self.log_dict(run_id, document, file)
        self.finish(run_id)
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
        from mlflow.utils.time import get_current_time_millis

        now = get_current_time_millis()
        self._client.log_batch(
            run_id,
            metrics=[Metric(key, float(value), now, step) for key, value in (metrics or {}).items()],
            params=[Param(key, str(value)[:PARAM_CHARS]) for key, value in (params or {}).items()],
            tags=[RunTag(key, str(value)) for key, value in (tags or {}).items()],
        )

    def log_dict(self, run_id: str, document: Any, file: str) -> None:
        """Keep a JSON document with the run."""
        self._client.log_dict(run_id, document, file)

    def log_table(self, run_id: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], file: str) -> None:
        """Keep a table with the run as CSV, which MLflow's pages show as a table."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([columns, *rows])
        self._client.log_text(run_id, text.getvalue(), file)

    def log_figure(self, run_id: str, figure: Figure, file: str) -> None:
        """Keep a plot with the run."""
        self._client.log_figure(run_id, figure, file)

    def log_folder(self, run_id: str, folder: Path, name: str) -> None:
        """Keep a folder with the run, under `name`."""
        self._client.log_artifacts(run_id, str(folder), name)

    def finish(self, run_id: str, status: str = "FINISHED") -> None:
        """Close a run as FINISHED or FAILED."""
        self._client.set_terminated(run_id, status)

    def metrics(self, run_id: str) -> dict[str, float]:
        """The newest value of each metric of a run."""
        return dict(self._client.get_run(run_id).data.metrics)

    def register(self, run_id: str, folder: str, name: str, tags: Mapping[str, str]) -> str:
        """Register the run's logged folder as the next version of a model and make it challenger."""
        if not self._client.search_registered_models(f"name = '{name}'"):
            self._client.create_registered_model(name)
        source = f"{self._client.get_run(run_id).info.artifact_uri}/{folder}"
        version = self._client.create_model_version(name, source, run_id=run_id, tags=dict(tags)).version
        self._client.set_registered_model_alias(name, CHALLENGER, version)
        return str(version)

    def champion(self, name: str) -> ModelRef | None:
        """The version in use, or None where none was ever promoted."""
        try:
            version = self._client.get_model_version_by_alias(name, CHAMPION)
        except self._not_found as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise
        return ModelRef(name, str(version.version), version.run_id, dict(version.tags))

    def model(self, name: str, version: str) -> ModelRef:
        """One version of a model; UserError where there is none."""
        try:
            found = self._client.get_model_version(name, version)
        except self._not_found:
            raise UserError(f"{name} has no version {version}: see the Models page of MLflow") from None
        return ModelRef(name, str(found.version), found.run_id, dict(found.tags))

    def newest_version(self, name: str) -> ModelRef | None:
        """The version registered last, champion or not."""
        versions = self._client.search_model_versions(f"name = '{name}'")
        newest = max((int(version.version) for version in versions), default=None)
        return None if newest is None else self.model(name, str(newest))

    def promote(self, name: str, version: str) -> None:
        """Make a version the champion."""
        self._client.set_registered_model_alias(name, CHAMPION, version)

    def tag(self, name: str, version: str, tags: Mapping[str, str]) -> None:
        """Add tags to a registered version."""
        for key, value in tags.items():
            self._client.set_model_version_tag(name, version, key, value)

    def fetch(self, name: str, version: str) -> Path:
        """A local copy of a version's folder, kept at `<home>/models/<name>/<version>`."""
        from mlflow.artifacts import download_artifacts

        target = self._models / name / version
        if target.exists():
            return target
        self.model(name, version)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            source = self._client.get_model_version_download_uri(name, version)
            copy = download_artifacts(artifact_uri=source, dst_path=folder, tracking_uri=self._client.tracking_uri)
            try:
                Path(copy).rename(target)
            except OSError:
                # Another task of the same run fetched it meanwhile; a version never changes.
                shutil.rmtree(copy, ignore_errors=True)
        return target

    def _start(self, experiment: str, name: str, tags: Mapping[str, str]) -> str:
        found = self._client.get_experiment_by_name(experiment)
        experiment_id = found.experiment_id if found else self._client.create_experiment(experiment)
        commit = {"mlflow.source.git.commit": git_commit()}
        return str(self._client.create_run(experiment_id, tags={**commit, **tags}, run_name=name).info.run_id)


def git_commit() -> str:
    """The commit of the code that runs, or `unknown` outside a clone."""
    here = Path(__file__).parent
    answer = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=False)  # noqa: S607
    return answer.stdout.strip() or "unknown"
