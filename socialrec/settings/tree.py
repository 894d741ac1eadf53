"""One frozen settings tree. Every default stands once: here, in `settings.etl`, `settings.text` or `settings.services`.

Values come, strongest first, from environment variables (`SOCIALREC_TEXT__MODEL=…`), from `<home>/settings.toml`, and
from the defaults below. `SOCIALREC_HOME` names the home folder itself. Unknown keys are errors.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from socialrec.errors import UserError
from socialrec.settings.etl import EtlSettings
from socialrec.settings.names import setting_paths, similar_settings
from socialrec.settings.paths import below
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
HOME_VARIABLE = "SOCIALREC_HOME"
DEFAULT_HOME = ".socialrec"
RESERVED_VARIABLES = frozenset({HOME_VARIABLE, "SOCIALREC_DATA_DIR"})
"""Variables with our prefix that are not settings: where the home is, and where tests find real data."""

HeldOut = Annotated[float, Field(ge=0, lt=0.5)]
"""Two of these leave something to learn from."""


class RecommendSettings(Section):
    """The recommender and its lists."""

    list_length: int = Field(20, ge=1)
    max_side: int = Field(13_000, ge=10)
    """Largest side (users or products) that is inverted exactly; beyond it the most active products are kept."""
    ridge: float = Field(100.0, gt=0)
    """How strongly item-to-item weights are held back, in units of the mean square of the affinities."""
    text_weight: float = Field(0.2, ge=0)
    """How much texts count beside what users do, in units of the ridge."""
    social_weight: float = Field(0.0, ge=0)
    """How much what neighbours do counts beside what the user does."""
    affinity_exponent: float = Field(1.0, ge=0, le=2)
    """Power of `ln(1 + affinity)`: 0 makes all affinities the same, above 1 favours the strong ones."""
    popularity_weighting: Share = 0.2
    """Power of a product's number of users that its affinities are divided by: what few like says more."""
    factor_dim: int = Field(128, ge=1)
    """Length of a product's factors in implicit ALS."""
    factor_ridge: float = Field(0.01, gt=0)
    """How strongly factors are held back, per observed and (weighted) unobserved product."""
    factor_unobserved: float = Field(0.03, gt=0)
    """What a product that a user has not touched counts beside one that they have."""
    factor_text: float = Field(1.0, ge=0)
    """How much products' factors must also explain their texts."""
    factor_passes: int = Field(12, ge=1)
    sequence_window: int = Field(5, ge=1)
    """How many of a user's products further on a product is still taken to follow another."""
    sequence_decay: float = Field(0.7, gt=0, le=1)
    """What the product before the newest counts beside the newest, and so on back."""
    popularity_exponent: Share = 0.5
    trend_half_life: float = Field(0.04, gt=0, le=1)
    """Share of all pairs of user and product, newest first, after which one counts half in what is popular lately."""
    tuning_trials: int = Field(0, ge=0)
    """How often a training tries other settings of the signals on its validation window; 0 takes them as they are."""
    tie_reply_weight: float = Field(1.0, ge=0)
    score_decimals: int = Field(5, ge=1, le=9)
    block_users: int = Field(512, ge=1)
    """Most users that are scored at a time."""
    block_mib: int = Field(128, ge=1)
    """MiB that the scores of all products for the users of a block, or of the blocks side by side, may take. Where the
    catalogue is large, a block has fewer than `block_users`. At work a block takes about five times as much."""
    max_per_category: int | None = Field(10, ge=1)
    """Products of one category that a list may hold."""
    max_per_brand: int | None = Field(10, ge=1)
    small_seller_share: Share = 0.2
    """Brands that together have at most this share of all likes, the smallest first, are small sellers."""
    max_small_seller_loss: Share | None = None
    """Share of a list's places in proportion to likes that small sellers may lose; none bounds nothing."""
    max_age_days: Days | None = None
    """Products that were last described, and first seen, longer ago than this are stale; none means that none are."""
    exploration_share: Share = 0.0
    """Share of a list's places, its last, that goes to chance."""
    keep_lists_days: int = Field(0, ge=0, le=31)
    """A list is made anew at least once in so many days, and until then only when something changed that it rests on;
    0 makes every list anew each night."""
    max_reasons: int = Field(3, ge=1)
    min_reason_share: Share = 0.05
    """Share of a score that a reason must account for to be given."""
    min_named_friends: int = Field(2, ge=1)
    """People are named where at least so many stand behind a product, else they are "somebody you follow"."""

    def users_per_block(self, n_products: int, at_once: int = 1) -> int:
        """Users to score at a time where scores are written out for so many products, `at_once` times over."""
        user_bytes = 4 * max(n_products, 1) * at_once
        return max(1, min(self.block_users, self.block_mib * 2**20 // user_bytes))


class EvaluateSettings(Section):
    """Split, metrics and the gate."""

    cutoff: int = Field(10, ge=1)
    validation_share: HeldOut = 0.1
    test_share: HeldOut = 0.1
    max_undated_share: Share = 0.5
    """Above this share of undated interactions there is no time to cut at: the split is at random per user."""
    seed: int = 20260102
    cold_user_products: int = Field(4, ge=0)
    """Users who met at most this many products before the cut are cold."""
    cold_product_users: int = Field(4, ge=0)
    """Products that at most this many users liked before the cut are cold."""
    n_resamples: int = Field(1_000, ge=100)
    """Resamples of bootstrap intervals and of paired tests."""
    min_tested_users: int = Field(20, ge=1)
    """Users with held-out pairs that it takes to measure a candidate; with fewer the baseline serves."""
    min_gain_over_popularity: float = Field(0.0, ge=0)
    min_gain_over_champion: float = Field(0.0, ge=0)
    max_p_value: float = Field(0.05, gt=0, lt=1)
    """How often chance alone may give a difference that the gate takes for real."""
    tie_margin: Share = 0.02
    """Share of the champion's NDCG that a candidate fitted on newer data may lack, where the test calls it chance."""
    min_slice_users: int = Field(30, ge=1)
    """Slices with fewer tested users are shown, and decide nothing."""
    max_slice_loss: Share = 0.02
    """NDCG that a slice may lose to the champion; without one a larger loss to popularity is a warning."""
    max_exposure_loss: Share = 0.3
    """Share of the champion's exposure of small sellers and new products, of its coverage, evenness and difference from
    popularity that may be lost; without one a larger loss of exposure to popularity is a warning."""
    new_product_days: Days = 30.0
    """Products that landed first at most so long before the training's day are new."""
    max_constant_share: Share = 0.5
    min_coverage: Share = 0.02
    """Of the products that the tested lists could reach; less is a warning."""
    min_evenness: Share = 0.005
    """1 - Gini of exposure, as a share of what the tested lists could reach; less is a warning."""
    max_popularity_overlap: Share = 0.9
    """More is a warning."""
    max_drift: float = Field(0.25, gt=0)
    """Population stability index against the training's own night, above which a night warns."""
    explained_users: int = Field(50, ge=1)
    """Tested users whose reasons are put to the deletion test."""
    min_reasons_valid: Share = 0.9
    """Share of reasons that stand the deletion test (without its evidence the product falls); less is a warning."""
    max_reasons_loss: Share = 0.1
    """Share of the champion's valid reasons that may be lost."""
    rings: int = Field(20, ge=0)
    """Rings of fake accounts that each evaluation plants, to see how far they get their products; 0 plants none."""
    ring_share: Share = 0.01
    """Fake accounts of a ring, as a share of all users; where that is fewer than three, none are planted."""
    max_ring_lists: Share = 0.05
    """Share of honest users' lists that a ring may get its product into beyond what it gets with the champion, in the
    mean over rings; without a champion more is a warning."""
    max_fit_seconds: float = Field(3_600.0, gt=0)
    """More is a warning."""
    max_score_milliseconds_per_user: float = Field(100.0, gt=0)
    """More is a warning."""
    max_cost_growth: float = Field(3.0, ge=1)
    """Times the champion's seconds of fitting (at least 60) and scoring that a candidate may take."""


class Settings(Section):
    """Everything a person may set."""

    home: Path
    """The one folder that holds all state."""
    etl: EtlSettings = EtlSettings()
    text: TextSettings = TextSettings()
    pretrain: PretrainSettings = PretrainSettings()
    recommend: RecommendSettings = RecommendSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
    spark: SparkSettings = SparkSettings()
    maintenance: MaintenanceSettings = MaintenanceSettings()
    services: ServiceSettings = ServiceSettings()
    cluster: ClusterSettings = ClusterSettings()
    alerts: AlertSettings = AlertSettings()

    @property
    def landing(self) -> Path:
        """Where sources deliver: `landing/<platform>/<ds>/<entity>.<format>`."""
        return self.home / "landing"

    @property
    def lake(self) -> Path:
        """Root of the Delta tables."""
        return self.home / "lake"

    @property
    def runs(self) -> Path:
        """Receipts of the jobs, a folder a run."""
        return self.home / "runs"

    def run_folder(self, run_id: str) -> Path:
        """The folder of one run's receipts."""
        return below(self.runs, run_id)

    @property
    def models(self) -> Path:
        """Local copies of registered model versions."""
        return self.home / "models"

    def base_model(self, sha256: str) -> Path:
        """A model that was pre-trained here, for `text.model`: its name is its content, so that it never changes."""
        return self.models / "base" / f"socialrec-base-{sha256[:12]}"

    @property
    def candidates(self) -> Path:
        """What trainings make, a folder a training."""
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
        """The file of Spark properties with the secret of a cluster; None where there is none."""
        return self.secrets / "spark.conf" if self.spark.authenticate and not self.spark.is_local else None

    @property
    def scratch(self) -> Path:
        """Temporary files of running jobs."""
        return self.home / "scratch"

    @property
    def requests(self) -> Path:
        """Files that name users to be erased; each goes with them."""
        return self.home / "erasure"

    @property
    def export(self) -> Path:
        """Published recommendations as plain Parquet."""
        return self.home / "export"

    @property
    def reports(self) -> Path:
        """Summaries of nightly runs, a folder a day."""
        return self.home / "reports"

    @property
    def alerts_file(self) -> Path:
        """What people were told of, where `alerts.send_to` is `file`: a JSON object a line."""
        return self.home / "logs" / "alerts.jsonl"

    @property
    def lineage_file(self) -> Path:
        """What every job read and wrote: an OpenLineage event a line."""
        return self.home / "logs" / "lineage.jsonl"


def load_settings(home: Path | None = None) -> Settings:
    """Read the settings of a home folder (by default `SOCIALREC_HOME`, else `.socialrec` here), and close it to others.

    Every process does this first. Raises UserError naming the setting where a name is unknown or a value does not fit,
    and where other accounts may write to the home.
    """
    root = (home or Path(os.environ.get(HOME_VARIABLE) or DEFAULT_HOME)).expanduser().resolve()
    if root.exists() and not root.is_dir():
        raise UserError(f"{root} is not a folder: name one with --home or {HOME_VARIABLE}")
    keep_private(root)
    file = root / "settings.toml"
    values = _from_toml(file) if file.exists() else {}
    for variable in _variables():
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
    if "home" in values:
        raise UserError(f"{file}: home is not a setting; the folder of this file is the home")
    return values


def _variables() -> list[str]:
    """Names of the environment variables that are settings, or would be."""
    return sorted(name for name in os.environ if name.startswith(ENV_PREFIX) and name not in RESERVED_VARIABLES)


def _path(variable: str) -> list[str]:
    return variable.removeprefix(ENV_PREFIX).lower().split("__")


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
    # An error may lie above or below the level that a variable set.
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
    """Names of the settings and sections of a section; those of the sections at the top."""
    depth = len(section)
    return [path[-1] for path in _settings() if len(path) == depth + 1 and path[:depth] == tuple(section)]


def _settings() -> list[tuple[str, ...]]:
    return [path for path in setting_paths(Settings) if path != ("home",)]


def _guesses(wrong: Sequence[str], variable: str | None) -> str:
    """Say which setting a wrong name may mean, as it is written in the environment or the file; else nothing."""
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
