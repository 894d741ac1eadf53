"""Audit of staged files: rows that break the contract are never committed."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from socialrec.contracts.columns import Column, FixedListOf, Table
from socialrec.errors import UserError
from socialrec.lake.schemas import arrow_schema


class AuditError(UserError):
    """Staged rows break their contract; nothing was committed."""


def audit(table: Table, files: Sequence[str]) -> None:
    """Check staged Parquet files against the contract: columns, types, nulls, choices, ranges, unique key.

    Raises AuditError that lists every mismatch.
    """
    problems = [problem for file in files for problem in _schema_problems(table, file)]
    if files and not problems:
        problems = _value_problems(table, files)
    if problems:
        raise AuditError(f"{table.name}: {'; '.join(dict.fromkeys(problems))}; nothing was committed")


def _schema_problems(table: Table, file: str) -> list[str]:
    found, wanted = pq.read_schema(file), arrow_schema(table)
    problems = [f"column {name} is not in the contract" for name in found.names if name not in wanted.names]
    for field in wanted:
        if field.name not in found.names:
            problems.append(f"column {field.name} is missing")
        elif not _same_type(found.field(field.name).type, field.type):
            problems.append(f"column {field.name} is {found.field(field.name).type}, not {field.type}")
    return problems


def _same_type(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Compare types without names of list elements and nullability, which writers choose differently."""
    if pa.types.is_list(wanted):
        is_list = pa.types.is_list(found) or pa.types.is_fixed_size_list(found)
        return is_list and _same_type(found.value_type, wanted.value_type)
    if pa.types.is_struct(wanted):
        return (
            pa.types.is_struct(found)
            and [f.name for f in found] == [f.name for f in wanted]
            and all(_same_type(a.type, b.type) for a, b in zip(found, wanted, strict=True))
        )
    return bool(found == wanted)


def _value_problems(table: Table, files: Sequence[str]) -> list[str]:
    """Check values in one pass over the files in DuckDB, which spills to disk where a key set outgrows its memory.

    Distinct keys are counted by 64-bit hashes: ten million rows collide by chance about 3 times in a million audits.
    """
    checks = [check for column in table.columns for check in _checks(column, table.partition)]
    key = ", ".join(_quoted(name) for name in dict.fromkeys((*table.key, table.partition)))
    checks.append((f"count(*) - count(DISTINCT hash({key}))", f"key ({', '.join(table.key)}) is repeated in {{}} rows"))
    with duckdb.connect(config={"memory_limit": "1GB", "threads": 2}) as connection:
        query = f"SELECT {', '.join(sql for sql, _ in checks)} FROM read_parquet(?, hive_partitioning = false)"  # noqa: S608 (names are the contract's)
        counts = connection.execute(query, [list(files)]).fetchone() or ()
    return [message.format(count) for count, (_, message) in zip(counts, checks, strict=True) if count]


def _checks(column: Column, partition: str) -> list[tuple[str, str]]:
    """Pairs of a SQL count of offending rows and the message for it."""
    name, checks = _quoted(column.name), []
    if not column.nullable:
        checks.append((f"count(*) FILTER ({name} IS NULL)", f"column {column.name} has {{}} nulls"))
    if column.choices is not None:
        known = ", ".join(f"'{choice}'" for choice in column.choices)
        checks.append((f"count(*) FILTER ({name} NOT IN ({known}))", f"column {column.name} has {{}} unknown values"))
    if column.minimum is not None:
        low = column.minimum
        checks.append((f"count(*) FILTER ({name} < {low})", f"column {column.name} has {{}} values below {low}"))
    if column.maximum is not None:
        high = column.maximum
        checks.append((f"count(*) FILTER ({name} > {high})", f"column {column.name} has {{}} values above {high}"))
    if column.form is not None:
        odd = f"count(*) FILTER (NOT regexp_full_match({name}, '{column.form.pattern}'))"
        checks.append((odd, f"column {column.name} has {{}} values of another form"))
    if isinstance(column.type, FixedListOf):
        # Equal lengths in each partition: as many (partition, length) pairs as there are partitions.
        lengths = f"count(DISTINCT ({_quoted(partition)}, len({name}))) - count(DISTINCT {_quoted(partition)})"
        checks.append((lengths, f"column {column.name} has {{}} lengths too many"))
        gaps = f"count(*) FILTER (len({name}) != list_count({name}))"
        checks.append((gaps, f"column {column.name} has {{}} rows with null elements"))
    return checks


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
