"""Silver: cleaned records, one row per record, users under pseudonyms."""

from socialrec.contracts.columns import Table
from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.vocabulary import Entity

SILVER: dict[Entity, Table] = {entity: spec.silver for entity, spec in ENTITIES.items()}

SILVER_PRODUCTS = SILVER[Entity.PRODUCTS]
SILVER_INTERACTIONS = SILVER[Entity.INTERACTIONS]
SILVER_COMMENTS = SILVER[Entity.COMMENTS]
SILVER_FOLLOWS = SILVER[Entity.FOLLOWS]
SILVER_QUESTIONS = SILVER[Entity.QUESTIONS]
SILVER_ANSWERS = SILVER[Entity.ANSWERS]
SILVER_TEMPLATES = SILVER[Entity.TEMPLATES]
