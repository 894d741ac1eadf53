"""Version of a model that a rollback goes back to, from the decisions on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from socialrec.errors import UserError


@dataclass(frozen=True)
class PastDecision:
    """Decision about a registered version that no person made: by the gate, or for a baseline.

    `champion_before` is the champion until then, None where there was none or nobody noted it.
    """

    version: str
    is_champion: bool
    champion_before: str | None
    reasons: Sequence[str]


def version_to_go_back_to(history: Sequence[PastDecision], champion: str, wanted: str | None = None) -> str:
    """Version for a rollback: the one asked for, or else the champion before this one.

    history: decisions in order of time, without rollbacks. Only a version that was promoted once can be champion again,
    so a rollback cannot bypass the gate. Raises UserError where there is no such version.
    """
    # Not simply the one promoted before it, which may have been rolled back.
    before = {one.version: one.champion_before for one in history if one.is_champion}
    if wanted is None:
        earlier = before.get(champion)
        if not earlier:
            raise UserError(f"version {champion} has no champion before it on record: name a version, or train again")
        return earlier
    if wanted == champion:
        raise UserError(f"version {wanted} is the champion already")
    if wanted not in before:
        refused = [one.reasons for one in history if one.version == wanted]
        why = f"the gate refused it ({'; '.join(refused[-1])})" if refused else "no gate decided on it"
        known = ", ".join(version for version in before if version != champion) or "none"
        raise UserError(f"version {wanted} was never champion: {why}; versions to go back to: {known}")
    return wanted
