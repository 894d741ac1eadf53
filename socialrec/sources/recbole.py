"""RecBole's atomic files as a landing day: `.inter` interactions, `.item` products, `.net` follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.columns import day
from socialrec.contracts.vocabulary import Entity, EventType
from socialrec.errors import UserError
from socialrec.sources.landing import Imported, deliver, write_day
from socialrec.sources.raw_files import epoch_micros, files_in, number_repeats, read_tabs, require

PLATFORM = "recbole"
TITLES = ("title", "movie_title", "item_name", "name")
CATEGORIES = ("category", "categories", "class", "genre", "genres")
WEIGHTS = ("weight", "count", "play_count")
TEXTS = ("review_text", "review", "text")
_REMEDY = (
    "name the folder with one <name>.inter, and <name>.item, <name>.net where there are some, tab-separated and with "
    "columns named as in recbole.io's atomic files"
)


@dataclass(frozen=True)
class Atomic:
    """Atomic file: its columns as text, named without their types, and the line of each record.

    sequences: the columns that hold several values, with blanks between them.
    """

    file: Path
    columns: pa.Table
    lines: pa.ChunkedArray
    sequences: frozenset[str] = frozenset()

    def first(self, names: Sequence[str]) -> str | None:
        """First of these columns that the file has."""
        return next((name for name in names if name in self.columns.column_names), None)


def import_recbole(data: Path, landing: Path, ds: str) -> Imported:
    """Write the atomic files in `data` (recbole.io/docs/user_guide/data/atomic_files.html) as landing day `ds`.

    Interactions become views with their weight or count as quantity, and comments where they carry a text; the net
    becomes follows. A sequence of items is one interaction per item. A repeated record is an interaction of its own:
    its id has a running number. Without an `.item` file the products are those of the interactions, by their ids.
    Earlier landed days are kept. Raises UserError naming a file that is missing or lacks a column, and the line of a
    fault.
    """
    ds = day(ds)
    inter, item, net = (_find(data, kind) for kind in ("inter", "item", "net"))
    if inter is None:
        raise UserError(f"{data} has no .inter file: {_REMEDY}")

    def write(platform: str) -> Mapping[str, int]:
        acts = _one_item_each(_read(inter, ("user_id", "item_id")))
        tables = {
            Entity.PRODUCTS: _products(_read(item, ("item_id",)) if item else acts),
            Entity.INTERACTIONS: _interactions(acts),
        }
        if text := acts.first(TEXTS):
            tables[Entity.COMMENTS] = _comments(acts, text)
        if net:
            follows = _read(net, ("source_id", "target_id")).columns
            tables[Entity.FOLLOWS] = follows.select(["source_id", "target_id"]).rename_columns(
                ["follower_id", "followee_id"]
            )
        for entity, table in tables.items():
            write_day(landing, platform, ds, entity, table, form="parquet")
        return {entity.value: table.num_rows for entity, table in tables.items()}

    return deliver(landing, PLATFORM, write)


def _find(data: Path, kind: str) -> Path | None:
    found = [path for path in files_in(data, _REMEDY) if path.name.lower().removesuffix(".gz").endswith(f".{kind}")]
    if len(found) > 1:
        raise UserError(f"{data} has {len(found)} .{kind} files: {_REMEDY}")
    return next(iter(found), None)


def _read(file: Path, wanted: Sequence[str]) -> Atomic:
    used = {*wanted, *TITLES, *CATEGORIES, *WEIGHTS, *TEXTS, "timestamp", "rating", "brand", "description"}

    def chosen(header: Sequence[str]) -> Sequence[str]:
        names = _names(header)
        require(file, wanted, names, _REMEDY)
        return [column for column, name in zip(header, names, strict=True) if name in used]

    table = read_tabs(file, chosen, _REMEDY)
    held = table.columns.column_names
    names = _names(held)
    sequences = frozenset(name for name, column in zip(names, held, strict=True) if column.endswith("_seq"))
    return Atomic(file, table.columns.rename_columns(names), table.lines, sequences)


def _names(header: Sequence[str]) -> list[str]:
    """Names of the columns without their types; a list of items becomes the item column where there is no other."""
    names = [column.partition(":")[0] for column in header]
    return names if "item_id" in names else ["item_id" if name == "item_id_list" else name for name in names]


def _one_item_each(acts: Atomic) -> Atomic:
    """Expand sequences of items, with their times, into interactions of one item each."""
    if "item_id" not in acts.sequences:
        return acts
    apart = [name for name in ("item_id", "timestamp") if name in acts.sequences]
    lists = {name: pc.split_pattern(pc.utf8_trim_whitespace(acts.columns[name]), " ") for name in apart}
    sizes = {name: pc.list_value_length(values) for name, values in lists.items()}
    odd = pc.not_equal(sizes["item_id"], sizes[apart[-1]])
    if pc.any(odd).as_py():
        line = acts.lines.filter(odd)[0]
        raise UserError(f"{acts.file}: line {line} has not as many times as items: correct it or take the line out")
    rows = pc.list_parent_indices(lists["item_id"])
    columns = acts.columns.take(rows)
    for name, values in lists.items():
        columns = columns.set_column(columns.column_names.index(name), name, pc.list_flatten(values))
    return Atomic(acts.file, columns, acts.lines.take(rows))


def _products(items: Atomic) -> pa.Table:
    title, category, held = items.first(TITLES), items.first(CATEGORIES), items.columns
    columns = {"product_id": held["item_id"], "title": held[title or "item_id"]}
    columns |= {"category": held[category]} if category else {}
    columns |= {name: held[name] for name in ("brand", "description") if name in held.column_names}
    if title or category:
        return pa.table(columns)
    return pa.table({name: pc.unique(held["item_id"]) for name in ("product_id", "title")})


def _ids(acts: Atomic) -> pa.ChunkedArray:
    names = [name for name in ("user_id", "item_id", "timestamp") if name in acts.columns.column_names]
    return number_repeats(pc.binary_join_element_wise(*(acts.columns[name] for name in names), "-"))


def _times(acts: Atomic, name: str) -> dict[str, pa.Array]:
    """Times as column `name`; none where the file has none."""
    if "timestamp" not in acts.columns.column_names:
        return {}
    micros = list[int | None]()
    for said, line in zip(acts.columns["timestamp"].to_pylist(), acts.lines.to_pylist(), strict=True):
        try:
            micros.append(epoch_micros(said))
        except ValueError:
            raise UserError(
                f"{acts.file}: line {line} has timestamp {said!r}, which is no number of seconds or milliseconds since "
                "1970: correct it or take the line out"
            ) from None
    return {name: pa.array(micros, pa.int64()).cast(pa.timestamp("us", "UTC"))}


def _interactions(acts: Atomic) -> pa.Table:
    held = acts.columns
    columns = {
        "event_id": _ids(acts),
        "user_id": held["user_id"],
        "product_id": held["item_id"],
        "event_type": pa.repeat(EventType.VIEW.value, held.num_rows),
    }
    columns |= _times(acts, "event_ts")
    if weight := acts.first(WEIGHTS):
        columns["quantity"] = held[weight]
    return pa.table(columns)


def _comments(acts: Atomic, text: str) -> pa.Table:
    held = acts.columns
    columns = {
        "comment_id": _ids(acts),
        "user_id": held["user_id"],
        "product_id": held["item_id"],
        "text": held[text],
    }
    columns |= _times(acts, "created_ts")
    if "rating" in held.column_names:
        columns["rating"] = held["rating"]
    return pa.table(columns)
