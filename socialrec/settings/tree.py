"""Frozen tree of settings. Every default is defined once, in the module of its section.

Values come, strongest first, from environment variables (`SOCIALREC_TEXT__MODEL=…`), from `<home>/settings.toml`, and
from the defaults. `SOCIALREC_HOME` names the home folder itself. Unknown keys are errors.
"""

from __future__ import annotations

import json
import logging
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from socialrec.errors import UserError
from socialrec.settings.answers import AnswersSettings
from socialrec.settings.etl import EtlSettings
from socialrec.settings.evaluate import EvaluateSettings
from socialrec.settings.lists import ListsSettings, RecommendSettings
from socialrec.settings.names import current_names, current_path, setting_paths, similar_settings
from socialrec.settings.paths import below
from socialrec.settings.pictures import PictureSettings
from socialrec.settings.secret_files import keep_private
from socialrec.settings.section import Section
from socialrec.settings.services import (
    AlertSettings,
    ClusterSettings,
    MaintenanceSettings,
    ServiceSettings,
    SparkSettings,
)
from socialrec.settings.text import PretrainSettings, TextSettings

ENV_PREFIX = "SOCIALREC_"
_log = logging.getLogger(__name__)
HOME_VARIABLE = "SOCIALREC_HOME"
DEFAULT_HOME = ".socialrec"
RESERVED_VARIABLES = frozenset({HOME_VARIABLE, "SOCIALREC_DATA_DIR"})
"""Variables with our prefix that are no settings: the home, and the folder of real data for tests."""


class Settings(Section):
    """Root of the settings."""

    home: Path
    """Folder that contains all state."""
    etl: EtlSettings = EtlSettings()
    text: TextSettings = TextSettings()
    pictures: PictureSettings = PictureSettings()
    pretrain: PretrainSettings = PretrainSettings()
    recommend: RecommendSettings = RecommendSettings()
    lists: ListsSettings = ListsSettings()
    answers: AnswersSettings = AnswersSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
    spark: SparkSettings = SparkSettings()
    maintenance: MaintenanceSettings = MaintenanceSettings()
    services: ServiceSettings = ServiceSettings()
    cluster: ClusterSettings = ClusterSettings()
    alerts: AlertSettings = AlertSettings()

    @property
    def landing(self) -> Path:
        """Landing folder, to which sources deliver: `landing/<platform>/<ds>/<entity>.<format>`."""
        return self.home / "landing"

    @property
    def lake(self) -> Path:
        """Root of the Delta tables."""
        return self.home / "lake"

    @property
    def runs(self) -> Path:
        """Receipts of the jobs, a folder per run."""
        return self.home / "runs"

    def run_folder(self, run_id: str) -> Path:
        """Folder of one run's receipts."""
        return below(self.runs, run_id)

    @property
    def models(self) -> Path:
        """Local copies of registered model versions."""
        return self.home / "models"

    @property
    def base_models(self) -> Path:
        """Base models that were made here: pre-trained ones, and bundled weights as safetensors."""
        return _bases(self.home)

    def base_model(self, sha256: str) -> Path:
        """Folder of a model that was pre-trained here, for `text.model`: it is named after its content, so it never
        changes.
        """
        return self.base_models / f"socialrec-base-{sha256[:12]}"

    @property
    def text_model_file(self) -> Path:
        """Model that the first training chose, where `text.model` is `auto`, with the reason."""
        return self.models / "text_model.json"

    @property
    def candidates(self) -> Path:
        """Candidates of trainings, a folder per training."""
        return self.models / "candidates"

    def candidate(self, mlflow_run: str) -> Path:
        """Folder of one training: `encoder/`, `recommender/`, `baseline/`, `evaluation.json` and `steps.json`."""
        return below(self.candidates, mlflow_run)

    @property
    def secrets(self) -> Path:
        """Keys and passwords, readable by their owner alone."""
        return self.home / "secrets"

    @property
    def spark_secret(self) -> Path | None:
        """File of Spark properties with the secret of a cluster; None where there is none."""
        return self.secrets / "spark.conf" if self.spark.authenticate and not self.spark.is_local else None

    @property
    def scratch(self) -> Path:
        """Temporary files of running jobs."""
        return self.home / "scratch"

    @property
    def requests(self) -> Path:
        """Files that name users to be erased; each is deleted with the erasure."""
        return self.home / "erasure"

    @property
    def export(self) -> Path:
        """Published recommendations as plain Parquet."""
        return self.home / "export"

    @property
    def reports(self) -> Path:
        """Reports of nightly runs, a folder per day."""
        return self.home / "reports"

    @property
    def alerts_file(self) -> Path:
        """Log of alerts, where `alerts.send_to` is `file`: one JSON object per line."""
        return self.home / "logs" / "alerts.jsonl"

    @property
    def lineage_file(self) -> Path:
        """Lineage of all jobs: one OpenLineage event per line."""
        return self.home / "logs" / "lineage.jsonl"


def bases_folder() -> Path:
    """Folder of unpacked and pre-trained base models, below the home of this process, which `SOCIALREC_HOME` names."""
    return _bases(_root(None))


def _bases(home: Path) -> Path:
    return home / "models" / "base"


def _root(home: Path | None) -> Path:
    return (home or Path(os.environ.get(HOME_VARIABLE) or DEFAULT_HOME)).expanduser().resolve()


def load_settings(home: Path | None = None) -> Settings:
    """Read the settings of a home folder (by default `SOCIALREC_HOME`, else `.socialrec` here), and close it to others.

    Every process does this first. Raises UserError naming the setting where a name is unknown or a value does not fit,
    and where other accounts may write to the home.
    """
    root = _root(home)
    if root.exists() and not root.is_dir():
        raise UserError(f"{root} is not a folder: name one with --home or {HOME_VARIABLE}")
    keep_private(root)
    file = root / "settings.toml"
    values = _from_toml(file) if file.exists() else {}
    for variable in _variables():
        _warn_of_old_name(_parts(variable), variable)
        _put(values, variable, os.environ[variable])
    try:
        return Settings.model_validate({**values, "home": root})
    except ValidationError as error:
        raise UserError(_explain(error, file)) from None


def _from_toml(file: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{file} is not valid TOML: {error}") from None
    for section, inner in values.items():
        if isinstance(inner, dict):
            for name in inner:
                _warn_of_old_name((section, name), f"{file}: {section}.{name}")
            values[section] = current_names(section, inner)
    if "home" in values:
        raise UserError(f"{file}: home is not a setting; the folder of this file is the home")
    return values


def _variables() -> list[str]:
    """Names of the environment variables that have our prefix and are no exceptions."""
    return sorted(name for name in os.environ if name.startswith(ENV_PREFIX) and name not in RESERVED_VARIABLES)


def _parts(variable: str) -> list[str]:
    return variable.removeprefix(ENV_PREFIX).lower().split("__")


def _path(variable: str) -> list[str]:
    return list(current_path(_parts(variable)))


def _warn_of_old_name(path: Sequence[str], place: str) -> None:
    new = current_path(path)
    if new != tuple(path):
        _log.warning("%s has a new name, %s: the old one works in this version only", place, ".".join(new))


def _put(values: dict[str, Any], variable: str, value: str) -> None:
    section, *inner = _path(variable)
    if not inner or section == "home":
        form = f"settings are {ENV_PREFIX}<SECTION>__<NAME>, sections: {', '.join(_known(()))}"
        raise UserError(f"{variable} is not a setting; {_guesses(_path(variable), variable) or form}")
    node = values
    for name in (section, *inner[:-1]):
        node = node.setdefault(name, {})
        if not isinstance(node, dict):
            raise UserError(f"{variable} is not a setting: {name} holds a value, not a section")
    node[inner[-1]] = _read(variable, value)


def _read(variable: str, value: str) -> Any:
    """Value of a variable: JSON where it is written as a list or an object, else as it is."""
    if not value.startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise UserError(f"{variable} is not valid JSON: {error}") from None


def _explain(error: ValidationError, file: Path) -> str:
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    # An error may be above or below the level that a variable set.
    is_about = (name for name in _variables() if all(a == b for a, b in zip(_path(name), path, strict=False)))
    variable = next(is_about, None)
    where = variable or f"{file}: {'.'.join(path)}"
    if first["type"] == "extra_forbidden":
        wrong = _path(variable) if variable else path
        known = f"known here: {', '.join(_known(path[:-1]))}"
        return f"{where} is not a setting; {_guesses(wrong, variable) or known}"
    is_secret = path[-1:] == ["webhook_url"] or isinstance(first["input"], dict)
    return f"{where}: {first['msg']}" + ("" if is_secret else f" (got {first['input']!r})")


def _known(section: Sequence[str]) -> list[str]:
    """Names of the settings and sections of a section; at the top level the sections alone."""
    depth = len(section)
    return [path[-1] for path in _settings() if len(path) == depth + 1 and path[:depth] == tuple(section)]


def _settings() -> list[tuple[str, ...]]:
    return [path for path in setting_paths(Settings) if path != ("home",)]


def _guesses(wrong: Sequence[str], variable: str | None) -> str:
    """Suggest settings for a wrong name, in the form of the environment or of the file; empty where there are none."""
    known = _settings()
    if variable:  # it can hold a value only, no section
        known = [path for path in known if not any(path == other[: len(path)] != other for other in known)]
    found = similar_settings(tuple(wrong), known)
    if not found:
        return ""
    if variable:
        return f"did you mean {' or '.join(ENV_PREFIX + '__'.join(path).upper() for path in found)}?"
    if found[0][-1] == wrong[-1] and len(found[0]) > 1:
        return f"{wrong[-1]} belongs to {' or '.join('[' + '.'.join(path[:-1]) + ']' for path in found)}"
    return f"did you mean {' or '.join('.'.join(path) for path in found)}?"
