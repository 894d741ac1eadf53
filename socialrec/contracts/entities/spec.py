"""The contract of one landing entity: what sources deliver of it, and what silver makes of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from socialrec.contracts.columns import DS, PLATFORM, Column, Table
from socialrec.contracts.vocabulary import Cadence, Entity

ID_CHARS = 200
TEXT_CHARS = 20_000

USER_KEY = Column("user_key", "string", "Pseudonym of the user: HMAC-SHA256 of platform and id, 64 hex digits")
PRODUCT_ID = Column(
    "product_id", "string", "`<platform>:<the source's id>`; the source's id where `etl.shared_ids` holds products"
)
TEXT_HASH = Column("text_hash", "string", "SHA-256 of the cleaned text, 64 hex digits")
LANGUAGE = Column("language", "string", "ISO 639-1 code by scripts, words and n-grams, or `und`")
IS_LATE = Column("is_late", "bool", "Whether it happened before its landing day")


@dataclass(frozen=True)
class Revisions:
    """Relation of several records under one key, by columns of the landing file.

    Records that disagree about `owner` contradict each other. Others are copies where `content` agrees too; else the
    newest by `time` replaces the older ones. `mistaken_for` is the thing whose id a wrong key usually is: it is named
    in the question to the deliverer of records that contradict each other.
    """

    owner: tuple[str, ...]
    mistaken_for: str
    content: tuple[str, ...] = ()
    time: str | None = None


@dataclass(frozen=True)
class EntitySpec:
    """One landing entity. Files may leave out nullable columns; unknown columns are named in the log.

    key: columns that identify a record on its platform. event_time: when a record happened, never later than its
    landing day. row, silver_columns, silver_key: the silver table, whose last columns are `platform` and `ds`; users
    are under pseudonyms there, `user_id` as `user_key`. users: columns that hold users' ids. references: columns that
    hold the key of an entity. texts: columns of free text. needs_any: columns of which one must hold something; a
    record without any is reported under the first. must_differ: two columns that must not be equal. revisions: of an
    event. said_once: silver columns in which a record repeats one under another key that landed at most
    `etl.duplicate_window_days` before.
    """

    entity: Entity
    cadence: Cadence
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    event_time: str
    row: str
    silver_columns: tuple[Column, ...]
    silver_key: tuple[str, ...]
    users: tuple[str, ...] = ()
    references: Mapping[str, Entity] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    needs_any: tuple[str, ...] = ()
    must_differ: tuple[str, ...] = ()
    revisions: Revisions | None = None
    said_once: tuple[str, ...] = ()

    @cached_property
    def silver(self) -> Table:
        """The silver table."""
        return Table(
            layer="silver",
            noun=self.entity.value,
            row=self.row,
            columns=(*self.silver_columns, PLATFORM, DS),
            key=self.silver_key,
            partition="ds",
            writers=("build_silver",),
            is_snapshot=self.cadence is Cadence.SNAPSHOT,
        )

    @property
    def user_keys(self) -> tuple[str, ...]:
        """The silver columns that hold the pseudonyms of `users`."""
        return tuple(f"{name.removesuffix('_id')}_key" for name in self.users)


def pick(columns: tuple[Column, ...], *names: str) -> tuple[Column, ...]:
    """The columns of these names, in the order of the names."""
    by_name = {column.name: column for column in columns}
    return tuple(by_name[name] for name in names)
