"""Evidence: events and ties in sums, and profiles."""

from socialrec.contracts.columns import DS, PLATFORM, Column, ListOf, StructOf, Table
from socialrec.contracts.entities.spec import PRODUCT_ID, USER_KEY

USER_PRODUCT_AFFINITY = Table(
    layer="gold",
    noun="user_product_affinity",
    row="time-decayed strength of a user's interest in a product",
    columns=(
        USER_KEY,
        PRODUCT_ID,
        Column("affinity_micros", "int64", "Decayed sum of event weights, in millionths: integers add up in any order"),
        Column("settled_ds", "string", "Newest landing day with an event"),
        Column("settled_micros", "int64", "Sum as of that day, from which later nights continue"),
        Column("n_events", "int64", "Number of events in the sum", minimum=1),
        Column("n_favourable", "int64", "How many of them are a like, save, share, cart or purchase", minimum=0),
        Column("n_returns", "int64", "How many of them are a return", minimum=0),
        Column("last_event_ts", "timestamp", "Newest dated event", nullable=True),
        PLATFORM,
        DS,
    ),
    key=("user_key", "product_id"),
    partition="ds",
    writers=("build_gold",),
    is_snapshot=True,
)

SOCIAL_TIES = Table(
    layer="gold",
    noun="social_ties",
    row="one tie in the user's direction, by its parts",
    columns=(
        USER_KEY,
        Column("neighbour_key", "string", "Pseudonym of the other user"),
        Column("is_follow", "bool", "Whether the user follows the neighbour on this day"),
        Column("is_mutual", "bool", "Whether the neighbour follows back"),
        Column("since_ts", "timestamp", "When the follow began", nullable=True),
        Column(
            "replies_micros", "int64", "Decayed count of the user's replies to the neighbour, in millionths", minimum=0
        ),
        Column("settled_ds", "string", "Newest landing day with a reply", nullable=True),
        Column("settled_micros", "int64", "Count as of that day, from which later nights continue", minimum=0),
        Column("last_reply_ts", "timestamp", "Newest dated reply", nullable=True),
        PLATFORM,
        DS,
    ),
    key=("user_key", "neighbour_key"),
    partition="ds",
    writers=("build_gold",),
    is_snapshot=True,
)

_IS_DATED = Column("is_dated", "bool", "Whether its time is known")

USER_PROFILES = Table(
    layer="gold",
    noun="user_profiles",
    row="what a user cares about, as evidence for sentences in any language; what they think of it is in "
    "gold.user_opinions",
    columns=(
        USER_KEY,
        Column("n_interactions", "int64", "Events so far", minimum=0),
        Column("n_products", "int64", "Distinct products of interest", minimum=0),
        Column("n_comments", "int64", "Comments so far", minimum=0),
        Column("n_follows", "int64", "Users followed on this day", minimum=0),
        Column(
            "language",
            "string",
            "Language of most of the user's comments, ISO 639-1; null where none tells",
            nullable=True,
        ),
        Column(
            "categories",
            ListOf(
                StructOf(
                    (
                        Column("category", "string", "Which"),
                        Column("is_liked", "bool", "Whether events and comments speak for it; else it was looked at"),
                    )
                )
            ),
            "Categories by affinity, strongest first",
        ),
        Column("interests", ListOf(StructOf((PRODUCT_ID, _IS_DATED))), "Products of interest, newest first"),
        Column("commented", ListOf(StructOf((PRODUCT_ID, _IS_DATED))), "Products commented on, newest first"),
        Column(
            "labelled",
            ListOf(StructOf((PRODUCT_ID, Column("text", "string", "The newest label"), _IS_DATED))),
            "Products that the user gave a label, newest first",
        ),
        PLATFORM,
        DS,
    ),
    key=("user_key",),
    partition="ds",
    writers=("build_gold",),
    is_snapshot=True,
)
