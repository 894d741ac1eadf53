"""RecBole's atomic files as a landing day: `.inter` interactions, `.item` products, `.net` follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv

from socialrec.contracts.vocabulary import Entity, EventType
from socialrec.errors import UserError
from socialrec.job import day
from socialrec.sources.landing import Imported, deliver, write_day

PLATFORM = "recbole"
TITLES = ("title", "movie_title", "item_name", "name")
CATEGORIES = ("category", "categories", "class", "genre", "genres")
WEIGHTS = ("weight", "count", "play_count")
TEXTS = ("review_text", "review", "text")
_REMEDY = "name the folder with one <name>.inter, and <name>.item, <name>.net where there are some"


def import_recbole(data: Path, landing: Path, ds: str) -> Imported:
    """Write the atomic files in `data` (recbole.io/docs/user_guide/data/atomic_files.html) as landing day `ds`.

    Interactions become views with their weight or count as quantity, and comments where they carry a text; the net
    becomes follows. Without an `.item` file the products are those of the interactions, by their ids. What has landed
    before is kept. Raises UserError naming a file that is missing or lacks a column.
    """
    ds = day(ds)
    inter, item, net = (_find(data, kind) for kind in ("inter", "item", "net"))
    if inter is None:
        raise UserError(f"{data} has no .inter file: {_REMEDY}")

    def write(platform: str) -> Mapping[str, int]:
        acts = _read(inter, ("user_id", "item_id"))
        tables = {
            Entity.PRODUCTS: _products(_read(item, ("item_id",)) if item else acts),
            Entity.INTERACTIONS: _interactions(acts),
        }
        if text := _first(acts, TEXTS):
            tables[Entity.COMMENTS] = _comments(acts, text)
        if net:
            follows = _read(net, ("source_id", "target_id"))
            tables[Entity.FOLLOWS] = follows.select(["source_id", "target_id"]).rename_columns(
                ["follower_id", "followee_id"]
            )
        for entity, table in tables.items():
            write_day(landing, platform, ds, entity, table, form="parquet")
        return {entity.value: table.num_rows for entity, table in tables.items()}

    return deliver(landing, PLATFORM, write)


def _find(data: Path, kind: str) -> Path | None:
    if not data.is_dir():
        raise UserError(f"{data} is not a folder: {_REMEDY}")
    found = sorted(data.glob(f"*.{kind}"))
    if len(found) > 1:
        raise UserError(f"{data} has {len(found)} .{kind} files: {_REMEDY}")
    return next(iter(found), None)


def _read(file: Path, wanted: Sequence[str]) -> pa.Table:
    """All columns as text, named without their types."""
    try:
        with file.open(encoding="utf-8") as lines:
            header = lines.readline().rstrip("\r\n").split("\t")
        table = pc_csv.read_csv(
            file,
            parse_options=pc_csv.ParseOptions(delimiter="\t", quote_char=False),
            convert_options=pc_csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{file} cannot be read as tab-separated text ({reason})") from None
    table = table.rename_columns([name.partition(":")[0] for name in header])
    if missing := [name for name in wanted if name not in table.column_names]:
        raise UserError(f"{file} lacks the columns {', '.join(missing)} (it has {', '.join(table.column_names)})")
    return table


def _first(table: pa.Table, names: Sequence[str]) -> str | None:
    return next((name for name in names if name in table.column_names), None)


def _products(items: pa.Table) -> pa.Table:
    title, category = _first(items, TITLES), _first(items, CATEGORIES)
    columns = {"product_id": items["item_id"], "title": items[title or "item_id"]}
    columns |= {"category": items[category]} if category else {}
    columns |= {name: items[name] for name in ("brand", "description") if name in items.column_names}
    table = pa.table(columns)
    if title or category:
        return table
    return pa.table({name: pc.unique(items["item_id"]) for name in ("product_id", "title")})


def _ids(acts: pa.Table) -> pa.ChunkedArray:
    parts = [acts["user_id"], acts["item_id"]]
    if "timestamp" in acts.column_names:
        parts.append(acts["timestamp"])
    return pc.binary_join_element_wise(*parts, "-")


def _times(acts: pa.Table, name: str) -> dict[str, pa.ChunkedArray]:
    """The times as column `name`; none where the file has none."""
    if "timestamp" not in acts.column_names:
        return {}
    try:
        micros = pc.cast(pc.multiply(pc.cast(acts["timestamp"], pa.float64()), 1e6), pa.int64(), safe=False)
    except pa.ArrowInvalid as error:
        raise UserError(f"timestamps of the .inter file are not seconds ({str(error).splitlines()[0]})") from None
    return {name: pc.cast(micros, pa.timestamp("us", "UTC"))}


def _interactions(acts: pa.Table) -> pa.Table:
    columns = {
        "event_id": _ids(acts),
        "user_id": acts["user_id"],
        "product_id": acts["item_id"],
        "event_type": pa.repeat(EventType.VIEW.value, acts.num_rows),
    }
    columns |= _times(acts, "event_ts")
    if weight := _first(acts, WEIGHTS):
        columns["quantity"] = acts[weight]
    return pa.table(columns)


def _comments(acts: pa.Table, text: str) -> pa.Table:
    columns = {
        "comment_id": _ids(acts),
        "user_id": acts["user_id"],
        "product_id": acts["item_id"],
        "text": acts[text],
    }
    columns |= _times(acts, "created_ts")
    if "rating" in acts.column_names:
        columns["rating"] = acts["rating"]
    return pa.table(columns)
