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
    """Keys of each entity; entities in `etl.shared_ids` share their ids over all platforms."""

    shared: frozenset[Entity] = frozenset()

    @classmethod
    def sharing(cls, entities: Collection[Entity]) -> Keys:
        """Make keys where these entities share their ids over all platforms."""
        return cls(frozenset(entities))

    def of(self, entity: Entity) -> tuple[str, ...]:
        """The columns of bronze that make up an entity's key."""
        own = ENTITIES[entity].key
        return own if entity in self.shared else ("platform", *own)

    def product_id(self) -> Column:
        """Silver's product id of a row of bronze."""
        if Entity.PRODUCTS in self.shared:
            return F.col("product_id")
        return F.concat("platform", F.lit(SEPARATOR), "product_id").alias("product_id")
