"""Checks of a form on submission beyond its schema: the day has begun, the model version exists.

Airflow checks a Param by JSON Schema, which allows custom `format` names. They are registered here, in every
process that loads plugins; where this folder is not Airflow's, `resolve_run` and `pin_models` refuse the same later.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from airflow.plugins_manager import AirflowPlugin
from jsonschema import FormatChecker

from socialrec.errors import UserError
from socialrec.orchestration.params import LANDING_DAY, RECOMMENDER_VERSION
from socialrec.orchestration.run_date import require_begun
from socialrec.settings import load_settings
from socialrec.tracking import RECOMMENDER
from socialrec.tracking.registry import is_unknown_version


def is_landing_day(value: object) -> bool:
    """Check if a day has begun; other values are left to the schema. Raises UserError where it has not."""
    if isinstance(value, str) and FormatChecker().conforms(value, "date"):
        require_begun(date.fromisoformat(value), datetime.now(UTC))
    return True


def is_recommender_version(value: object) -> bool:
    """Check if the registry has a version. Raises UserError, not False, so that the person can read the reason."""
    if isinstance(value, str) and is_unknown_version(load_settings(), RECOMMENDER, value):
        raise UserError(f"{RECOMMENDER} has no version {value}: see the Models page of MLflow, or leave it empty")
    return True


class SocialrecForms(AirflowPlugin):
    """Plugin that registers the formats with jsonschema."""

    name = "socialrec_forms"

    @classmethod
    def on_load(cls, *_args: object, **_kwargs: object) -> None:
        """Register the formats; called once by each process that loads plugins."""
        FormatChecker.checkers[LANDING_DAY] = (is_landing_day, ())
        FormatChecker.checkers[RECOMMENDER_VERSION] = (is_recommender_version, ())
