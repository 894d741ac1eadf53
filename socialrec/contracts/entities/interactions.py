"""Interactions: what users did with products."""

from socialrec.contracts.columns import Column
from socialrec.contracts.entities.spec import ID_CHARS, IS_LATE, PRODUCT_ID, USER_KEY, EntitySpec, Revisions, pick
from socialrec.contracts.vocabulary import Cadence, Entity, EventType

COLUMNS = (
    Column("event_id", "string", "The source's identifier of the event", max_chars=ID_CHARS),
    Column("user_id", "string", "The source's identifier of the user", max_chars=ID_CHARS),
    Column("product_id", "string", "The source's identifier of the product", max_chars=ID_CHARS),
    Column("event_type", "string", "What the user did", choices=EventType),
    Column("event_ts", "timestamp", "When, UTC; absent where the source does not know", nullable=True),
    Column("quantity", "float64", "How often or how much; absent means 1", nullable=True, minimum=0),
)

SPEC = EntitySpec(
    entity=Entity.INTERACTIONS,
    cadence=Cadence.EVENT,
    columns=COLUMNS,
    key=("event_id",),
    event_time="event_ts",
    users=("user_id",),
    references={"product_id": Entity.PRODUCTS},
    # An interaction never changes: all records of one key must say the same.
    revisions=Revisions(
        owner=("platform", "user_id", "product_id", "event_type", "event_ts", "quantity"), mistaken_for="order"
    ),
    row="one user action on one product",
    silver_columns=(
        *pick(COLUMNS, "event_id"),
        USER_KEY,
        PRODUCT_ID,
        *pick(COLUMNS, "event_type", "event_ts"),
        Column("quantity", "float64", "How often or how much", minimum=0),
        IS_LATE,
    ),
    silver_key=("platform", "event_id"),
)
