"""The contracts as a documentation page: `python -m socialrec.contracts.page > docs/contracts.md`."""

from __future__ import annotations

from collections.abc import Iterable

from socialrec.contracts import TABLES
from socialrec.contracts.columns import Column, Table, type_name
from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.entities.spec import EntitySpec
from socialrec.contracts.flow import READ
from socialrec.contracts.landing import EARLIEST_YEAR, FILE_FORMATS, PICTURE_FOLDER
from socialrec.contracts.vocabulary import QuarantineReason

INTRODUCTION = """# Contracts: what every file and table holds

Made from `socialrec/contracts` by `make docs`; a test fails where this page is behind. Types are Arrow's; timestamps are
UTC with microseconds. A column that is not marked *optional* is never null.
"""  # noqa: E501 (the page's own lines)


def render() -> str:
    """The whole page as Markdown."""
    landing = [_landing(spec) for spec in ENTITIES.values()]
    tables = [_table(table) for table in TABLES.values()]
    reasons = ", ".join(f"`{reason}`" for reason in QuarantineReason)
    formats = ", ".join(f"`.{form}`" for form in FILE_FORMATS)
    head = (
        "## Landing files\n\nOne folder per source and day, `landing/<platform>/<YYYY-MM-DD>/`, with files named "
        f"`<entity>` or `<entity>-<anything>` plus {formats}. Optional columns may be left out. A list is a list of "
        "Parquet, an array of JSON, or, in CSV, texts with semicolons between.\n\nPictures and videos that records "
        f"name lie in the day's folder `{PICTURE_FOLDER}`, which may have folders of its own. They are there before "
        "the records that name them.\n\n"
        f"A record that breaks its contract goes to quarantine, whole, with one of the reasons {reasons}. Times before "
        f"{EARLIEST_YEAR} are out of range; times after the landing day are in the future.\n"
    )
    return "\n".join([INTRODUCTION, head, *landing, "## Tables of the lake\n", *tables])


def _landing(spec: EntitySpec) -> str:
    key = ", ".join(f"`{column}`" for column in spec.key)
    return f"### landing {spec.entity}\n\nKey: {key}. Happened at: `{spec.event_time}`.\n\n{_columns(spec.columns)}\n"


def _table(table: Table) -> str:
    key = ", ".join(f"`{name}`" for name in table.key)
    writers = ", ".join(f"`jobs/{job}.py`" for job in table.writers) or "no job yet: the contract is reserved"
    snapshot = ", a whole snapshot each" if table.is_snapshot else ""
    readers = ", ".join(f"`jobs/{job}.py`" for job, names in READ.items() if table.name in names)
    read = f" Read by: {readers}." if readers else ""
    facts = f"Key: {key}. Partition: `{table.partition}`{snapshot}. Written by: {writers}.{read}"
    return f"### {table.name}\n\nOne row is {table.row}. {facts}\n\n{_columns(table.columns)}\n"


def _columns(columns: Iterable[Column]) -> str:
    lines = ["| column | type | meaning |", "|---|---|---|"]
    lines += [f"| `{column.name}` | {type_name(column.type)} | {_meaning(column)} |" for column in columns]
    return "\n".join(lines)


def _meaning(column: Column) -> str:
    limits = []
    if column.nullable:
        limits.append("optional")
    if column.choices is not None:
        limits.append("one of " + ", ".join(f"`{choice}`" for choice in column.choices))
    if column.minimum is not None:
        limits.append(f"at least {column.minimum:g}")
    if column.maximum is not None:
        limits.append(f"at most {column.maximum:g}")
    if column.max_chars is not None:
        limits.append(f"at most {column.max_chars:,} characters")
    if column.form is not None:
        limits.append(column.form.words)
    return column.meaning + (f" *({'; '.join(limits)})*" if limits else "")


if __name__ == "__main__":
    print(render(), end="")
