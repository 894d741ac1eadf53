"""Closed sets of column values."""

from enum import StrEnum


class Entity(StrEnum):
    """Kinds of landed records; bronze, quarantine and silver have one table for each."""

    PRODUCTS = "products"
    INTERACTIONS = "interactions"
    COMMENTS = "comments"
    FOLLOWS = "follows"
    QUESTIONS = "questions"
    ANSWERS = "answers"
    TEMPLATES = "templates"


class Cadence(StrEnum):
    """Form in which silver keeps an entity: a partition of new records a landing day, or a whole snapshot a night."""

    EVENT = "event"
    SNAPSHOT = "snapshot"


class EventType(StrEnum):
    """Action of a user on a product."""

    VIEW = "view"
    CLICK = "click"
    LIKE = "like"
    SAVE = "save"
    SHARE = "share"
    CART = "cart"
    PURCHASE = "purchase"
    RETURN = "return"


class QuarantineReason(StrEnum):
    """Reason for the rejection of a record."""

    UNREADABLE_RECORD = "unreadable_record"
    WRONG_ENCODING = "wrong_encoding"
    MISSING_VALUE = "missing_value"
    WRONG_TYPE = "wrong_type"
    OUT_OF_RANGE = "out_of_range"
    UNKNOWN_VALUE = "unknown_value"
    TOO_LONG = "too_long"
    MALFORMED = "malformed"
    EMPTY_TEXT = "empty_text"
    FUTURE_EVENT = "future_event"
    SELF_FOLLOW = "self_follow"
    CONFLICTING_ID = "conflicting_id"
    ERASED_USER = "erased_user"


class PictureReason(StrEnum):
    """Reason for the rejection of a picture or a video; the products that name it are published without it."""

    MISSING_FILE = "missing_file"
    OUTSIDE_FOLDER = "outside_folder"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    UNKNOWN_TYPE = "unknown_type"
    UNREADABLE = "unreadable"
    NO_FRAMES = "no_frames"


class QuarantineStage(StrEnum):
    """Job that rejected a record."""

    INGEST = "ingest"
    SILVER = "silver"


class PersonalData(StrEnum):
    """Personal data that is masked in free text before silver."""

    MAIL = "mail"
    IDENTITY = "identity"
    CARD = "card"
    PHONE = "phone"
    ACCOUNT = "account"
    NAME = "name"
    ADDRESS = "address"


class TextKind(StrEnum):
    """Origin of a text to encode."""

    PRODUCT = "product"
    COMMENT = "comment"


class ReasonKind(StrEnum):
    """Evidence behind a recommendation's reason.

    because_you   products that the user met and did not return
    friends       people the user is tied to who like the product (see `contracts.opinions`)
    looked_at     people the user is tied to who met it, where none of them is known to like it
    words         words of the product that are also in a favourable comment of the user
    praised       aspects that comments praise the product for, and that the user praised in other products
    about         words of the product and of products that the user met
    looks_like    products that the user met and did not return, whose pictures resemble the product's
    category      the product is among the more popular half of its category
    popular       it is among the more popular half of all products
    few           some users have met it, fewer than most products
    new           nobody has met it yet
    """

    BECAUSE_YOU = "because_you"
    FRIENDS = "friends"
    LOOKED_AT = "looked_at"
    WORDS = "words"
    PRAISED = "praised"
    ABOUT = "about"
    LOOKS_LIKE = "looks_like"
    CATEGORY = "category"
    POPULAR = "popular"
    FEW = "few"
    NEW = "new"


class Stance(StrEnum):
    """Stance of a user on a product, by events and comments.

    fan        did something favourable with it, did not return it, and complains in no comment on it
    onlooker   met it, and is no fan
    none       returned it, complained, or did nothing but comment
    """

    FAN = "fan"
    ONLOOKER = "onlooker"
    NONE = "none"


class AuthorKind(StrEnum):
    """Author of an answer to a question: the shop, or a customer of it."""

    SHOP = "shop"
    CUSTOMER = "customer"


class PassageSource(StrEnum):
    """Origin of a passage, which an answer may cite.

    stated, predicted   an attribute of the product, by the shop or by a model
    description         a sentence of the product's description
    comment             a sentence of a comment on the product
    answer              a sentence of an earlier answer
    """

    STATED = "stated"
    PREDICTED = "predicted"
    DESCRIPTION = "description"
    COMMENT = "comment"
    ANSWER = "answer"


class AttributeOrigin(StrEnum):
    """Origin of an attribute: stated by the shop or predicted by a model."""

    STATED = "stated"
    PREDICTED = "predicted"


class Modality(StrEnum):
    """Part of a product that decided about a predicted attribute."""

    TEXT = "text"
    PICTURE = "picture"


class SubjectKind(StrEnum):
    """Subject of an opinion."""

    CATEGORY = "category"
    ASPECT = "aspect"


class AspectSentiment(StrEnum):
    """Opinion of a comment about one aspect.

    positive, negative   praise, a complaint
    neutral              neither, or as much of one as of the other
    unknown              the comment names the aspect and says nothing about it
    """

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"
    UNKNOWN = "unknown"


class DecisionKind(StrEnum):
    """Author of a decision about a model: the gate, a person (rollback), or the baseline while no model is sound."""

    GATE = "gate"
    BASELINE = "baseline"
    ROLLBACK = "rollback"


class ModelKind(StrEnum):
    """Kind of the serving model: trained and tested, or the baseline until one is sound."""

    TRAINED = "trained"
    BASELINE = "baseline"


class AnswerDecision(StrEnum):
    """Decision about a question of a customer.

    template    the intent is known, and the slots of its template are filled from tables
    evidence    a passage answers
    hand_over   a person should answer
    """

    TEMPLATE = "template"
    EVIDENCE = "evidence"
    HAND_OVER = "hand_over"


class HandOverReason(StrEnum):
    """Reason for handing a question over to a person.

    empty, too_long       there is nothing to read, or too much
    several_questions     it asks more than one thing
    other_language        it is in a language that the shop does not answer in
    personal_data         it holds personal data, or held it before it was masked
    insult                it insults somebody
    instructions          it tries to give orders to the program that answers
    unknown_product       its product is unknown or withdrawn
    out_of_scope          it resembles nothing that the shop knows about
    no_evidence           nothing may be cited for its product
    bad_template          the template of its intent cannot be used, and no passage answers
    unsure                the confidence is below the bound
    """

    EMPTY = "empty"
    TOO_LONG = "too_long"
    SEVERAL_QUESTIONS = "several_questions"
    OTHER_LANGUAGE = "other_language"
    PERSONAL_DATA = "personal_data"
    INSULT = "insult"
    INSTRUCTIONS = "instructions"
    UNKNOWN_PRODUCT = "unknown_product"
    OUT_OF_SCOPE = "out_of_scope"
    NO_EVIDENCE = "no_evidence"
    BAD_TEMPLATE = "bad_template"
    UNSURE = "unsure"
