"""Tab-separated files of a ranking benchmark: pairs, ties and texts, with one-line errors that name file and column."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv

from socialrec.errors import UserError

WEIGHT, TIME = "weight", "time"


def read_pairs(path: Path) -> pa.Table:
    """Read a file with header `user item [weight] [time]` as strings, float64 weights and int64 times, in file order.

    Without a weight column each row weighs 1. Times are whole numbers, such as seconds since 1970. Raises UserError on
    missing columns, empty names, weights that are not positive numbers, and times that are no whole numbers.
    """
    table = _read(path, ("user", "item"))
    if TIME in table.column_names:
        table = table.set_column(table.column_names.index(TIME), TIME, _times(path, table[TIME]))
    if WEIGHT not in table.column_names:
        return table.append_column(WEIGHT, pa.repeat(1.0, table.num_rows))
    return table.set_column(table.column_names.index(WEIGHT), WEIGHT, _weights(path, table[WEIGHT]))


def read_ties(path: Path) -> pa.Table:
    """Read a file with header `user friend` as strings."""
    return _read(path, ("user", "friend"))


def read_texts(path: Path) -> pa.Table:
    """Read a file with header `item text` as strings; an item may have several rows."""
    return _read(path, ("item", "text"), may_be_empty="text")


def _read(path: Path, wanted: tuple[str, ...], may_be_empty: str = "") -> pa.Table:
    if not path.is_file():
        raise UserError(f"{path} is not a file")
    try:
        table = pc_csv.read_csv(
            path,
            parse_options=pc_csv.ParseOptions(delimiter="\t", quote_char=False),
            convert_options=pc_csv.ConvertOptions(
                column_types=dict.fromkeys((*wanted, WEIGHT, TIME), pa.string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path} cannot be read as tab-separated text with a header: {reason}") from None
    for column in wanted:
        if column not in table.column_names:
            found = ", ".join(table.column_names)
            raise UserError(f"{path} has no column {column} (it has {found}): the header must be {' '.join(wanted)}")
        if column != may_be_empty and (empty := pc.index(table[column], "").as_py()) >= 0:
            raise UserError(f"{path} column {column} is empty in data row {empty + 1}")
    optional = [name for name in (WEIGHT, TIME) if "item" in wanted and name in table.column_names]
    return table.select([*wanted, *optional])


def _times(path: Path, texts: pa.ChunkedArray) -> pa.Array:
    values = []
    for number, text in enumerate(texts.to_pylist(), 1):
        if not text.strip().lstrip("-").isdecimal():
            raise UserError(f"{path} column {TIME} holds {text!r} in data row {number}: it must be a whole number")
        values.append(int(text))
    return pa.array(values, pa.int64())


def _weights(path: Path, texts: pa.ChunkedArray) -> pa.Array:
    values = []
    for number, text in enumerate(texts.to_pylist(), 1):
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 < value < float("inf"):
            raise UserError(f"{path} column {WEIGHT} holds {text!r} in data row {number}: it must be a number above 0")
        values.append(value)
    return pa.array(values, pa.float64())
