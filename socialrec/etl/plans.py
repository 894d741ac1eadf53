"""What a night of silver or gold has to build; nothing where it is up to date. Needs no Spark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from socialrec.contracts.bronze import BRONZE
from socialrec.contracts.gold import SOCIAL_TIES, TEXTS, USER_PRODUCT_AFFINITY, USER_PROFILES
from socialrec.contracts.silver import SILVER
from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.etl.progress import Roll, day_tokens, derived_tokens, plan_roll
from socialrec.lake import Lake
from socialrec.settings import EtlSettings

DAILY = (Entity.INTERACTIONS, Entity.COMMENTS)
"""Silver tables with a partition a landing day."""

SNAPSHOTS = (Entity.PRODUCTS, Entity.FOLLOWS)
"""Silver tables with a whole snapshot a night."""

GOLD_TARGETS = (TEXTS, USER_PRODUCT_AFFINITY, SOCIAL_TIES, USER_PROFILES)
"""In the order of their commits: a night is done once all of them stand, so what texts need goes before the last."""


@dataclass(frozen=True)
class SilverPlan:
    """Days to build of the daily tables, with the token to commit for each, and how to roll the snapshots."""

    tokens: Mapping[Entity, Mapping[str, str]]
    rolls: Mapping[Entity, Roll]

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to build."""
        return not any(self.tokens.values()) and all(roll.is_done for roll in self.rolls.values())


def plan_silver(lake: Lake, ds: str, settings: EtlSettings) -> SilverPlan:
    """Compare silver with bronze up to `ds`; UserError where bronze has nothing."""
    if not derived_tokens(lake, BRONZE[Entity.INTERACTIONS], ds):
        raise UserError(f"nothing in bronze up to {ds}: run ingest_landing --ds {ds} first")
    tokens = {}
    # Where free text comes in, other masks make another table.
    masks = {entity: (settings.mask.model_dump(),) for entity in (Entity.COMMENTS, Entity.PRODUCTS)}
    for entity in DAILY:
        used = (settings.duplicate_window_days, *masks.get(entity, ()))
        wanted = derived_tokens(lake, BRONZE[entity], ds, *used)
        built = day_tokens(lake, SILVER[entity])
        tokens[entity] = {day: token for day, token in sorted(wanted.items()) if built.get(day) != token}
    rolls = {
        entity: plan_roll(lake, [SILVER[entity]], [BRONZE[entity]], ds, *masks.get(entity, ())) for entity in SNAPSHOTS
    }
    return SilverPlan(tokens, rolls)


def plan_gold(lake: Lake, ds: str, settings: EtlSettings) -> Roll:
    """Compare gold with silver up to `ds`; UserError where silver has no snapshot of that night."""
    for entity in SNAPSHOTS:
        if lake.last_commit(SILVER[entity], ds) is None:
            raise UserError(f"{SILVER[entity].name} has no snapshot of {ds}: run build_silver --ds {ds} first")
    used = settings.model_dump(exclude={"max_quarantine_share", "duplicate_window_days", "require_landing_day", "mask"})
    inputs = [SILVER[entity] for entity in (*DAILY, *SNAPSHOTS)]
    return plan_roll(lake, GOLD_TARGETS, inputs, ds, used)
