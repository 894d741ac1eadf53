"""One module for each landing entity, named after it: its `SPEC`. `etl/entities` builds its silver table."""

from __future__ import annotations

from importlib import import_module

from socialrec.contracts.entities.spec import EntitySpec
from socialrec.contracts.vocabulary import Cadence, Entity

ENTITIES: dict[Entity, EntitySpec] = {entity: import_module(f"{__name__}.{entity}").SPEC for entity in Entity}
"""In the order of the vocabulary."""

EVENTS = tuple(entity for entity, spec in ENTITIES.items() if spec.cadence is Cadence.EVENT)
"""Entities whose silver table has a partition a landing day."""

SNAPSHOTS = tuple(entity for entity, spec in ENTITIES.items() if spec.cadence is Cadence.SNAPSHOT)
"""Entities whose silver table has a whole snapshot a night."""

NAMING_PRODUCTS = tuple(entity for entity, spec in ENTITIES.items() if spec.references.get("product_id"))
"""Entities whose records are about a product."""
