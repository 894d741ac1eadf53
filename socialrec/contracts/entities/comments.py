"""Comments: what users wrote about products, with or without stars."""

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
    Column("comment_id", "string", "The source's identifier of the comment", max_chars=ID_CHARS),
    Column("user_id", "string", "Who wrote it", max_chars=ID_CHARS),
    Column("product_id", "string", "What it is about", max_chars=ID_CHARS),
    Column(
        "text", "string", "What was written; may be absent where there is a rating", nullable=True, max_chars=TEXT_CHARS
    ),
    Column("created_ts", "timestamp", "When, UTC; absent where the source does not know", nullable=True),
    Column("rating", "float64", "Stars given with it, 1 to 5", nullable=True, minimum=1, maximum=5),
    Column(
        "topic",
        "string",
        "What the feedback is about, in the shop's own words, such as `delivery`",
        nullable=True,
        max_chars=ID_CHARS,
    ),
    Column("parent_comment_id", "string", "The comment it answers", nullable=True, max_chars=ID_CHARS),
)

SPEC = EntitySpec(
    entity=Entity.COMMENTS,
    cadence=Cadence.EVENT,
    columns=COLUMNS,
    key=("comment_id",),
    event_time="created_ts",
    users=("user_id",),
    references={"product_id": Entity.PRODUCTS, "parent_comment_id": Entity.COMMENTS},
    texts=("text",),
    needs_any=("text", "rating"),
    # Only the author may edit a comment.
    revisions=Revisions(
        owner=("platform", "user_id", "product_id"),
        mistaken_for="thread",
        content=("text", "created_ts", "rating", "topic", "parent_comment_id"),
        time="created_ts",
    ),
    said_once=("user_key", "product_id", "text_hash"),
    row="one cleaned comment, its text hash, optional rating, topic and parent comment",
    silver_columns=(
        *pick(COLUMNS, "comment_id"),
        USER_KEY,
        PRODUCT_ID,
        Column(
            "text",
            "string",
            "The text, normalised: NFC, no markup, single spaces, personal data masked; empty for stars alone",
        ),
        TEXT_HASH,
        LANGUAGE,
        *pick(COLUMNS, "rating", "topic", "parent_comment_id", "created_ts"),
        IS_LATE,
    ),
    silver_key=("platform", "comment_id"),
)
