"""Customer service: what may be cited, and the answers."""

from dataclasses import replace

from socialrec.contracts.columns import DS, PLATFORM, Column, ListOf, StructOf, Table
from socialrec.contracts.entities.spec import LANGUAGE, PRODUCT_ID, TEXT_HASH, USER_KEY
from socialrec.contracts.gold.texts import ENCODER_VERSION
from socialrec.contracts.vocabulary import AnswerDecision, HandOverReason, PassageSource

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

CITATION = StructOf(
    (
        Column("passage_id", "string", "The passage"),
        Column("source", "string", "Where the passage comes from", choices=PassageSource),
        Column("quote", "string", "The characters of the passage that are cited"),
        Column("sentence", "int32", "Number of the sentence in the text that the passage is from", minimum=0),
        Column("start", "int32", "First cited character of the passage", minimum=0),
        Column("end", "int32", "Character after the last cited one", minimum=1),
    )
)

MOST_PRODUCTS = 3
"""Products of the asker's list that are named beside an answer."""

ANSWERS = Table(
    layer="gold",
    noun="answers",
    row="what one open question is answered, or why it is handed over to a person",
    columns=(
        Column("question_id", "string", "The source's identifier of the question"),
        USER_KEY,
        replace(PRODUCT_ID, nullable=True),
        TEXT_HASH,
        Column("decision", "string", "A template, a passage, or a person", choices=AnswerDecision),
        Column("reason", "string", "Why a person should answer", nullable=True, choices=HandOverReason),
        Column("text", "string", "The answer; empty where a person should answer"),
        Column(
            "language", "string", "Language of the answer, ISO 639-1; null where a person should answer", nullable=True
        ),
        Column("citations", ListOf(CITATION), "What the answer rests on"),
        Column(
            "products", ListOf("string"), f"Products of the asker's list of the same category, at most {MOST_PRODUCTS}"
        ),
        Column("confidence", "float32", "Calibrated probability that the answer is right", minimum=0, maximum=1),
        Column(
            "phrased_by",
            "string",
            "Model that put the cited passages into other words, by name and hash; null where it stands in their own",
            nullable=True,
        ),
        Column("inputs_hash", "int64", "Equal on two nights if nothing that the answer is made from changed"),
        Column("answers_version", "string", "Registered version of the model of answers, or `untrained`"),
        ENCODER_VERSION,
        PLATFORM,
        DS,
    ),
    key=("platform", "question_id"),
    partition="ds",
    writers=("answer_questions",),
    is_snapshot=True,
)
