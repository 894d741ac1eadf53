"""CSV for spreadsheets: text that a spreadsheet would run as a formula is marked as text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from socialrec.display.visible import lines

_FORMULA = re.compile("[=+\\-@\t\n\uff1d\uff0b\uff0d\uff20]")
"""First characters with which spreadsheets begin a formula (OWASP, "CSV Injection"), the full-width ones too."""
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows below a header, as CSV. Numbers stay numbers, also those in text cells."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_as_text(column) for column in columns])
    writer.writerows([_as_text(cell) for cell in row] for row in rows)
    return text.getvalue()


def _as_text(cell: Any) -> Any:
    """Format a cell; a text is made visible, with an apostrophe where a spreadsheet would run it."""
    if not isinstance(cell, str):
        return cell
    cell = lines(cell)
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell
