"""Features of users and products, as of a day."""

from socialrec.contracts.columns import DS, Column, FixedListOf, ListOf, StructOf, Table
from socialrec.contracts.entities.spec import PRODUCT_ID, USER_KEY
from socialrec.contracts.gold.texts import ENCODER_VERSION
from socialrec.contracts.vocabulary import (
    Stance,
)

USER_FEATURES = Table(
    layer="gold",
    noun="user_features",
    row="all that lists and their reasons need of one user, as of the day",
    columns=(
        USER_KEY,
        Column("name", "string", "Name that follows from what the user did, the same under any pseudonym"),
        Column("community", "int64", "Community of the tie graph; null without ties", nullable=True),
        Column(
            "products",
            ListOf(
                StructOf(
                    (
                        PRODUCT_ID,
                        Column("is_met", "bool", "Whether an event tells of it; else only comments do"),
                        Column("affinity", "float32", "Decayed interest as models read it; 0 where it was returned"),
                        Column("recency", "int32", "1 for the newest product, 2 for the one before it; 0 undated"),
                        Column("opinion", "float32", "Mean of the user's comments, -1 to 1; 0 for none"),
                        Column("stance", "string", "Whether a reason may name the user for it", choices=Stance),
                    )
                )
            ),
            "The user's products, by id",
        ),
        Column(
            "ties",
            ListOf(
                StructOf(
                    (
                        Column("neighbour_key", "string", "Pseudonym of the other user"),
                        Column("share", "float32", "Strength of the tie; those of a user add up to 1"),
                        Column("is_follow", "bool", "Whether the user follows the neighbour"),
                    )
                )
            ),
            "The user's ties",
        ),
        Column("words", ListOf("float32"), "Direction of the user's own comments; empty without encoded ones"),
        Column(
            "cares",
            ListOf(StructOf((Column("aspect", "string", "Which"), Column("share", "float32", "Its share")))),
            "Aspects that the user's comments name",
        ),
        Column(
            "praise",
            ListOf(StructOf((PRODUCT_ID, Column("text", "string", "Its text")))),
            "Favourable comments and labels, to quote",
        ),
        Column(
            "liked_aspects",
            ListOf(StructOf((Column("aspect", "string", "Which"), Column("quote", "string", "A sentence about it")))),
            "Aspects that the user spoke well of",
        ),
        Column("platform", "string", "Where the user gets a list; null where not", nullable=True),
        DS,
    ),
    key=("user_key",),
    partition="ds",
    writers=("build_features",),
    is_snapshot=True,
)

ITEM_FEATURES = Table(
    layer="gold",
    noun="item_features",
    row="all that lists and their reasons need of one product, as of the day",
    columns=(
        PRODUCT_ID,
        Column("vector", FixedListOf("float32"), "Direction of its text and its comments; zeros without any"),
        Column("picture_vector", ListOf("float32"), "Whitened direction of its pictures; empty without any"),
        Column(
            "praise",
            ListOf(StructOf((Column("aspect", "string", "Which"), Column("praise", "float32", "-1 to 1")))),
            "What comments say of its aspects",
        ),
        Column("n_likes", "int64", "Users with positive affinity", minimum=0),
        Column("n_met", "int64", "Users with any event", minimum=0),
        Column("trend", "float32", "Users with positive affinity, the newest counting most", minimum=0),
        Column("category", "string", "As the shop names it, or else as predicted", nullable=True),
        Column("stated_category", "string", "As the shop names it: what a reason may say", nullable=True),
        Column("brand", "string", "As the shop names it, or else as predicted: also its seller", nullable=True),
        Column("is_active", "bool", "Whether it is offered"),
        Column("age_days", "float32", "Days since its newest description or first appearance", minimum=0),
        Column("is_small_seller", "bool", "Whether its seller has few likes"),
        Column(
            "words",
            ListOf(StructOf((Column("word", "string", "Which"), Column("weight", "float32", "Of a unit row")))),
            "Its distinctive words",
        ),
        ENCODER_VERSION,
        DS,
    ),
    key=("product_id",),
    partition="ds",
    writers=("build_features",),
    is_snapshot=True,
)

COMMUNITY_LIKES = Table(
    layer="gold",
    noun="community_likes",
    row="share of the members of one community who like one product",
    columns=(
        Column("community", "int64", "Number of the community, the largest first", minimum=0),
        PRODUCT_ID,
        Column("share", "float32", "Members with positive affinity, of all", minimum=0, maximum=1),
        DS,
    ),
    key=("community", "product_id"),
    partition="ds",
    writers=("build_features",),
    is_snapshot=True,
)
