"""Gold: evidence, texts, understanding, features, lists and answers. One module per kind of table."""

from socialrec.contracts.columns import Table
from socialrec.contracts.gold.answers import ANSWERS, MOST_PRODUCTS, PASSAGES, SUSPECTS
from socialrec.contracts.gold.decisions import GATE_CHECK, MODEL_DECISIONS
from socialrec.contracts.gold.evidence import SOCIAL_TIES, USER_PRODUCT_AFFINITY, USER_PROFILES
from socialrec.contracts.gold.features import COMMUNITY_LIKES, ITEM_FEATURES, USER_FEATURES
from socialrec.contracts.gold.lists import LIST_INPUTS, REASON, RECOMMENDATIONS
from socialrec.contracts.gold.texts import (
    ALIGNED_PICTURES,
    ENCODER_VERSION,
    PICTURE_EMBEDDINGS,
    TEXT_EMBEDDINGS,
    TEXTS,
)
from socialrec.contracts.gold.understanding import (
    BEHAVIOUR_PROPENSITIES,
    COMMENT_INSIGHTS,
    PRODUCT_ATTRIBUTES,
    USER_OPINIONS,
)

__all__ = [
    "ALIGNED_PICTURES",
    "ANSWERS",
    "BEHAVIOUR_PROPENSITIES",
    "COMMENT_INSIGHTS",
    "COMMUNITY_LIKES",
    "ENCODER_VERSION",
    "GATE_CHECK",
    "GOLD",
    "ITEM_FEATURES",
    "LIST_INPUTS",
    "MODEL_DECISIONS",
    "MOST_PRODUCTS",
    "PASSAGES",
    "PICTURE_EMBEDDINGS",
    "PRODUCT_ATTRIBUTES",
    "REASON",
    "RECOMMENDATIONS",
    "SOCIAL_TIES",
    "SUSPECTS",
    "TEXTS",
    "TEXT_EMBEDDINGS",
    "USER_FEATURES",
    "USER_OPINIONS",
    "USER_PRODUCT_AFFINITY",
    "USER_PROFILES",
]

GOLD: tuple[Table, ...] = (
    USER_PRODUCT_AFFINITY,
    SOCIAL_TIES,
    TEXTS,
    TEXT_EMBEDDINGS,
    PICTURE_EMBEDDINGS,
    ALIGNED_PICTURES,
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
    ANSWERS,
)
