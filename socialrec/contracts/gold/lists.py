"""Lists with reasons, and the inputs that they were made from."""

from socialrec.contracts.columns import DS, PLATFORM, Column, ListOf, StructOf, Table
from socialrec.contracts.entities.spec import PRODUCT_ID, USER_KEY
from socialrec.contracts.gold.texts import ENCODER_VERSION
from socialrec.contracts.vocabulary import (
    ModelKind,
    ReasonKind,
)

REASON = StructOf(
    (
        Column("kind", "string", "Kind of evidence behind the reason", choices=ReasonKind),
        Column("share", "float32", "Its part of the score, 0 to 1", minimum=0, maximum=1),
        Column("products", ListOf("string"), "The user's own products behind it"),
        Column(
            "friends", ListOf("string"), "Pseudonyms of the users behind it; empty where they are too few to be named"
        ),
        Column("is_followed", "bool", "Whether the user follows everybody behind it, named or not"),
        Column("words", ListOf("string"), "The words behind it; for `praised` aspects, for `category` the category"),
        Column(
            "quote",
            "string",
            "For `words` the user's own sentence with the first word, for `praised` one about the first aspect, for "
            "`friends` one in which somebody named here praises the product, if there is one; personal data masked",
        ),
    )
)

RECOMMENDATIONS = Table(
    layer="gold",
    noun="recommendations",
    row="one place in one user's list, with score, reasons and model versions",
    columns=(
        USER_KEY,
        Column("rank", "int32", "Place in the list, from 1", minimum=1),
        PRODUCT_ID,
        Column("score", "float64", "Blended score, comparable within one user's list"),
        Column("reasons", ListOf(REASON), "Why, strongest first; at least one"),
        Column("recommender_version", "string", "Registered version of the recommender"),
        Column("model_kind", "string", "A trained model, or the baseline until one is sound", choices=ModelKind),
        ENCODER_VERSION,
        PLATFORM,
        DS,
    ),
    key=("user_key", "rank"),
    partition="ds",
    writers=("score_recommendations",),
    is_snapshot=True,
)

LIST_INPUTS = Table(
    layer="gold",
    noun="list_inputs",
    row="hash of the inputs of one user's list, and the night that the list was made on",
    columns=(
        USER_KEY,
        Column("inputs_hash", "int64", "Equal on two nights if no input of the user's list changed"),
        Column("made_ds", "string", "The night that the list was made on; earlier than the day where it was kept"),
        PLATFORM,
        DS,
    ),
    key=("user_key",),
    partition="ds",
    writers=("score_recommendations",),
    is_snapshot=True,
)
