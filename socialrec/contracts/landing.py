"""Columns of the four kinds of landing file that sources deliver."""

from __future__ import annotations

from socialrec.contracts.columns import Column
from socialrec.contracts.vocabulary import Entity, EventType

ID_CHARS = 200
TEXT_CHARS = 20_000

LANDING: dict[Entity, tuple[Column, ...]] = {
    Entity.PRODUCTS: (
        Column("product_id", "string", "The source's identifier of the product", max_chars=ID_CHARS),
        Column("title", "string", "Name as the shop shows it", max_chars=TEXT_CHARS),
        Column("description", "string", "Free text", nullable=True, max_chars=TEXT_CHARS),
        Column("category", "string", "The shop's own category", nullable=True, max_chars=ID_CHARS),
        Column("brand", "string", "Maker or label", nullable=True, max_chars=ID_CHARS),
        Column("price_cents", "int64", "Price in hundredths of the currency", nullable=True, minimum=0),
        Column("currency", "string", "ISO 4217 code", nullable=True, max_chars=3),
        Column("is_active", "bool", "Whether it may be recommended; absent means yes", nullable=True),
        Column("updated_ts", "timestamp", "When this description became valid; the newest wins", nullable=True),
    ),
    Entity.INTERACTIONS: (
        Column("event_id", "string", "The source's identifier of the event", max_chars=ID_CHARS),
        Column("user_id", "string", "The source's identifier of the user", max_chars=ID_CHARS),
        Column("product_id", "string", "The source's identifier of the product", max_chars=ID_CHARS),
        Column("event_type", "string", "What the user did", choices=EventType),
        Column("event_ts", "timestamp", "When, UTC; absent where the source does not know", nullable=True),
        Column("quantity", "float64", "How often or how much; absent means 1", nullable=True, minimum=0),
    ),
    Entity.COMMENTS: (
        Column("comment_id", "string", "The source's identifier of the comment", max_chars=ID_CHARS),
        Column("user_id", "string", "Who wrote it", max_chars=ID_CHARS),
        Column("product_id", "string", "What it is about", max_chars=ID_CHARS),
        Column(
            "text",
            "string",
            "What was written; may be absent where there is a rating",
            nullable=True,
            max_chars=TEXT_CHARS,
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
    ),
    Entity.FOLLOWS: (
        Column("follower_id", "string", "Who follows", max_chars=ID_CHARS),
        Column("followee_id", "string", "Who is followed", max_chars=ID_CHARS),
        Column("since_ts", "timestamp", "From when, UTC; absent where the source does not know", nullable=True),
        Column("until_ts", "timestamp", "Until when; absent while it lasts", nullable=True),
    ),
}
"""Landing columns by entity. Files may leave out nullable columns; unknown columns are named in the log."""

LANDING_KEY: dict[Entity, tuple[str, ...]] = {
    Entity.PRODUCTS: ("product_id",),
    Entity.INTERACTIONS: ("event_id",),
    Entity.COMMENTS: ("comment_id",),
    Entity.FOLLOWS: ("follower_id", "followee_id"),
}

LANDING_USERS: dict[Entity, tuple[str, ...]] = {
    Entity.PRODUCTS: (),
    Entity.INTERACTIONS: ("user_id",),
    Entity.COMMENTS: ("user_id",),
    Entity.FOLLOWS: ("follower_id", "followee_id"),
}
"""Columns that name users."""

EVENT_TIME: dict[Entity, str] = {
    Entity.PRODUCTS: "updated_ts",
    Entity.INTERACTIONS: "event_ts",
    Entity.COMMENTS: "created_ts",
    Entity.FOLLOWS: "since_ts",
}
"""Column of the time at which a record happened; never later than its landing day."""

EXAMPLES: dict[str, str] = {
    "string": "text, such as Red kite",
    "int64": "a whole number, such as 1999",
    "float64": "a number with a decimal point, such as 4.5",
    "bool": "true or false",
    "timestamp": "ISO 8601 with an offset, Z or none (UTC), such as 2026-01-31T09:00:00Z, or seconds since 1970",
}
"""Format of a value with an example, by type."""

EARLIEST_YEAR = 1990
"""Earliest plausible year; earlier times are broken clocks, and go to quarantine."""

LATEST_YEAR = 2199
"""Latest year of a record's time."""

OPEN_ENDS = frozenset({"until_ts"})
"""Columns in which a later time, such as 9999-12-31, means no end."""

NOTHING = ("null", "\\n", "nan", "nat", "none", "n/a", "#n/a", "<na>", "undefined", "nil", "-", "--", "[]", "{}")
"""Words that programs write for missing values, in any case."""

LISTABLE = frozenset({"title", "description", "category", "brand", "text", "topic"})
"""Columns of text that may be a list of texts in JSON and Parquet; they are joined by commas."""

FILE_FORMATS = ("parquet", "jsonl", "jsonl.gz", "csv", "csv.gz")
"""Endings of a landing file's name: `<entity>.<format>`, or `<entity>-<anything>.<format>` for several files."""
