"""Answers: what the shop or its customers answered to questions."""

from dataclasses import replace

from socialrec.contracts.columns import Column
from socialrec.contracts.entities.spec import (
    ID_CHARS,
    IS_LATE,
    LANGUAGE,
    TEXT_CHARS,
    TEXT_HASH,
    USER_KEY,
    EntitySpec,
    Revisions,
    pick,
)
from socialrec.contracts.vocabulary import AuthorKind, Cadence, Entity

COLUMNS = (
    Column("answer_id", "string", "The source's identifier of the answer", max_chars=ID_CHARS),
    Column("question_id", "string", "The question that it answers", max_chars=ID_CHARS),
    Column("text", "string", "What was answered", max_chars=TEXT_CHARS),
    Column("author_kind", "string", "Who answered", choices=AuthorKind),
    Column("user_id", "string", "Which customer answered; absent for the shop", nullable=True, max_chars=ID_CHARS),
    Column("n_votes", "int64", "How many people found it helpful", nullable=True, minimum=0),
    Column("answered_ts", "timestamp", "When, UTC; absent where the source does not know", nullable=True),
)

SPEC = EntitySpec(
    entity=Entity.ANSWERS,
    cadence=Cadence.EVENT,
    columns=COLUMNS,
    key=("answer_id",),
    event_time="answered_ts",
    users=("user_id",),
    references={"question_id": Entity.QUESTIONS},
    texts=("text",),
    # Only the author may edit an answer; its votes grow.
    revisions=Revisions(
        owner=("platform", "question_id", "author_kind", "user_id"),
        mistaken_for="question",
        content=("text", "n_votes", "answered_ts"),
        time="answered_ts",
    ),
    row="one cleaned answer, its text hash and who gave it",
    silver_columns=(
        *pick(COLUMNS, "answer_id", "question_id"),
        Column("text", "string", "The text, normalised: NFC, no markup, single spaces, personal data masked"),
        TEXT_HASH,
        LANGUAGE,
        *pick(COLUMNS, "author_kind"),
        replace(USER_KEY, nullable=True),
        *pick(COLUMNS, "n_votes", "answered_ts"),
        IS_LATE,
    ),
    silver_key=("platform", "answer_id"),
)
