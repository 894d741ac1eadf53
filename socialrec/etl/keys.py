"""Keys of records: platform and id, or the id alone where all platforms share their ids."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F

from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.product_ids import SEPARATOR
from socialrec.contracts.vocabulary import Entity


@dataclass(frozen=True)
class Keys:
    """The keys of each entity, by the entities whose ids all platforms share (`etl.shared_ids`)."""

    shared: frozenset[Entity] = frozenset()

    @classmethod
    def sharing(cls, entities: Collection[Entity]) -> Keys:
        """Keys where these entities have ids of all platforms together."""
        return cls(frozenset(entities))

    def of(self, entity: Entity) -> tuple[str, ...]:
        """The columns of bronze that make up an entity's key."""
        own = ENTITIES[entity].key
        return own if entity in self.shared else ("platform", *own)

    def product_id(self) -> Column:
        """The product that a row of bronze is about, as silver names it."""
        if Entity.PRODUCTS in self.shared:
            return F.col("product_id")
        return F.concat("platform", F.lit(SEPARATOR), "product_id").alias("product_id")
