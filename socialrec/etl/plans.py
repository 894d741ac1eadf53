"""Plans of silver and gold: the work of a night, empty where all is up to date. Needs no Spark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from socialrec.contracts.bronze import BRONZE, LANDED_DAYS
from socialrec.contracts.columns import Table
from socialrec.contracts.entities import ENTITIES, EVENTS, SNAPSHOTS
from socialrec.contracts.gold import SOCIAL_TIES, TEXTS, USER_PRODUCT_AFFINITY, USER_PROFILES
from socialrec.contracts.silver import SILVER, SILVER_COMMENTS, SILVER_FOLLOWS, SILVER_INTERACTIONS, SILVER_PRODUCTS
from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.etl.progress import IncrementalPlan, day_tokens, derived_tokens, plan_roll
from socialrec.lake import Lake
from socialrec.settings.etl import EtlSettings

_LAST_DAY = "9999-12-31"

GOLD_INPUTS = (SILVER_INTERACTIONS, SILVER_COMMENTS, SILVER_PRODUCTS, SILVER_FOLLOWS)

GOLD_TARGETS = (TEXTS, USER_PRODUCT_AFFINITY, SOCIAL_TIES, USER_PROFILES)
"""Gold tables in commit order: a night is done once all are committed, so inputs of texts come before the last."""


_KEYS = "platform and id"
"""Version of the keys. Days built when ids alone were keys are rebuilt."""

_OF_SILVER = frozenset(
    {
        *("max_quarantine_share", "max_unmet_share", "duplicate_window_days", "require_landing_day", "mask"),
        "max_product_pictures",
    }
)
_OF_FEATURES = frozenset({"follow_weight", "mutual_weight", "reply_weight"})
_NOT_IN_GOLD = _OF_SILVER | _OF_FEATURES
"""Settings that gold does not depend on."""


@dataclass(frozen=True)
class SilverPlan:
    """Days to build of the daily tables, with the token to commit for each, and how to update the snapshots.

    `wanted` has the token of every day of bronze, `built` those recorded in silver.
    """

    tokens: Mapping[Entity, Mapping[str, str]]
    rolls: Mapping[Entity, IncrementalPlan]
    wanted: Mapping[Entity, Mapping[str, str]]
    built: Mapping[Entity, Mapping[str, str]]

    @property
    def is_done(self) -> bool:
        """True if there is nothing to build."""
        return not any(self.tokens.values()) and all(roll.is_done for roll in self.rolls.values())


@dataclass(frozen=True)
class GoldPlan:
    """Plans for the night's affinity, which depends on interactions alone, and for the other tables of gold.

    An edited comment changes an earlier day of silver.comments; affinity is still updated incrementally.
    """

    affinity: IncrementalPlan
    others: IncrementalPlan

    @property
    def is_done(self) -> bool:
        """True if there is nothing to build."""
        return self.affinity.is_done and self.others.is_done

    def fingerprint(self, table: Table) -> str:
        """Fingerprint under which a night of a table is committed."""
        return (self.affinity if table is USER_PRODUCT_AFFINITY else self.others).fingerprint


def plan_silver(lake: Lake, ds: str, settings: EtlSettings) -> SilverPlan:
    """Compare silver with bronze up to `ds`; UserError where bronze has nothing."""
    if not derived_tokens(lake, LANDED_DAYS, ds):
        raise UserError(f"nothing in bronze up to {ds}: run ingest_landing --ds {ds} first")
    keys = (_KEYS, sorted(settings.shared_ids))
    # Where free text comes in, other masks make another table.
    masks = {entity: (settings.mask.model_dump(),) if spec.texts else () for entity, spec in ENTITIES.items()}
    wanted, built, tokens = {}, {}, {}
    for entity in EVENTS:
        used = (keys, settings.duplicate_window_days, *masks[entity])
        wanted[entity] = derived_tokens(lake, BRONZE[entity], _LAST_DAY, *used)
        built[entity] = day_tokens(lake, SILVER[entity])
        tokens[entity] = {
            day: token for day, token in sorted(wanted[entity].items()) if day <= ds and built[entity].get(day) != token
        }
    own = {Entity.PRODUCTS: (settings.max_product_pictures,)}
    rolls = {
        entity: plan_roll(lake, [SILVER[entity]], [BRONZE[entity]], ds, keys, *masks[entity], *own.get(entity, ()))
        for entity in SNAPSHOTS
    }
    return SilverPlan(tokens, rolls, wanted, built)


def plan_gold(lake: Lake, ds: str, settings: EtlSettings) -> GoldPlan:
    """Compare gold with silver up to `ds`; UserError where silver has no snapshot of that night."""
    for table in GOLD_INPUTS:
        if table.is_snapshot and lake.last_commit(table, ds) is None:
            raise UserError(f"{table.name} has no snapshot of {ds}: run build_silver --ds {ds} first")
    used = settings.model_dump(exclude=set(_NOT_IN_GOLD))
    others = [table for table in GOLD_TARGETS if table is not USER_PRODUCT_AFFINITY]
    return GoldPlan(
        affinity=plan_roll(lake, [USER_PRODUCT_AFFINITY], [SILVER_INTERACTIONS], ds, used),
        others=plan_roll(lake, others, GOLD_INPUTS, ds, used),
    )
