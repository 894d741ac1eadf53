"""Gold: features, texts, understanding and recommendations."""

from dataclasses import replace

from socialrec.contracts.columns import DS, PLATFORM, Column, FixedListOf, ListOf, StructOf, Table
from socialrec.contracts.entities.spec import LANGUAGE, PRODUCT_ID, TEXT_HASH, USER_KEY
from socialrec.contracts.vocabulary import (
    AttributeOrigin,
    DecisionKind,
    EventType,
    ModelKind,
    PassageSource,
    ReasonKind,
    Stance,
    SubjectKind,
    TextKind,
)

ENCODER_VERSION = Column("encoder_version", "string", "Which weights, adapter, pooling and length made the vector")

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
        Column("first_event_ts", "timestamp", "Oldest dated event", nullable=True),
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

TEXTS = Table(
    layer="gold",
    noun="texts",
    row="one distinct text to encode, on the day it first appeared",
    columns=(
        TEXT_HASH,
        Column("kind", "string", "Where it was first seen", choices=TextKind),
        Column("text", "string", "The text itself"),
        Column("language", "string", "ISO 639-1 code, or `und`"),
        PLATFORM,
        DS,
    ),
    key=("text_hash",),
    partition="ds",
    writers=("build_gold",),
)

TEXT_EMBEDDINGS = Table(
    layer="gold",
    noun="text_embeddings",
    row="one text under one encoder version",
    columns=(
        TEXT_HASH,
        Column("embedding", FixedListOf("float32"), "Unit vector, as long as the encoder makes them"),
        ENCODER_VERSION,
    ),
    key=("text_hash", "encoder_version"),
    partition="encoder_version",
    writers=("embed_texts", "embed_passages", "predict_insights"),
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
            "topic_confidence",
            "float32",
            "Calibrated probability; 1 where the shop states it",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column("aspects", ListOf("string"), "Aspects of which the comment holds an entry of `text.aspects`"),
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
        PLATFORM,
        DS,
    ),
    key=("product_id", "attribute"),
    partition="ds",
    writers=("predict_insights",),
    is_snapshot=True,
)

SUSPECTS = Table(
    layer="gold",
    noun="suspects",
    row="an account that looked like one of a ring of fakes, on a night that looked at its days first: nobody cites it",
    columns=(USER_KEY, DS),
    key=("user_key",),
    partition="ds",
    writers=("build_passages",),
)

PASSAGES = Table(
    layer="gold",
    noun="passages",
    row="one sentence that an answer may cite, with its place; empty where the shop has no questions",
    columns=(
        Column(
            "passage_id",
            "string",
            "SHA-256 of product (without one the platform), source and normalised words, 64 hex digits: the same in "
            "every home",
        ),
        replace(PRODUCT_ID, nullable=True),
        Column("category", "string", "The product's, as the shop names it, or else as predicted", nullable=True),
        Column("source", "string", "Where it comes from", choices=PassageSource),
        Column("place", "int32", "Number of the sentence in its text, from 0; 0 for an attribute", minimum=0),
        Column("text", "string", "One sentence; of those with the same words the newest"),
        Column(
            "n_agreeing",
            "int32",
            "Distinct users whose comments on the product, or answers about it, say it in the same words",
            minimum=1,
        ),
        Column("said_ts", "timestamp", "When it was said last", nullable=True),
        LANGUAGE,
        TEXT_HASH,
        PLATFORM,
        DS,
    ),
    key=("passage_id",),
    partition="ds",
    writers=("build_passages",),
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

USER_PROFILES = Table(
    layer="gold",
    noun="user_profiles",
    row="what a user cares about, in words and numbers; what they think of it is in gold.user_opinions",
    columns=(
        USER_KEY,
        Column("n_interactions", "int64", "Events so far", minimum=0),
        Column("n_products", "int64", "Distinct products of interest", minimum=0),
        Column("n_comments", "int64", "Comments so far", minimum=0),
        Column("n_follows", "int64", "Users followed on this day", minimum=0),
        Column("last_active_ts", "timestamp", "Newest dated event or comment", nullable=True),
        Column("top_categories", ListOf("string"), "Categories by affinity, strongest first"),
        Column("text", "string", "The profile in words, to encode"),
        TEXT_HASH,
        PLATFORM,
        DS,
    ),
    key=("user_key",),
    partition="ds",
    writers=("build_gold",),
    is_snapshot=True,
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
        Column("comment_ids", ListOf("string"), "Those comments, newest first, as many as `text.opinion_comments`"),
        PLATFORM,
        DS,
    ),
    key=("user_key", "kind", "subject"),
    partition="ds",
    writers=("predict_insights",),
    is_snapshot=True,
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

GATE_CHECK = StructOf(
    (
        Column("name", "string", "What was asked"),
        Column("is_passed", "bool", "Whether the figure is within the bound"),
        Column("figure", "float64", "What was measured; NaN where it was no number"),
        Column("bound", "float64", "Bound it was compared with"),
        Column("line", "string", "The answer in words"),
        Column("decides", "bool", "Whether it can refuse a candidate; else it warns"),
        Column("remedy", "string", "Remedy for a person; empty where it passed"),
    )
)

MODEL_DECISIONS = Table(
    layer="gold",
    noun="model_decisions",
    row="one decision about a registered recommender, with all its figures",
    columns=(
        Column("recommender_version", "string", "Registered version of the recommender"),
        Column("decided_ts", "timestamp", "When"),
        Column("kind", "string", "The gate, a baseline while no model is sound, or a person", choices=DecisionKind),
        Column("is_champion", "bool", "Whether it became champion"),
        Column("reasons", ListOf("string"), "All reasons against it, or else for it; or the person's own words"),
        Column("checks", ListOf(GATE_CHECK), "What the gate asked; empty for a rollback"),
        Column(
            "figures",
            ListOf(StructOf((Column("name", "string", "Flat name"), Column("value", "float64", "Value")))),
            "Every figure of the evaluation under its MLflow name; empty for a rollback",
        ),
        Column("champion_version", "string", "The champion until then, if there was one", nullable=True),
        Column("encoder_version", "string", "Whose vectors it was fitted on"),
        Column("label", "string", "How the figures were measured"),
        Column("mlflow_run", "string", "The training run of the version"),
        Column(
            "files",
            ListOf(
                StructOf(
                    (Column("path", "string", "`recommender/…` or `encoder/…`"), Column("sha256", "string", "Digest"))
                )
            ),
            "The version's files and its encoder's, as they were registered; empty for a rollback",
            nullable=True,
        ),
        DS,
    ),
    key=("recommender_version", "decided_ts"),
    partition="ds",
    writers=("promote_model", "roll_back_model"),
)

GOLD: tuple[Table, ...] = (
    USER_PRODUCT_AFFINITY,
    SOCIAL_TIES,
    TEXTS,
    TEXT_EMBEDDINGS,
    COMMENT_INSIGHTS,
    PRODUCT_ATTRIBUTES,
    SUSPECTS,
    PASSAGES,
    BEHAVIOUR_PROPENSITIES,
    USER_PROFILES,
    USER_OPINIONS,
    USER_FEATURES,
    ITEM_FEATURES,
    COMMUNITY_LIKES,
    RECOMMENDATIONS,
    LIST_INPUTS,
    MODEL_DECISIONS,
)
