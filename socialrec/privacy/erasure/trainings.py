"""What a training learned from people who are erased before it ends is not kept."""

from __future__ import annotations

from socialrec.errors import UserError
from socialrec.privacy.erasure.plan import read_plan
from socialrec.privacy.tombstones import read_tombstones
from socialrec.settings import Settings
from socialrec.tracking import Tracker

ERASED_BEFORE = "erased_before"
"""Tag of a training run: how many marks of erased people there were before it read anything."""


def erased_before(settings: Settings) -> dict[str, str]:
    """The tag to begin a training with, before it reads a table.

    Raises UserError while an erasure is not done: people whom it still has to take out would be learned from.
    """
    if read_plan(settings.secrets) is not None:
        raise UserError(
            "an erasure is under way, or broke off: wait for its end, or finish it with "
            "`socialrec erase --reason …` and nobody named, then train again"
        )
    return {ERASED_BEFORE: str(len(read_tombstones(settings.secrets)))}


def require_nobody_erased_since(settings: Settings, tracker: Tracker, mlflow_run: str) -> None:
    """Raise UserError where people were erased while a training ran; marks are only ever added."""
    if tracker.tags(mlflow_run).get(ERASED_BEFORE, "0") != str(len(read_tombstones(settings.secrets))):
        raise UserError(
            "people were erased while this training ran, and it may have learned from them: "
            "nothing is registered; run the training again"
        )
