"""Text tables that benchmarks read: CSV, or tab-separated without quotes, gzipped or not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
from pyarrow import csv

from socialrec.errors import UserError


def read_columns(file: Path, columns: Sequence[str]) -> list[list[str]]:
    """Read some columns of a file with a header line, as strings; missing values are empty strings.

    Files named `.csv` or `.csv.gz` are separated by commas; others by tabs, and take quotes as they are. Raises
    UserError where the file cannot be read or lacks a column.
    """
    is_tabbed = ".csv" not in file.suffixes
    parse = csv.ParseOptions(
        delimiter="\t" if is_tabbed else ",", quote_char=False if is_tabbed else '"', newlines_in_values=not is_tabbed
    )
    convert = csv.ConvertOptions(
        column_types={name: pa.string() for name in columns}, include_columns=list(columns), strings_can_be_null=False
    )
    try:
        table = csv.read_csv(file, parse_options=parse, convert_options=convert)
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise UserError(f"{file} cannot be read for {', '.join(columns)}: {' '.join(str(error).split())}") from None
    return [table[name].to_pylist() for name in columns]
