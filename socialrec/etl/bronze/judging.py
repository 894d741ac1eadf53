"""Judge landed records by their contract: valid, or the reasons for their rejection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from socialrec.contracts.columns import Column, ListOf
from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.landing import EARLIEST_YEAR, LATEST_YEAR, OPEN_ENDS
from socialrec.contracts.vocabulary import Entity, QuarantineReason
from socialrec.etl.bronze.landed_values import BLANKS, RECORD, is_id, raw_name, said_name, typed_records
from socialrec.etl.days import Platforms, local_day
from socialrec.etl.landing.assembling import LINE, N_LINES
from socialrec.etl.landing.scans import BROKEN, REPLACEMENT, SOURCE, has_half_pair

REASON = "reason"
DETAIL = "detail"
FAULTS = "faults"
_DETAIL_CHARS = 120
_NOT_IN_IDS = "\n\r\t\0"
_Problem = tuple[SparkColumn, QuarantineReason, str]


def judge(records: DataFrame, entity: Entity, kinds: Mapping[str, str], platforms: Platforms) -> DataFrame:
    """Landed records, as `scans.scan` gives them (`kinds` naming their columns), under the contract's types.

    platforms: the settings of platforms whose landing days do not end in UTC.

    Added are `reason` (null where the record is valid), `detail` (the first offending column and its value) and
    `record` (the record whole: the raw line, or JSON by column).
    """
    columns = ENTITIES[entity].columns
    typed = typed_records(records, entity, kinds)
    found: SparkColumn | None = None
    for condition, reason, name in _problems(entity, platforms):
        label = F.lit(f"{reason}:{name}")
        found = F.when(condition, label) if found is None else found.when(condition, label)
    assert found is not None
    problem = F.col("_problem")
    held = F.create_map(*(part for column in columns for part in (F.lit(column.name), _as_text(column.name))))
    where = F.substring_index(problem, ":", -1)
    detail = F.when(F.col(BROKEN), F.lit("the line is not a record of its format")).otherwise(
        F.concat_ws(": ", where, F.make_valid_utf8(F.left(held[where], F.lit(_DETAIL_CHARS))))
    )
    return typed.withColumn("_problem", found).select(
        *SOURCE,
        N_LINES,
        *(_without_far_end(column).alias(column.name) for column in columns),
        F.substring_index(problem, ":", 1).alias(REASON),
        detail.alias(DETAIL),
        RECORD,
    )


def list_faults(records: DataFrame, entity: Entity, kinds: Mapping[str, str], platforms: Platforms) -> DataFrame:
    """List all faults of landed records: `source_file`, `source_line`, `platform`, `ds` and `faults`.

    A fault is a struct of strings: reason, column ("" where the record cannot be read) and value (of the column).
    A column has at most one, the one that `judge` would give; a valid record has none.
    """
    by_column: dict[str, SparkColumn] = {}
    for condition, reason, name in _problems(entity, platforms):
        value = F.make_valid_utf8(F.left(_as_text(name) if name else F.col(RECORD), F.lit(_DETAIL_CHARS)))
        fault = F.struct(F.lit(reason.value).alias("reason"), F.lit(name).alias("column"), value.alias("value"))
        is_read = condition & ~F.col(BROKEN) if name else condition
        so_far = by_column.get(name)
        by_column[name] = F.when(is_read, fault) if so_far is None else so_far.when(is_read, fault)
    found = F.filter(F.array(*by_column.values()), lambda fault: fault.isNotNull())
    return typed_records(records, entity, kinds).select(*SOURCE, found.alias(FAULTS))


def _without_far_end(column: Column) -> SparkColumn:
    """A column's value; the end of an edge that is centuries away becomes null, because the edge has no end."""
    value = F.col(column.name)
    if column.name not in OPEN_ENDS:
        return value
    return F.when(value < F.lit(f"{LATEST_YEAR + 1}-01-01").cast("timestamp"), value)


def _as_text(name: str) -> SparkColumn:
    return F.coalesce(F.col(raw_name(name)).cast("string"), F.lit("null"))


def _problems(entity: Entity, platforms: Platforms) -> Iterator[_Problem]:
    """All ways in which a record can break its contract, in the order in which they are reported."""
    yield F.col(BROKEN), QuarantineReason.UNREADABLE_RECORD, ""
    spec = ENTITIES[entity]
    for column in spec.columns:
        yield from _column_problems(column)
    if spec.needs_any:
        yield from _all_missing(spec.needs_any)
    is_early = local_day(F.col(spec.event_time), platforms) > F.to_date("ds")
    yield is_early, QuarantineReason.FUTURE_EVENT, spec.event_time
    if spec.must_differ:
        one, other = spec.must_differ
        yield F.col(one) == F.col(other), QuarantineReason.SELF_FOLLOW, other


def _all_missing(names: Sequence[str]) -> Iterator[_Problem]:
    """Columns of which one must hold something; the record is reported under the first, which is blank or absent."""
    is_bare = reduce(SparkColumn.__and__, (~F.col(said_name(name)) for name in names))
    yield is_bare & ~_is_blank(names[0]), QuarantineReason.MISSING_VALUE, names[0]
    yield is_bare, QuarantineReason.EMPTY_TEXT, names[0]


def _is_blank(name: str) -> SparkColumn:
    return F.coalesce(F.btrim(F.col(raw_name(name)).cast("string"), F.lit(BLANKS)) == "", F.lit(False))


def _column_problems(column: Column) -> Iterator[_Problem]:
    value, name, is_said = F.col(column.name), column.name, F.col(said_name(column.name))
    if not column.nullable:
        yield ~is_said, QuarantineReason.MISSING_VALUE, name
    yield is_said & value.isNull(), QuarantineReason.WRONG_TYPE, name
    if column.type == "string":
        # Text files were read as text; only Parquet may hold bytes that are no valid text.
        yield F.col(LINE).isNull() & ~F.is_valid_utf8(value), QuarantineReason.WRONG_ENCODING, name
    if column.choices is not None:
        yield ~value.isin([str(choice) for choice in column.choices]), QuarantineReason.UNKNOWN_VALUE, name
    elif is_id(column):
        # Two ids that differ in such a half must not become one.
        is_cut = value.contains(REPLACEMENT) & F.coalesce(has_half_pair(F.col(LINE)), F.lit(False))
        yield is_cut, QuarantineReason.WRONG_ENCODING, name
        has_one = (value.contains(mark) for mark in _NOT_IN_IDS)
        yield reduce(SparkColumn.__or__, has_one), QuarantineReason.WRONG_TYPE, name
    if column.max_chars is not None:
        text = F.col(raw_name(name)) if isinstance(column.type, ListOf) else value
        yield F.length(text) > column.max_chars, QuarantineReason.TOO_LONG, name
    if column.form is not None:
        yield ~value.rlike(rf"\A(?:{column.form.pattern})\z"), QuarantineReason.MALFORMED, name
    if column.type == "timestamp":
        yield value < F.lit(f"{EARLIEST_YEAR}-01-01").cast("timestamp"), QuarantineReason.OUT_OF_RANGE, name
    if column.type == "float64":
        yield F.isnan(value) | (F.abs(value) == float("inf")), QuarantineReason.OUT_OF_RANGE, name
    if column.minimum is not None:
        yield value < column.minimum, QuarantineReason.OUT_OF_RANGE, name
    if column.maximum is not None:
        yield value > column.maximum, QuarantineReason.OUT_OF_RANGE, name
