"""Checks of a form on submission beyond its schema: the day has begun, the model version exists.

Airflow checks a Param by JSON Schema, which allows custom `format` names. They are registered here, in every
process that loads plugins; where this folder is not Airflow's, `resolve_run` and `pin_models` refuse the same later.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial

from airflow.plugins_manager import AirflowPlugin
from jsonschema import FormatChecker

from socialrec.errors import UserError
from socialrec.orchestration.params import ANSWERS_VERSION, LANDING_DAY, RECOMMENDER_VERSION
from socialrec.orchestration.run_date import require_begun
from socialrec.settings import load_settings
from socialrec.tracking import ANSWERS, RECOMMENDER
from socialrec.tracking.registry import is_unknown_version


def is_landing_day(value: object) -> bool:
    """Check if a day has begun; other values are left to the schema. Raises UserError where it has not."""
    if isinstance(value, str) and FormatChecker().conforms(value, "date"):
        require_begun(date.fromisoformat(value), datetime.now(UTC))
    return True


def is_version_of(name: str, value: object) -> bool:
    """Check if the registry has a version of a model. Raises UserError, not False, so that the person can read the
    reason.
    """
    if isinstance(value, str) and is_unknown_version(load_settings(), name, value):
        raise UserError(f"{name} has no version {value}: see the Models page of MLflow, or leave it empty")
    return True


class SocialrecForms(AirflowPlugin):
    """Plugin that registers the formats with jsonschema."""

    name = "socialrec_forms"

    @classmethod
    def on_load(cls, *_args: object, **_kwargs: object) -> None:
        """Register the formats; called once by each process that loads plugins."""
        FormatChecker.checkers[LANDING_DAY] = (is_landing_day, ())
        for kind, name in ((RECOMMENDER_VERSION, RECOMMENDER), (ANSWERS_VERSION, ANSWERS)):
            FormatChecker.checkers[kind] = (partial(is_version_of, name), ())
