"""Judge landed records by their contract: the value in the contract's type, or the reasons for its rejection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from socialrec.contracts.columns import Column
from socialrec.contracts.landing import EARLIEST_YEAR, EVENT_TIME, LANDING
from socialrec.contracts.vocabulary import Entity, QuarantineReason
from socialrec.etl.landing_layouts import NANOSECONDS
from socialrec.etl.landing_scans import BROKEN, LINE, SOURCE
from socialrec.etl.schemas import spark_type

REASON = "reason"
DETAIL = "detail"
RECORD = "record"
FAULTS = "faults"
_DETAIL_CHARS = 120
_BLANKS = " \t\r\n"
_ISO_START = r"^\s*\d{4}-\d{2}-\d{2}"
_Problem = tuple[SparkColumn, QuarantineReason, str]


def judge(records: DataFrame, entity: Entity, kinds: Mapping[str, str]) -> DataFrame:
    """Landed records, as `landing_scans.scan` gives them (`kinds` naming their columns), under the contract's types.

    Added are `reason` (null where the record is valid), `detail` (the first offending column and what it held) and
    `record` (the record whole: the raw line, or JSON by column).
    """
    columns = LANDING[entity]
    typed = _typed_records(records, entity, kinds)
    found: SparkColumn | None = None
    for condition, reason, name in _problems(entity, kinds):
        label = F.lit(f"{reason}:{name}")
        found = F.when(condition, label) if found is None else found.when(condition, label)
    assert found is not None
    problem = F.col("_problem")
    held = F.create_map(*(part for column in columns for part in (F.lit(column.name), _as_text(column.name))))
    where = F.substring_index(problem, ":", -1)
    detail = F.when(F.col(BROKEN), F.lit("the line is not a record of its format")).otherwise(
        F.concat_ws(": ", where, F.left(held[where], F.lit(_DETAIL_CHARS)))
    )
    return typed.withColumn("_problem", found).select(
        *SOURCE,
        *(column.name for column in columns),
        F.substring_index(problem, ":", 1).alias(REASON),
        detail.alias(DETAIL),
        RECORD,
    )


def list_faults(records: DataFrame, entity: Entity, kinds: Mapping[str, str]) -> DataFrame:
    """Landed records with all that is wrong with each: `source_file`, `source_line`, `platform`, `ds` and `faults`.

    A fault is a struct of strings: reason, column ("" where the record cannot be read) and value, what the column held.
    A column has at most one, the one that `judge` would give; a valid record has none.
    """
    by_column: dict[str, SparkColumn] = {}
    for condition, reason, name in _problems(entity, kinds):
        value = F.left(_as_text(name) if name else F.col(RECORD), F.lit(_DETAIL_CHARS))
        fault = F.struct(F.lit(reason.value).alias("reason"), F.lit(name).alias("column"), value.alias("value"))
        is_read = condition & ~F.col(BROKEN) if name else condition
        so_far = by_column.get(name)
        by_column[name] = F.when(is_read, fault) if so_far is None else so_far.when(is_read, fault)
    found = F.filter(F.array(*by_column.values()), lambda fault: fault.isNotNull())
    return _typed_records(records, entity, kinds).select(*SOURCE, found.alias(FAULTS))


def _typed_records(records: DataFrame, entity: Entity, kinds: Mapping[str, str]) -> DataFrame:
    """Every column of the contract in its own type and, as `_raw_<name>`, as it landed."""
    columns = LANDING[entity]
    landed = {column.name: _landed(column, kinds) for column in columns}
    return records.select(
        *SOURCE,
        BROKEN,
        _record(kinds).alias(RECORD),
        *(_typed(landed[column.name], column, kinds).alias(column.name) for column in columns),
        *(landed[column.name].alias(_raw(column.name)) for column in columns),
    )


def _landed(column: Column, kinds: Mapping[str, str]) -> SparkColumn:
    if column.name not in kinds:
        return F.lit(None).cast("string")
    if kinds[column.name] == NANOSECONDS:
        return F.timestamp_micros(F.expr(f"`{column.name}` div 1000"))
    return F.col(column.name)


def _typed(landed: SparkColumn, column: Column, kinds: Mapping[str, str]) -> SparkColumn:
    kind = kinds.get(column.name, "string").partition("(")[0]
    target = spark_type(column.type)
    if column.type == "string":
        text = landed.cast("string")
        return F.when(F.trim(text) != "", text) if column.nullable else text
    if column.type == "timestamp" and kind == "string":
        # Spark would take "2026" for a date and "12:30" for a time of today.
        return F.when(landed.rlike(_ISO_START), landed.try_cast(target))
    if column.type == "int64" and kind in ("string", "float", "double", "decimal"):
        number = landed.try_cast("double")
        return F.coalesce(
            landed.try_cast(target) if kind == "string" else F.lit(None).cast(target),
            F.when(number == F.floor(number), number.try_cast(target)),
        )
    return landed.try_cast(target)


def _as_text(name: str) -> SparkColumn:
    return F.coalesce(F.col(_raw(name)).cast("string"), F.lit("null"))


def _problems(entity: Entity, kinds: Mapping[str, str]) -> Iterator[_Problem]:
    """Every way in which a record can break its contract, in the order in which they are reported."""
    yield F.col(BROKEN), QuarantineReason.UNREADABLE_RECORD, ""
    for column in LANDING[entity]:
        yield from _column_problems(column, is_text=kinds.get(column.name, "string") == "string")
    if entity is Entity.COMMENTS:
        yield from _neither_words_nor_stars()
    event_time = EVENT_TIME[entity]
    next_day = F.date_add(F.to_date("ds"), 1).cast("timestamp")
    yield F.col(event_time) >= next_day, QuarantineReason.FUTURE_EVENT, event_time
    if entity is Entity.FOLLOWS:
        same = F.col("follower_id") == F.col("followee_id")
        yield same, QuarantineReason.SELF_FOLLOW, "followee_id"


def _neither_words_nor_stars() -> Iterator[_Problem]:
    """A comment may lack its text where it has a rating."""
    text, rating = F.col(_raw("text")).cast("string"), F.col(_raw("rating")).cast("string")
    has_stars = F.coalesce(F.btrim(rating, F.lit(_BLANKS)) != "", F.lit(False))
    yield text.isNull() & ~has_stars, QuarantineReason.MISSING_VALUE, "text"
    yield (F.btrim(text, F.lit(_BLANKS)) == "") & ~has_stars, QuarantineReason.EMPTY_TEXT, "text"


def _column_problems(column: Column, is_text: bool) -> Iterator[_Problem]:
    value, raw, name = F.col(column.name), F.col(_raw(column.name)), column.name
    is_blank = F.btrim(raw, F.lit(_BLANKS)) == "" if is_text else F.lit(False)
    if not column.nullable:
        yield raw.isNull(), QuarantineReason.MISSING_VALUE, name
        yield is_blank, QuarantineReason.MISSING_VALUE, name
    if column.type != "string":
        yield value.isNull() & raw.isNotNull() & ~is_blank, QuarantineReason.WRONG_TYPE, name
    if column.choices is not None:
        yield ~value.isin([str(choice) for choice in column.choices]), QuarantineReason.UNKNOWN_VALUE, name
    if column.max_chars is not None:
        yield F.length(value) > column.max_chars, QuarantineReason.TOO_LONG, name
    if column.type == "timestamp":
        yield value < F.lit(f"{EARLIEST_YEAR}-01-01").cast("timestamp"), QuarantineReason.OUT_OF_RANGE, name
    if column.type == "float64":
        yield F.isnan(value) | (F.abs(value) == float("inf")), QuarantineReason.OUT_OF_RANGE, name
    if column.minimum is not None:
        yield value < column.minimum, QuarantineReason.OUT_OF_RANGE, name
    if column.maximum is not None:
        yield value > column.maximum, QuarantineReason.OUT_OF_RANGE, name


def _record(kinds: Mapping[str, str]) -> SparkColumn:
    return F.coalesce(F.col(LINE), F.to_json(F.struct(*kinds)))


def _raw(name: str) -> str:
    return f"_raw_{name}"
