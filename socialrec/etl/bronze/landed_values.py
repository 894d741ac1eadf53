"""Values of landed records in the types of their contract."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import reduce

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from socialrec.contracts.columns import Column, ListOf
from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.landing import EARLIEST_YEAR, LATEST_YEAR, LISTABLE, NOTHING
from socialrec.contracts.vocabulary import Entity
from socialrec.etl.landing.assembling import LINE, N_LINES
from socialrec.etl.landing.layouts import NANOSECONDS, TEXT_LIST
from socialrec.etl.landing.scans import BROKEN, SOURCE
from socialrec.etl.schemas import spark_type

RECORD = "record"
_WHOLE = ("string", "tinyint", "smallint", "int", "bigint")
"""Kinds of landing column that can hold ids."""
BLANKS = " \t\r\n"
_ISO = (
    r"^[ \t]*\d{4}(?:-\d{2}-\d{2}|\d{4})"
    r"(?:(?:[Tt]| +)\d{2}(?::?\d{2})(?::?\d{2}(?:[.,]\d{1,9})?)?"
    r"(?: ?(?:[Zz]|UTC|GMT|(?:UTC|GMT)?[+-]\d{2}(?::?\d{2})?|[A-Z][A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+))?"
    r"(?:\[[A-Za-z0-9_/+-]+\])?)?[ \t]*$"
)
"""Pattern of a date, or a date and a time with an offset or a zone's full name; abbreviations are ambiguous."""
_NUMBER = r"^[ \t]*(?:\d{9,19}(?:\.\d{1,9})?|\d\.\d+E(?:9|1[0-8]))[ \t]*$"
_DECIMAL = r"^[ \t]*[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d+)?|(?i:inf|infinity))[ \t]*$"
_FLAG = r"^[ \t]*[0-9A-Za-z]+[ \t]*$"
LIST_SEPARATOR = ", "
LIST_MARK = ";"
"""Mark between the texts of a list in a CSV file, where they are no JSON array."""
_STARTS_OF_NOTHING = ", ".join(
    str(code)
    for code in sorted({0, *map(ord, BLANKS), *(ord(mark) for word in NOTHING for mark in (word[0], word[0].upper()))})
)
"""Code points of first characters; 0 for an empty text."""
_WORDS_FOR_NOTHING = ", ".join(f"r'{word}'" for word in ("", *NOTHING))


def typed_records(records: DataFrame, entity: Entity, kinds: Mapping[str, str]) -> DataFrame:
    """Every column of the contract in its own type, as it landed (`raw_name`), and whether it says anything
    (`said_name`).
    """
    columns = ENTITIES[entity].columns
    landed = records.select(
        *SOURCE, N_LINES, BROKEN, LINE, _record(kinds).alias(RECORD),
        *(_landed(column, kinds).alias(raw_name(column.name)) for column in columns),
    )  # fmt: skip
    said = landed.withColumns({said_name(column.name): ~_is_nothing(column, kinds) for column in columns})
    return said.withColumns(
        {
            column.name: F.when(
                F.col(said_name(column.name)),
                _texts(column) if isinstance(column.type, ListOf) else _typed(column, kinds),
            )
            for column in columns
        }
    )


def is_id(column: Column) -> bool:
    """Check if a column holds ids, which are strings or integers: 125.0 and true would have several spellings."""
    return column.name.endswith("_id")


def raw_name(name: str) -> str:
    """Name of the column with a value as it landed."""
    return f"_raw_{name}"


def said_name(name: str) -> str:
    """Name of the column that says whether there is a value."""
    return f"_is_said_{name}"


def _landed(column: Column, kinds: Mapping[str, str]) -> SparkColumn:
    kind = kinds.get(column.name)
    if kind is None:
        return F.lit(None).cast("string")
    if kind == NANOSECONDS:
        return F.timestamp_micros(F.expr(f"`{column.name}` div 1000"))
    if kind == TEXT_LIST and isinstance(column.type, ListOf):
        return F.to_json(column.name)
    if kind == TEXT_LIST:
        return F.array_join(F.col(column.name), LIST_SEPARATOR)
    return F.col(column.name)


def _is_nothing(column: Column, kinds: Mapping[str, str]) -> SparkColumn:
    """Check if a column is absent, blank or a word for a missing value; pandas writes NaN for missing numbers."""
    name, kind = raw_name(column.name), kinds.get(column.name, "string")
    if kind in ("string", TEXT_LIST):
        # In SQL: as Columns, each word of a list is a question of this process to the Java program. The first character
        # alone rules out most values.
        may_be, text = f"ascii({name}) IN ({_STARTS_OF_NOTHING})", f"lower(btrim({name}, '{BLANKS}'))"
        return F.expr(f"{name} IS NULL OR {may_be} AND {text} IN ({_WORDS_FOR_NOTHING})")
    return F.expr(f"{name} IS NULL OR isnan({name})" if kind in ("float", "double") else f"{name} IS NULL")


def _typed(column: Column, kinds: Mapping[str, str]) -> SparkColumn:
    landed, kind = F.col(raw_name(column.name)), kinds.get(column.name, "string").partition("(")[0]
    target = spark_type(column.type)
    if column.type == "string":
        if column.name in kinds and kind == "string":
            return _id(landed, column) if is_id(column) else _text(landed, column)
        if (
            is_id(column)
            and kinds.get(column.name, "string") not in _WHOLE
            and not _is_whole_decimal(kinds[column.name])
        ):
            return F.lit(None).cast("string")
        return landed.cast("string")
    if column.type == "timestamp":
        return _time(landed, kind)
    if kind == "string":
        # Spark ignores control characters, and parses 1d and 1f as numbers.
        landed = F.when(landed.rlike(_FLAG if column.type == "bool" else _DECIMAL), landed)
    if column.type == "int64" and kind in ("string", "float", "double", "decimal"):
        number = landed.try_cast("double")
        return F.coalesce(
            landed.try_cast(target) if kind == "string" else F.lit(None).cast(target),
            F.when(number == F.floor(number), number.try_cast(target)),
        )
    return landed.try_cast(target)


def _is_whole_decimal(kind: str) -> bool:
    return kind.startswith("decimal(") and kind.endswith(",0)")


def _id(landed: SparkColumn, column: Column) -> SparkColumn:
    """An id unchanged; null where JSON has a number with decimals, true, false or a structure in its place."""
    # Spark reads all of them as text; only the raw line distinguishes them from strings. Few ids need this check.
    may_be_float = F.ascii(landed).between(ord("-"), ord("9")) & landed.contains(".")
    may_be_other = may_be_float | landed.isin("true", "false") | F.substring(landed, 1, 1).isin("[", "{", '"')
    kind = F.schema_of_variant(F.from_json(LINE, f"`{column.name}` variant")[column.name])
    return F.when(F.col(LINE).isNotNull() & may_be_other, F.when(kind == "STRING", landed)).otherwise(landed)


def _text(landed: SparkColumn, column: Column) -> SparkColumn:
    """A text unchanged; null where it is a structure of JSON, except for a list of texts."""
    # Spark reads an array and a string that looks like one alike; only the raw line distinguishes them.
    value = F.from_json(LINE, f"`{column.name}` variant")[column.name]
    kind = F.schema_of_variant(value)
    structure = F.when(kind.isNull() | (kind == "STRING") | (kind == "VOID"), landed)
    if column.name in LISTABLE:
        joined = F.array_join(F.from_json(landed, "array<string>"), LIST_SEPARATOR)
        structure = structure.when(kind.isin("ARRAY<STRING>", "ARRAY<VOID>"), joined)
    may_be_structure = F.col(LINE).isNotNull() & (landed.startswith("[") | landed.startswith("{"))
    return F.when(may_be_structure, structure).otherwise(landed)


def _texts(column: Column) -> SparkColumn:
    """The texts of a JSON array, or those between semicolons, without blanks around them, empty ones and repetitions;
    null where it is another structure of JSON.
    """
    text = F.btrim(F.col(raw_name(column.name)), F.lit(BLANKS))
    parts = F.when(text.startswith("["), F.from_json(text, "array<string>"))
    parts = parts.when(~text.startswith("{"), F.split(text, LIST_MARK))
    trimmed = F.transform(parts, lambda part: F.btrim(part, F.lit(BLANKS)))
    return F.array_distinct(F.filter(trimmed, lambda part: part != ""))


def _time(landed: SparkColumn, kind: str) -> SparkColumn:
    """Parse a time: ISO 8601, or seconds, milliseconds or microseconds since 1970; null for anything else."""
    if kind == "string":
        time = F.when(landed.rlike(_NUMBER), _since_1970(landed.try_cast("decimal(38,9)")))
        time = time.when(landed.rlike(_ISO), _standard(landed).try_cast("timestamp"))
    elif kind in ("date", "timestamp", "timestamp_ntz", NANOSECONDS):
        time = landed.try_cast("timestamp")
    else:
        time = _since_1970(landed.try_cast("decimal(38,9)"))
    return time


def _standard(landed: SparkColumn) -> SparkColumn:
    """Convert an ISO time to the form that Spark reads: with dashes, colons and seconds, and a dot before their
    fraction.
    """
    steps = (
        (r"\[[^\]]*\]$", ""),
        (r"^(\d{4})(\d{2})(\d{2})", "$1-$2-$3"),
        (r"^(.{10})[Tt ]+(\d{2}):?(\d{2})", "$1T$2:$3"),
        (r"^(.{16}):?(\d{2})(?:[.,](\d{1,6})\d*)?", "$1:$2.$3"),
        (r"\.(?!\d)", ""),
        (r"^(.{16})(?!:)", "$1:00"),
        (r" ?z$", "Z"),
        (r"([+-]\d{2}):?(\d{2})$", "$1:$2"),
        (r"(?<=.{16})([+-]\d{2})$", "$1:00"),
    )
    return reduce(lambda text, step: F.regexp_replace(text, *step), steps, F.btrim(landed, F.lit(BLANKS)))


def _since_1970(number: SparkColumn) -> SparkColumn:
    """Parse a count of seconds, milliseconds, microseconds or nanoseconds, whichever gives a plausible year."""
    first, last = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (EARLIEST_YEAR, LATEST_YEAR))
    found = F.lit(None).cast("timestamp")
    for in_a_second, micros in ((1, number * 10**6), (10**3, number * 10**3), (10**6, number), (10**9, number / 10**3)):
        is_sensible = number.between(F.lit(int(first) * in_a_second), F.lit(int(last) * in_a_second))
        found = F.when(is_sensible, F.timestamp_micros(micros.cast("bigint"))).otherwise(found)
    return found


def _record(kinds: Mapping[str, str]) -> SparkColumn:
    return F.coalesce(F.col(LINE), F.make_valid_utf8(F.to_json(F.struct(*kinds))))
