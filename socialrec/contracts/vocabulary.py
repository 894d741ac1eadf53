"""The closed sets of values that columns may hold."""

from enum import StrEnum


class Entity(StrEnum):
    """What a landing folder may hold; bronze, quarantine and silver have one table for each."""

    PRODUCTS = "products"
    INTERACTIONS = "interactions"
    COMMENTS = "comments"
    FOLLOWS = "follows"


class Cadence(StrEnum):
    """How silver keeps an entity: a partition of new records a landing day, or a whole snapshot a night."""

    EVENT = "event"
    SNAPSHOT = "snapshot"


class EventType(StrEnum):
    """What a user did with a product."""

    VIEW = "view"
    CLICK = "click"
    LIKE = "like"
    SAVE = "save"
    SHARE = "share"
    CART = "cart"
    PURCHASE = "purchase"
    RETURN = "return"


class QuarantineReason(StrEnum):
    """Why a record was rejected."""

    UNREADABLE_RECORD = "unreadable_record"
    WRONG_ENCODING = "wrong_encoding"
    MISSING_VALUE = "missing_value"
    WRONG_TYPE = "wrong_type"
    OUT_OF_RANGE = "out_of_range"
    UNKNOWN_VALUE = "unknown_value"
    TOO_LONG = "too_long"
    EMPTY_TEXT = "empty_text"
    FUTURE_EVENT = "future_event"
    SELF_FOLLOW = "self_follow"
    CONFLICTING_ID = "conflicting_id"
    ERASED_USER = "erased_user"


class QuarantineStage(StrEnum):
    """Which job rejected a record."""

    INGEST = "ingest"
    SILVER = "silver"


class PersonalData(StrEnum):
    """What is masked in free text before silver."""

    MAIL = "mail"
    CARD = "card"
    PHONE = "phone"
    ADDRESS = "address"


class TextKind(StrEnum):
    """Where a text to encode comes from."""

    PRODUCT = "product"
    COMMENT = "comment"
    PROFILE = "profile"


class ReasonKind(StrEnum):
    """What a recommendation's reason rests on.

    because_you   products that the user met and did not return
    friends       people the user is tied to who like the product (see `contracts.opinions`)
    looked_at     people the user is tied to who met it, where none of them is known to like it
    words         words of the product that are also in a favourable comment of the user
    about         words of the product and of products that the user met
    category      the product is among the more popular half of its category
    popular       it is among the more popular half of all products
    few           some users have met it, fewer than most products
    new           nobody has met it yet
    """

    BECAUSE_YOU = "because_you"
    FRIENDS = "friends"
    LOOKED_AT = "looked_at"
    WORDS = "words"
    ABOUT = "about"
    CATEGORY = "category"
    POPULAR = "popular"
    FEW = "few"
    NEW = "new"


class AttributeOrigin(StrEnum):
    """Whether the shop stated an attribute or a model predicted it."""

    STATED = "stated"
    PREDICTED = "predicted"


class SubjectKind(StrEnum):
    """What an opinion is about."""

    CATEGORY = "category"
    ASPECT = "aspect"


class DecisionKind(StrEnum):
    """Who decided about a model: the gate of a training, a person who went back, or nobody as none was sound yet."""

    GATE = "gate"
    BASELINE = "baseline"
    ROLLBACK = "rollback"


class ModelKind(StrEnum):
    """What serves: a model whose blend was learned and tested, or the baseline until one is sound."""

    TRAINED = "trained"
    BASELINE = "baseline"
