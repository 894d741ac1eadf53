"""Last.fm (HetRec 2011) as a landing day: listening, friendships, dated tags and artists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from socialrec.contracts.columns import day
from socialrec.contracts.vocabulary import Entity, EventType
from socialrec.errors import UserError
from socialrec.sources.landing import Imported, deliver, write_day
from socialrec.sources.raw_files import files_in, is_utf8, number_repeats, read_tabs, require

PLATFORM = "lastfm"

_COLUMNS = {
    "artists": ("id", "name"),
    "tags": ("tagID", "tagValue"),
    "user_artists": ("userID", "artistID", "weight"),
    "user_friends": ("userID", "friendID"),
    "user_taggedartists": ("userID", "artistID", "tagID", "day", "month", "year"),
}
"""Used columns of each raw file."""

_ORIGIN = "the HetRec 2011 Last.fm files (hetrec2011-lastfm-2k, grouplens.org/datasets/hetrec-2011)"
_REMEDY = f"name the folder that holds {_ORIGIN}"


def import_lastfm(data: Path, landing: Path, ds: str) -> Imported:
    """Write the raw files in `data` (`.dat` or `.dat.gz`) as landing day `ds` of platform `lastfm`.

    Listening counts become views with the raw count as quantity, friendships become follows, tag assignments comments
    and artists products. Every value is passed on as text: ingest judges records, not the importer. Earlier landed days
    are kept. A repeated pair is an event of its own: its id has a running number. Raises UserError naming a file that
    is missing or has other columns, and the line of a fault.
    """
    ds = day(ds)
    files = _files(data)

    def write(platform: str) -> Mapping[str, int]:
        raw = {name: _read(path, name) for name, path in files.items()}
        tables = {
            Entity.PRODUCTS: _products(raw["artists"]),
            Entity.INTERACTIONS: _interactions(raw["user_artists"]),
            Entity.COMMENTS: _comments(raw["user_taggedartists"], raw["tags"]),
            Entity.FOLLOWS: _follows(raw["user_friends"]),
        }
        for entity, table in tables.items():
            write_day(landing, platform, ds, entity, table, form="parquet")
        return {entity.value: table.num_rows for entity, table in tables.items()}

    return deliver(landing, PLATFORM, write)


def read_raw(data: Path) -> dict[str, pa.Table]:
    """Read the used columns of the raw files in `data`, as text, by file name without ending.

    Raises UserError naming a file that is missing or has other columns.
    """
    return {name: _read(path, name) for name, path in _files(data).items()}


def _files(data: Path) -> dict[str, Path]:
    return {name: _find(data, name) for name in _COLUMNS}


def _find(data: Path, name: str) -> Path:
    names = (f"{name}.dat", f"{name}.dat.gz")
    found = {path.name: path for path in files_in(data, _REMEDY)}
    if path := next((found[known] for known in names if known in found), None):
        return path
    raise UserError(f"{data} has no {' or '.join(names)}: {_REMEDY}")


def _read(path: Path, name: str) -> pa.Table:
    """Read the used columns as text. Quotation marks in names have no meaning."""
    wanted = _COLUMNS[name]

    def chosen(header: Sequence[str]) -> Sequence[str]:
        require(path, wanted, header, f"it is not one of {_ORIGIN}")
        return wanted

    encoding = "utf-8" if name != "tags" or is_utf8(path) else "latin1"
    return read_tabs(path, chosen, f"get {_ORIGIN} again", encoding).columns


def _products(artists: pa.Table) -> pa.Table:
    return artists.rename_columns(["product_id", "title"])


def _interactions(listened: pa.Table) -> pa.Table:
    user, artist, weight = listened.columns
    event_type = pa.repeat(EventType.VIEW.value, listened.num_rows)
    return pa.table(
        {
            "event_id": number_repeats(pc.binary_join_element_wise(user, artist, "-")),
            "user_id": user,
            "product_id": artist,
            "event_type": event_type,
            "quantity": weight,
        }
    )


def _follows(friends: pa.Table) -> pa.Table:
    return friends.rename_columns(["follower_id", "followee_id"])


def _comments(tagged: pa.Table, tags: pa.Table) -> pa.Table:
    user, artist, tag, number, month, year = tagged.columns
    words = tags["tagValue"].combine_chunks().take(pc.index_in(tag, tags["tagID"].combine_chunks()))
    days = pc.binary_join_element_wise(
        pc.utf8_lpad(year, 4, "0"), pc.utf8_lpad(month, 2, "0"), pc.utf8_lpad(number, 2, "0"), "-"
    )
    return pa.table(
        {
            "comment_id": number_repeats(pc.binary_join_element_wise(user, artist, tag, "-")),
            "user_id": user,
            "product_id": artist,
            "text": words,
            "created_ts": days,
        }
    )
