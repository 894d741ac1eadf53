"""Text tables that benchmarks read: CSV, or tab-separated without quotes, gzipped, zipped or not."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa
from pyarrow import csv

from socialrec.errors import UserError


def read_columns(file: Path, columns: Sequence[str]) -> list[list[str]]:
    """Read some columns of a file with a header line, as strings; missing values are empty strings.

    Files named `.csv` or `.csv.gz`, and the one file in a `.zip`, are separated by commas; others by tabs, and take
    quotes as they are. Raises UserError where the file cannot be read or lacks a column.
    """
    is_tabbed = not {".csv", ".zip"} & set(file.suffixes)
    parse = csv.ParseOptions(
        delimiter="\t" if is_tabbed else ",", quote_char=False if is_tabbed else '"', newlines_in_values=not is_tabbed
    )
    convert = csv.ConvertOptions(
        column_types={name: pa.string() for name in columns}, include_columns=list(columns), strings_can_be_null=False
    )
    try:
        with _opened(file) as opened:
            table = csv.read_csv(opened, parse_options=parse, convert_options=convert)
    except (OSError, pa.ArrowInvalid, KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"{file} cannot be read for {', '.join(columns)}: {' '.join(str(error).split())}") from None
    return [table[name].to_pylist() for name in columns]


@contextmanager
def _opened(file: Path) -> Iterator[Path | IO[bytes]]:
    """Open the first file of a zip; any other file is opened by pyarrow itself."""
    if file.suffix != ".zip":
        yield file
        return
    with zipfile.ZipFile(file) as archive, archive.open(archive.namelist()[0]) as opened:
        yield opened
