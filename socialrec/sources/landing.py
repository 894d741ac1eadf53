"""Writer of the landing format, one folder per platform and day. Only importers write it."""

from __future__ import annotations

import gzip
import io
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from socialrec.contracts.columns import day
from socialrec.contracts.entities import ENTITIES
from socialrec.contracts.vocabulary import Entity
from socialrec.errors import UserError
from socialrec.lake.schemas import arrow_type

Format = Literal["parquet", "jsonl", "jsonl.gz", "csv", "csv.gz"]


@dataclass(frozen=True)
class Imported:
    """Result of an import: `written`, or `kept` where the platform had landed before and was not changed.

    `counts` are landed records by entity, empty where kept.
    """

    platform: str
    status: Literal["written", "kept"]
    first_day: str
    last_day: str
    counts: Mapping[str, int]


def write_day(
    landing: Path, platform: str, ds: str, entity: Entity, rows: pa.Table | Iterable[str], *, form: Format
) -> Path:
    """Write one entity's file of one landing day atomically, and return its path.

    `rows` is a table with the entity's landing columns, each in the contract's type or as text (ingest judges that), or
    for JSON Lines the lines themselves. The same rows give the same bytes. Raises ValueError where a column is unknown
    or a required one missing, or its type is neither.
    """
    content = _lines(rows, form) if not isinstance(rows, pa.Table) else _table(_checked(rows, entity), form)
    folder = landing / platform / day(ds)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{entity}.{form}"
    partial = folder / f".{target.name}.partial"
    # A name that begins with a dot is an upload under way: ingest does not see it.
    partial.write_bytes(gzip.compress(content, compresslevel=6, mtime=0) if form.endswith(".gz") else content)
    partial.replace(target)
    return target


def deliver(landing: Path, platform: str, write: Callable[[str], Mapping[str, int]]) -> Imported:
    """Run `write(name)` to write all of a platform's days below `landing/<name>`, then publish them atomically.

    A platform that has days already is kept as it is. An interrupted delivery is started again. Raises UserError where
    a link is in the way: nothing is written through one.
    """
    if (landing / platform).is_symlink():
        raise UserError(f"{landing / platform} is a symbolic link: nothing is written through one; move it away")
    days = landed_days(landing / platform)
    if days:
        return Imported(platform, "kept", days[0], days[-1], {})
    partial = landing / f".{platform}.partial"
    try:
        if partial.exists():
            shutil.rmtree(partial)
        partial.mkdir(parents=True)
    except OSError as error:
        raise UserError(f"{landing} cannot take the import ({error}): make it a folder that can be written") from None
    counts = write(partial.name)
    try:
        partial.rename(landing / platform)
    except OSError:
        raise UserError(f"{landing / platform} is in the way of the import: move it away and run again") from None
    days = landed_days(landing / platform)
    return Imported(platform, "written", days[0], days[-1], counts)


def landed_days(platform: Path) -> list[str]:
    """Days that one platform has delivered, sorted; UserError naming a folder that is not a day."""
    if not platform.is_dir():
        return []
    days = []
    for folder in sorted(platform.iterdir()):
        if folder.is_dir() and not folder.name.startswith((".", "_")):
            try:
                days.append(day(folder.name))
            except UserError:
                raise UserError(
                    f"{folder}: a day's folder is named YYYY-MM-DD, such as 2026-01-31; rename the folder"
                ) from None
    return days


def _checked(table: pa.Table, entity: Entity) -> pa.Table:
    columns = {column.name: column for column in ENTITIES[entity].columns}
    unknown = [name for name in table.column_names if name not in columns]
    missing = [name for name, column in columns.items() if not column.nullable and name not in table.column_names]
    odd = [
        field.name
        for field in table.schema
        if field.name in columns and field.type not in (arrow_type(columns[field.name].type), pa.string())
    ]
    if unknown or missing or odd:
        raise ValueError(f"landing {entity}: unknown columns {unknown}, missing {missing}, of a wrong type {odd}")
    return table.select([name for name in columns if name in table.column_names])


def _table(table: pa.Table, form: Format) -> bytes:
    kind = form.removesuffix(".gz")
    if kind == "jsonl":
        raise ValueError("JSON Lines are written from lines, not from a table")
    buffer = io.BytesIO()
    if kind == "parquet":
        pq.write_table(table, buffer, compression="zstd")
    else:
        pc_csv.write_csv(table, buffer, pc_csv.WriteOptions(quoting_style="needed"))
    return buffer.getvalue()


def _lines(lines: Iterable[str], form: Format) -> bytes:
    if not form.startswith("jsonl"):
        raise ValueError(f"lines are for JSON Lines, not for {form}")
    return "".join(f"{line}\n" for line in lines).encode()
