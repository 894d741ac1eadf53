"""Predictions of models about comments, products and users."""

from socialrec.contracts.columns import DS, PLATFORM, Column, ListOf, Table
from socialrec.contracts.entities.spec import PRODUCT_ID, USER_KEY
from socialrec.contracts.gold.texts import ENCODER_VERSION
from socialrec.contracts.vocabulary import (
    AttributeOrigin,
    EventType,
    Modality,
    SubjectKind,
)

COMMENT_INSIGHTS = Table(
    layer="gold",
    noun="comment_insights",
    row="sentiment, feedback topic and aspects of one comment",
    columns=(
        Column("comment_id", "string", "The comment"),
        Column("sentiment", "string", "Positive, neutral or negative; null where no model tells", nullable=True),
        Column(
            "sentiment_confidence",
            "float32",
            "Calibrated probability; 1 where the writer's stars say it",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column("topic", "string", "What the feedback is about; null where no model tells", nullable=True),
        Column(
            "aspects",
            ListOf("string"),
            "Aspects that the comment names: of `text.aspects`, or learned by the encoder's training",
        ),
        Column(
            "aspect_sentiments",
            ListOf("string"),
            "What the comment says about each of them, in the same order, by the clause: `positive`, `neutral`, "
            "`negative`, or `unknown` where it says nothing",
            nullable=True,
        ),
        Column(
            "aspect_quotes",
            ListOf("string"),
            "The first sentence that names each of them, in the same order, shortened",
            nullable=True,
        ),
        ENCODER_VERSION,
        PLATFORM,
        DS,
    ),
    key=("platform", "comment_id"),
    partition="ds",
    writers=("predict_insights",),
)

PRODUCT_ATTRIBUTES = Table(
    layer="gold",
    noun="product_attributes",
    row="one attribute of one product, with confidence and origin",
    columns=(
        PRODUCT_ID,
        Column("attribute", "string", "Which attribute, such as `brand`"),
        Column("value", "string", "Its value"),
        Column("confidence", "float32", "Calibrated probability; 1 where the shop states it", minimum=0, maximum=1),
        Column("origin", "string", "Stated by the shop or predicted by a model", choices=AttributeOrigin),
        Column(
            "decided_by",
            "string",
            "Which part of the product decided the prediction; null where the shop states the value",
            nullable=True,
            choices=Modality,
        ),
        PLATFORM,
        DS,
    ),
    key=("product_id", "attribute"),
    partition="ds",
    writers=("predict_insights",),
    is_snapshot=True,
)

BEHAVIOUR_PROPENSITIES = Table(
    layer="gold",
    noun="behaviour_propensities",
    row="how likely a user who was active on the day does this next with a product of theirs",
    columns=(
        USER_KEY,
        PRODUCT_ID,
        Column("action", "string", "What the user may do", choices=EventType),
        Column(
            "probability",
            "float32",
            "Calibrated probability that it is what they do next with the product, where they do anything",
            minimum=0,
            maximum=1,
        ),
        ENCODER_VERSION,
        PLATFORM,
        DS,
    ),
    key=("user_key", "product_id", "action"),
    partition="ds",
    writers=("predict_insights",),
)

USER_OPINIONS = Table(
    layer="gold",
    noun="user_opinions",
    row="how a user speaks of a category or an aspect: the second half of their profile",
    columns=(
        USER_KEY,
        Column("kind", "string", "What the opinion is about", choices=SubjectKind),
        Column("subject", "string", "Which category or aspect"),
        Column(
            "sentiment",
            "float64",
            "Mean over the comments: 1 for a positive one, 0 for a neutral one, -1 for a negative one; of an aspect by "
            "what each says about it",
            minimum=-1,
            maximum=1,
        ),
        Column("n_comments", "int64", "How many comments say something about it", minimum=1),
        PLATFORM,
        DS,
    ),
    key=("user_key", "kind", "subject"),
    partition="ds",
    writers=("predict_insights",),
    is_snapshot=True,
)
