"""Registered versions of models on an MLflow server: their aliases, tags and files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from socialrec.display.visible import lines
from socialrec.errors import UserError
from socialrec.settings.paths import below
from socialrec.tracking.descriptions import MODELS, whole_lines
from socialrec.tracking.places import is_run_id, is_version
from socialrec.tracking.server import Server

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

ERASED = "erasure"
"""Tag of a model version that was trained on users who were erased since and may still contain their traces."""
CHAMPION = "champion"
CHALLENGER = "challenger"
DESCRIPTION_CHARS = 5_000
"""Longest description of a version that MLflow's table holds; SQLite takes longer ones, PostgreSQL fails."""
ABSENT = frozenset({"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"})
"""Error codes for an unknown model, version or alias."""


@dataclass(frozen=True)
class ModelRef:
    """Registered version of a model, and the run that made it (empty where no run did)."""

    name: str
    version: str
    run_id: str
    tags: dict[str, str]


class Versions:
    """Calls about the versions of this project's models; `models` is the folder of their local copies."""

    def __init__(self, server: Server, models: Path) -> None:
        self._server, self._models = server, models

    def register(
        self, run_id: str, folder: str, name: str, tags: Mapping[str, str], description: str | None = None
    ) -> str:
        """Register the run's logged folder as the next version of a model; no alias moves.

        A version that the run has already registered is reused, so a retry makes no second one. Its tags and
        description are replaced.
        """
        tags = {key: lines(value) for key, value in tags.items()}
        description = None if description is None else whole_lines(description, DESCRIPTION_CHARS)
        if not self._server.search_registered_models(f"name = '{name}'"):
            # Only now, so that later edits by people stay.
            self._server.create_registered_model(name, description=MODELS.get(name))
        source = f"{self._server.get_run(run_id).info.artifact_uri}/{folder}"
        for version in self._server.search_model_versions(f"name = '{name}' and run_id = '{run_id}'"):
            if version.source == source:
                self._relabel(version, tags, description)
                return str(version.version)
        made = self._server.create_model_version(name, source, run_id=run_id, tags=tags, description=description)
        return str(made.version)

    def champion(self, name: str) -> ModelRef | None:
        """Version in use, or None where none was ever promoted."""
        return _found(lambda: self._server.get_model_version_by_alias(name, CHAMPION))

    def model(self, name: str, version: str) -> ModelRef:
        """Find one version of a model; UserError where there is none."""
        found = _found(lambda: self._server.get_model_version(name, version))
        if found is None:
            raise UserError(f"{name} has no version {version}: see the Models page of MLflow")
        return found

    def versions(self, name: str) -> list[ModelRef]:
        """All versions, champions or not, oldest first."""
        found = self._server.search_model_versions(f"name = '{name}'")
        return sorted(map(_checked, found), key=lambda version: int(version.version))

    def newest_version(self, name: str) -> ModelRef | None:
        """Newest version, champion or not."""
        versions = self._server.search_model_versions(f"name = '{name}'")
        newest = max((int(version.version) for version in versions), default=None)
        return None if newest is None else self.model(name, str(newest))

    def nominate(self, name: str, version: str) -> None:
        """Make a version the challenger, once all its data are logged."""
        self._server.set_registered_model_alias(name, CHALLENGER, version)

    def promote(self, name: str, version: str) -> None:
        """Make a version the champion."""
        self._server.set_registered_model_alias(name, CHAMPION, version)

    def depose(self, name: str) -> None:
        """Leave a model without a champion."""
        self._server.delete_registered_model_alias(name, CHAMPION)

    def tag(self, name: str, version: str, tags: Mapping[str, str]) -> None:
        """Set tags of a version; its other tags stay."""
        for key, value in tags.items():
            self._server.set_model_version_tag(name, version, key, lines(value))

    def copy_of(self, name: str, version: str) -> Path:
        """Path where `fetch` stores a version; UserError where there is no such version."""
        # Another server, or a deleted model, can reuse numbers; the run id distinguishes them.
        model = self.model(name, version)
        return below(self._models, name, f"{model.version}-{model.run_id}")

    def deleted_runs_of_models(self) -> list[str]:
        """Runs that were deleted although a registered version needs them, as `<model> <version>: <run>`."""
        return [
            f"{version.name} {version.version}: {version.run_id}"
            for version in self._every_version()
            if version.run_id and self._is_deleted(version.run_id)
        ]

    def _every_version(self) -> Iterator[ModelVersion]:
        """Versions of all models. Foreign names are not put into a query, because a quote would break it."""
        token = None
        while True:
            page = self._server.search_model_versions(page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def fetch(self, name: str, version: str) -> Path:
        """Fetch a version's folder atomically as `<home>/models/<name>/<version>-<run that made it>`, or reuse the
        local copy.

        Raises UserError where there is no such version.
        """
        target = self.copy_of(name, version)
        if target.exists():
            target.touch()  # in use, so maintenance must not remove it
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as folder:
            copy = self._server.download(name, version, Path(folder))
            try:
                copy.rename(target)
            except OSError:
                # Another task of the same run may have fetched it meanwhile; a version never changes.
                if not target.exists():
                    raise
        return target

    def _relabel(self, version: ModelVersion, tags: Mapping[str, str], description: str | None) -> None:
        for key, value in tags.items():
            if version.tags.get(key) != value:
                self._server.set_model_version_tag(version.name, version.version, key, value)
        if description is not None and version.description != description:
            self._server.update_model_version(version.name, version.version, description)

    def mark_erased(self, names: Iterable[str], since: str, *, dry_run: bool) -> list[str]:
        """Mark the versions of these models that were trained on a landing day from `since` on, or on an unknown day.

        Returns all of them, marked now or before, as `<name> <version>`.
        """
        found = []
        for name in names:
            for version in self._server.search_model_versions(f"name = '{name}'"):
                if version.tags.get("ds", since) >= since:
                    found.append(f"{name} {version.version}")
                    if not dry_run:
                        self._server.set_model_version_tag(name, version.version, ERASED, "trained on erased users")
        return sorted(found)

    def _is_deleted(self, run_id: str) -> bool:
        from mlflow.exceptions import MlflowException

        try:
            return str(self._server.get_run(run_id).info.lifecycle_stage) == "deleted"
        except MlflowException as error:
            if error.error_code in ABSENT:
                return False  # deleted for good already
            raise


def _found(look_up: Callable[[], ModelVersion]) -> ModelRef | None:
    """Return the version that a registry call returns, or None where there is none. Raises UserError as `_checked`."""
    from mlflow.exceptions import MlflowException

    try:
        return _checked(look_up())
    except MlflowException as error:
        if error.error_code in ABSENT:
            return None
        raise


def _checked(version: ModelVersion) -> ModelRef:
    """Take a version from the registry. Raises UserError where its number or run id is malformed: paths are made from
    them.
    """
    number, run_id = str(version.version), version.run_id or ""
    if not is_version(number) or not (run_id == "" or is_run_id(run_id)):
        raise UserError(
            f"{version.name} version {number!r} is refused: MLflow says that its run is {run_id!r}, no run's id"
        )
    return ModelRef(version.name, number, run_id, dict(version.tags))
