"""Bronze to silver: one module for each landing entity, named after it, with its `build`.

What all entities share is in `base`; what a night does with any of them is in `etl.silver`.
"""

from collections.abc import Callable
from importlib import import_module

from socialrec.contracts.vocabulary import Entity
from socialrec.etl.entities.base import SilverNight, SilverOutcome
from socialrec.etl.progress import IncrementalPlan
from socialrec.lake import Stage

Build = Callable[[SilverNight, IncrementalPlan, Stage], SilverOutcome]


def builder(entity: Entity) -> Build:
    """The function that stages an entity's silver table, from the days of a roll and the snapshot before them."""
    build: Build = import_module(f"{__name__}.{entity}").build
    return build
