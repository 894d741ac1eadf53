"""Rollback of a registered model by a person: the champion, and the version that takes its place."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass

from socialrec.contracts.runs import UNTRAINED
from socialrec.errors import UserError
from socialrec.evaluate.rollback import PastDecision, version_to_go_back_to
from socialrec.tracking import ERASED, ModelRef, Tracker


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a person says of a rollback: the version to go back to, and the reason."""
    parser.add_argument("--model-version", help="registered version to go back to (default: the champion before)")
    parser.add_argument("--reason", required=True, help="reason, for the record")


@dataclass(frozen=True)
class GoingBack:
    """Champion, and the version that takes its place; UNTRAINED is the model of before the first training."""

    champion: ModelRef
    version: str

    @classmethod
    def find(cls, tracker: Tracker, name: str, history: Sequence[PastDecision], wanted: str, reason: str) -> GoingBack:
        """Find both versions of a model; `wanted`: the version asked for, or empty for the champion before this one.

        Raises UserError where there is no reason, no champion, no such version on record, or where the version was
        trained on people who were erased since.
        """
        if not reason.strip():
            raise UserError("--reason is empty: give a reason for the record")
        champion = tracker.champion(name)
        if champion is None:
            raise UserError(f"there is no champion of {name} to go back from: train one first")
        version = version_to_go_back_to(history, champion.version, wanted or None)
        if version != UNTRAINED and ERASED in tracker.model(name, version).tags and ERASED not in champion.tags:
            raise UserError(f"version {version} was trained on users who were erased since: train again instead")
        return cls(champion, version)
