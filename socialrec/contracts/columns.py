"""Types, columns and tables as plain data: the vocabulary of the contracts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal

from socialrec.errors import UserError

Scalar = Literal["string", "int32", "int64", "float32", "float64", "bool", "timestamp"]


@dataclass(frozen=True)
class ListOf:
    """A list whose elements are never null."""

    element: Type


@dataclass(frozen=True)
class FixedListOf:
    """Vector: a list of numbers, never null, of equal length in all rows of one partition.

    Parquet, Delta and Spark have lists of any length only; the audit proves that all lengths are equal.
    """

    element: Scalar


@dataclass(frozen=True)
class StructOf:
    """A record with named fields."""

    fields: tuple[Column, ...]


Type = Scalar | ListOf | FixedListOf | StructOf
Choices = type[StrEnum]


@dataclass(frozen=True)
class Form:
    """Form of a text: a regular expression that Java and RE2 read alike and that the whole text matches, and the form
    in words.
    """

    pattern: str
    words: str


@dataclass(frozen=True)
class Column:
    """One column: its name, its type, what it means and what its values must hold."""

    name: str
    type: Type
    meaning: str
    nullable: bool = False
    choices: Choices | None = None
    minimum: float | None = None
    maximum: float | None = None
    max_chars: int | None = None
    form: Form | None = None


@dataclass(frozen=True)
class Table:
    """Table of the lake.

    `writers` are the jobs that fill it; there are none where the table is reserved. Maintenance and erasure rewrite
    any table.
    """

    layer: Literal["bronze", "quarantine", "silver", "gold"]
    noun: str
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partition: str
    writers: tuple[str, ...]
    is_snapshot: bool = False

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        repeated = {name for name in names if names.count(name) > 1}
        absent = [name for name in (*self.key, self.partition) if name not in names]
        if repeated or absent:
            raise ValueError(
                f"{self.name}: repeated columns {sorted(repeated)}, key or partition not a column {absent}"
            )

    @property
    def name(self) -> str:
        """The table's name in the lake, `layer.noun`."""
        return f"{self.layer}.{self.noun}"

    def column(self, name: str) -> Column:
        """Find a column by name; KeyError where the table has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")


def type_name(kind: Type) -> str:
    """Name a type for people, such as `list of string`."""
    if isinstance(kind, ListOf):
        return f"list of {type_name(kind.element)}"
    if isinstance(kind, FixedListOf):
        return f"vector of {kind.element}, one length a partition"
    if isinstance(kind, StructOf):
        return "{" + ", ".join(f"`{column.name}`: {type_name(column.type)}" for column in kind.fields) + "}"
    return kind


DAY_PATTERN = re.compile(r"\d{4}-\d{2}-\d{2}")


def day(text: str) -> str:
    """Parse a calendar day in the form `YYYY-MM-DD`; UserError otherwise."""
    try:
        if DAY_PATTERN.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise UserError(f"day {text!r} is not in the form YYYY-MM-DD, such as 2026-01-31")


DS = Column("ds", "string", "Landing day, `YYYY-MM-DD`")
PLATFORM = Column("platform", "string", "Which shop, site or app the record comes from: the landing folder's name")
