"""Protection against models trained on users who are erased before the training ends."""

from __future__ import annotations

from socialrec.errors import UserError
from socialrec.privacy.erasure.plan import read_plan
from socialrec.privacy.tombstones import read_tombstones
from socialrec.settings import Settings
from socialrec.tracking import Tracker

ERASED_BEFORE = "erased_before"
"""Tag of a training run: the number of tombstones before it read any table."""


def erased_before(settings: Settings) -> dict[str, str]:
    """Make the tag to begin a training with, before it reads a table.

    Raises UserError while an erasure is not done: users still to be removed would be learned from.
    """
    if read_plan(settings.secrets) is not None:
        raise UserError(
            "an erasure is running, or was interrupted: wait for its end, or finish it with "
            "`socialrec erase --reason …` and nobody named, then train again"
        )
    return {ERASED_BEFORE: str(len(read_tombstones(settings.secrets)))}


def require_nobody_erased_since(settings: Settings, tracker: Tracker, mlflow_run: str) -> None:
    """Raise UserError where users were erased while a training ran; tombstones are only ever added."""
    if tracker.tags(mlflow_run).get(ERASED_BEFORE, "0") != str(len(read_tombstones(settings.secrets))):
        raise UserError(
            "people were erased while this training ran, and it may have learned from them: "
            "nothing is registered; run the training again"
        )
