"""Frozen tree of settings. Every default is defined once: here, in `settings.answers`, `settings.etl`, `settings.text`,
`settings.pictures` or `settings.services`.

Values come, strongest first, from environment variables (`SOCIALREC_TEXT__MODEL=…`), from `<home>/settings.toml`, and
from the defaults below. `SOCIALREC_HOME` names the home folder itself. Unknown keys are errors.
"""

from __future__ import annotations

import logging
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError

from socialrec.display.messages.catalogue import AUTO, require_language
from socialrec.errors import UserError
from socialrec.settings.answers import AnswersSettings
from socialrec.settings.etl import EtlSettings
from socialrec.settings.names import current_names, current_path, setting_paths, similar_settings
from socialrec.settings.paths import below
from socialrec.settings.pictures import PictureSettings
from socialrec.settings.secret_files import keep_private
from socialrec.settings.section import Days, Section, Share
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

HeldOut = Annotated[float, Field(ge=0, lt=0.5)]
"""Share of each held-out window: two of these leave data to learn from."""


class RecommendSettings(Section):
    """Settings of the recommender and its lists."""

    list_length: int = Field(20, ge=1)
    max_dimension: int = Field(13_000, ge=10)
    """Largest side (users or products) that is inverted exactly; beyond it the most active products are kept."""
    regularization: float = Field(100.0, gt=0)
    """Regularisation of the item-to-item weights, in units of the mean square of the affinities."""
    text_weight: float = Field(0.2, ge=0)
    """Weight of texts relative to users' events, in units of the regularization."""
    social_weight: float = Field(0.0, ge=0)
    """Weight of neighbours' affinities relative to the user's own."""
    affinity_exponent: float = Field(1.0, ge=0, le=2)
    """Power of `ln(1 + affinity)`: 0 makes all affinities equal, above 1 favours the strong ones."""
    popularity_weighting: Share = 0.2
    """Power of a product's number of users that its affinities are divided by: products with few users weigh more."""
    closed_form_weights: int | None = Field(None, ge=1)
    """Number of the strongest item-to-item weights of the closed form that each product keeps. None lets each training
    decide: few, where that costs no quality on its validation window, because lists are then made several times faster;
    else all.
    """
    factor_dim: int = Field(128, ge=1)
    """Length of a product's factors in implicit ALS."""
    factor_regularization: float = Field(0.01, gt=0)
    """Regularisation of the factors, per observed and (weighted) unobserved product."""
    factor_unobserved_weight: float = Field(0.03, gt=0)
    """Weight of a product without events of the user relative to one with events."""
    factor_text: float = Field(1.0, ge=0)
    """Weight of products' texts in their factors."""
    factor_ties: float = Field(3.0, ge=0)
    """Weight of a tie relative to a product in the factors that ties have a part in; 0 fits none."""
    factor_iterations: int = Field(12, ge=1)
    sequence_window: int = Field(5, ge=1)
    """Longest distance between two of a user's products that counts as a step."""
    sequence_decay: float = Field(0.7, gt=0, le=1)
    """Weight of each older product relative to the next newer one."""
    popularity_exponent: Share = 0.5
    trend_half_life: float = Field(0.04, gt=0, le=1)
    """Share of all user-product pairs, newest first, after which a pair counts half in the trend."""
    new_product_neighbours: int = Field(200, ge=1)
    """Most known products that the scores of a product which nobody had met at the training are predicted from."""
    new_product_weight: float = Field(0.75, ge=0)
    """Weight of these predictions; a training calibrates it where its validation window has enough new products."""
    newcomer_weights: dict[str, float] | None = None
    """Weight of each signal for users without products. None lets each training learn them on its validation window, by
    hiding the products of its users.
    """
    max_fit_users: int = Field(50_000, ge=100)
    """Most users that a training learns from and measures on, drawn evenly; lists are made for all."""
    tuning_trials: int = Field(0, ge=0)
    """Trials of a training's search for better settings of the signals on its validation window; 0 is no search."""
    score_decimals: int = Field(5, ge=1, le=9)
    block_users: int = Field(512, ge=1)
    """Most users that are scored at a time."""
    block_mib: int = Field(128, ge=1)
    """Memory (MiB) for the scores of all products for the users of a block, or of the blocks in parallel. Where the
    catalogue is large, a block has fewer than `block_users`. In total a block takes about five times as much.
    """
    max_per_category: int | None = Field(10, ge=1)
    """Most products of one category in a list."""
    max_per_brand: int | None = Field(10, ge=1)
    small_seller_share: Share = 0.2
    """Share of all likes that small sellers have at most together: the brands with the fewest likes."""
    max_small_seller_loss: Share | None = None
    """Largest share of the places in proportion to likes that small sellers may lose in a list; none is no limit."""
    max_age_days: Days | None = None
    """Age in days, since their last description and first appearance, above which products are stale; none is
    no limit.
    """
    max_new_share: Share = 0.3
    """Largest share of a list's places for products that the model has not learned from."""
    min_new_share: Share = 0.2
    """Share of a list's places, its last, that are reserved for these where their scores win them fewer."""
    exploration_share: Share = 0.0
    """Share of a list's places, its last, that are drawn at random."""
    keep_lists_days: int = Field(0, ge=0, le=31)
    """Days after which a list is made again at the latest; before that only when one of its inputs has changed. 0 makes
    every list each night.
    """
    max_reasons: int = Field(3, ge=1)
    min_reason_share: Share = 0.05
    """Share of a score that a reason must account for."""
    min_named_friends: int = Field(2, ge=1)
    """Number of people behind a product from which they are named; fewer are "somebody you follow"."""

    def users_per_block(self, n_products: int, at_once: int = 1) -> int:
        """Users to score at a time where dense scores of so many products are held `at_once` times."""
        user_bytes = 4 * max(n_products, 1) * at_once
        return max(1, min(self.block_users, self.block_mib * 2**20 // user_bytes))


class ListsSettings(Section):
    """Settings of what the users of the shop read of their lists; they change no list."""

    language: Annotated[str, AfterValidator(require_language)] = AUTO
    """Language of reasons and profiles. `auto` takes the one that each user wrote most of their comments in, if there
    are messages in it, else that of most users of the platform, else English.
    """


class EvaluateSettings(Section):
    """Settings of split, metrics and the gate."""

    cutoff: int = Field(10, ge=1)
    validation_share: HeldOut = 0.1
    test_share: HeldOut = 0.1
    max_undated_share: Share = 0.5
    """Share of undated interactions above which the split is at random per user, because there is no time to cut at."""
    seed: int = 20260102
    cold_user_products: int = Field(4, ge=0)
    """Most products of a cold user before the cut."""
    cold_product_users: int = Field(4, ge=0)
    """Most users of a cold product before the cut."""
    n_resamples: int = Field(1_000, ge=100)
    """Resamples of bootstrap intervals and of paired tests."""
    min_tested_users: int = Field(20, ge=1)
    """Minimum of users with held-out pairs to measure a candidate; with fewer the baseline serves."""
    min_gain_over_popularity: float = Field(0.0, ge=0)
    min_gain_over_champion: float = Field(0.0, ge=0)
    max_p_value: float = Field(0.05, gt=0, lt=1)
    """Significance level of the gate's tests."""
    tie_margin: Share = 0.02
    """Share of the champion's NDCG that a candidate fitted on newer data may lose, where the test finds no
    difference.
    """
    min_slice_users: int = Field(30, ge=1)
    """Minimum of tested users for a slice that decides; smaller slices are only shown."""
    max_slice_loss: Share = 0.02
    """NDCG that a slice may lose to the champion; without one a larger loss to popularity is a warning."""
    max_exposure_loss: Share = 0.3
    """Share of the champion's exposure of small sellers and new products, of its coverage, evenness and difference from
    popularity that may be lost; without one a larger loss of exposure to popularity is a warning."""
    new_product_days: Days = 30.0
    """Days before the training's day within which a product must have landed first to be new."""
    max_constant_share: Share = 0.5
    min_coverage: Share = 0.02
    """Minimum share of the products that the tested lists could reach; less is a warning."""
    min_evenness: Share = 0.005
    """Minimum evenness, 1 - Gini of exposure, as a share of what the tested lists could reach; less is a warning."""
    max_popularity_overlap: Share = 0.9
    """Largest overlap of lists with popularity; more is a warning."""
    max_drift: float = Field(0.25, gt=0)
    """Population stability index against the training's own night above which a night warns."""
    explained_users: int = Field(50, ge=1)
    """Tested users whose reasons go through the deletion test."""
    min_reasons_valid: Share = 0.9
    """Minimum share of reasons that pass the deletion test (without its evidence the product falls); less is a
    warning.
    """
    max_reasons_loss: Share = 0.1
    """Share of the champion's valid reasons that may be lost."""
    rings: int = Field(20, ge=0)
    """Rings of fake accounts that each evaluation simulates; 0 simulates none."""
    ring_share: Share = 0.01
    """Fake accounts of a ring, as a share of all users; where that is fewer than three, none are simulated."""
    max_ring_lists: Share = 0.05
    """Share of honest users' lists that a ring may enter beyond its share with the champion, in the mean over rings;
    without a champion more is a warning.
    """
    max_fit_seconds: float = Field(3_600.0, gt=0)
    """Largest seconds of fitting; more is a warning."""
    max_score_milliseconds_per_user: float = Field(100.0, gt=0)
    """Largest milliseconds of scoring per user; more is a warning."""
    max_cost_growth: float = Field(3.0, ge=1)
    """Factor on the champion's seconds of fitting (at least 60) and of scoring that a candidate may take."""


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
    node[inner[-1]] = value


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
