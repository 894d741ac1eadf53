"""Silver: cleaned records, one row per record, users under pseudonyms."""

from socialrec.contracts.columns import DS, PLATFORM, Column, Table
from socialrec.contracts.landing import LANDING
from socialrec.contracts.vocabulary import Entity

USER_KEY = Column("user_key", "string", "Pseudonym of the user: HMAC-SHA256 of platform and id, 64 hex digits")
PRODUCT_ID = Column(
    "product_id", "string", "`<platform>:<the source's id>`; the source's id where `etl.shared_ids` holds products"
)
TEXT_HASH = Column("text_hash", "string", "SHA-256 of the cleaned text, 64 hex digits")
IS_LATE = Column("is_late", "bool", "Whether it happened before its landing day")


def _landing(entity: Entity, *names: str) -> tuple[Column, ...]:
    by_name = {column.name: column for column in LANDING[entity]}
    return tuple(by_name[name] for name in names)


SILVER_PRODUCTS = Table(
    layer="silver",
    noun="products",
    row="a product's newest valid description",
    columns=(
        PRODUCT_ID,
        *_landing(Entity.PRODUCTS, "title", "description", "category", "brand", "price_cents", "currency"),
        Column("is_active", "bool", "Whether it may be recommended"),
        *_landing(Entity.PRODUCTS, "updated_ts"),
        Column(
            "text",
            "string",
            "Title, category, brand and description, as one clean text to encode; the description masked",
        ),
        TEXT_HASH,
        Column("first_seen_ds", "string", "The landing day on which it first appeared"),
        PLATFORM,
        DS,
    ),
    key=("product_id",),
    partition="ds",
    writer="build_silver",
    is_snapshot=True,
)

SILVER_INTERACTIONS = Table(
    layer="silver",
    noun="interactions",
    row="one user action on one product",
    columns=(
        *_landing(Entity.INTERACTIONS, "event_id"),
        USER_KEY,
        PRODUCT_ID,
        *_landing(Entity.INTERACTIONS, "event_type", "event_ts"),
        Column("quantity", "float64", "How often or how much", minimum=0),
        IS_LATE,
        PLATFORM,
        DS,
    ),
    key=("platform", "event_id"),
    partition="ds",
    writer="build_silver",
)

SILVER_COMMENTS = Table(
    layer="silver",
    noun="comments",
    row="one cleaned comment, its text hash, optional rating, topic and parent comment",
    columns=(
        *_landing(Entity.COMMENTS, "comment_id"),
        USER_KEY,
        PRODUCT_ID,
        Column(
            "text",
            "string",
            "The text, normalised: NFC, no markup, single spaces, personal data masked; empty for stars alone",
        ),
        TEXT_HASH,
        Column("language", "string", "ISO 639-1 code by script and function words, or `und`"),
        *_landing(Entity.COMMENTS, "rating", "topic", "parent_comment_id", "created_ts"),
        IS_LATE,
        PLATFORM,
        DS,
    ),
    key=("platform", "comment_id"),
    partition="ds",
    writer="build_silver",
)

SILVER_FOLLOWS = Table(
    layer="silver",
    noun="follows",
    row="one directed edge, from when until when",
    columns=(
        Column("follower_key", "string", "Pseudonym of the user who follows"),
        Column("followee_key", "string", "Pseudonym of the user who is followed"),
        *_landing(Entity.FOLLOWS, "since_ts", "until_ts"),
        PLATFORM,
        DS,
    ),
    key=("follower_key", "followee_key"),
    partition="ds",
    writer="build_silver",
    is_snapshot=True,
)

SILVER: dict[Entity, Table] = {
    Entity.PRODUCTS: SILVER_PRODUCTS,
    Entity.INTERACTIONS: SILVER_INTERACTIONS,
    Entity.COMMENTS: SILVER_COMMENTS,
    Entity.FOLLOWS: SILVER_FOLLOWS,
}
