"""Questions: what users ask the shop, about a product or in general."""

from dataclasses import replace

from socialrec.contracts.columns import Column
from socialrec.contracts.entities.spec import (
    ID_CHARS,
    IS_LATE,
    LANGUAGE,
    PRODUCT_ID,
    TEXT_CHARS,
    TEXT_HASH,
    USER_KEY,
    EntitySpec,
    Revisions,
    pick,
)
from socialrec.contracts.vocabulary import Cadence, Entity

COLUMNS = (
    Column("question_id", "string", "The source's identifier of the question", max_chars=ID_CHARS),
    Column("user_id", "string", "Who asks", max_chars=ID_CHARS),
    Column(
        "product_id", "string", "What it is about; absent where it is about none", nullable=True, max_chars=ID_CHARS
    ),
    Column("text", "string", "What is asked", max_chars=TEXT_CHARS),
    Column("asked_ts", "timestamp", "When, UTC; absent where the source does not know", nullable=True),
)

SPEC = EntitySpec(
    entity=Entity.QUESTIONS,
    cadence=Cadence.EVENT,
    columns=COLUMNS,
    key=("question_id",),
    event_time="asked_ts",
    users=("user_id",),
    references={"product_id": Entity.PRODUCTS},
    texts=("text",),
    # Only the person who asked may edit a question.
    revisions=Revisions(
        owner=("platform", "user_id", "product_id"),
        mistaken_for="conversation",
        content=("text", "asked_ts"),
        time="asked_ts",
    ),
    row="one cleaned question and its text hash",
    silver_columns=(
        *pick(COLUMNS, "question_id"),
        USER_KEY,
        replace(PRODUCT_ID, nullable=True),
        Column("text", "string", "The text, normalised: NFC, no markup, single spaces, personal data masked"),
        TEXT_HASH,
        LANGUAGE,
        *pick(COLUMNS, "asked_ts"),
        IS_LATE,
    ),
    silver_key=("platform", "question_id"),
)
