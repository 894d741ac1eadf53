"""Forms of the values in landing files; `contracts/entities` has the columns of each kind of file."""

from __future__ import annotations

EXAMPLES: dict[str, str] = {
    "string": "text, such as Red kite",
    "int64": "a whole number, such as 1999",
    "float64": "a number with a decimal point, such as 4.5",
    "bool": "true or false",
    "list of string": 'a JSON array of texts, such as ["images/a.png", "images/b.png"], or images/a.png;images/b.png',
    "timestamp": "ISO 8601 with an offset, Z or none (UTC), such as 2026-01-31T09:00:00Z, or seconds since 1970",
}
"""Format of a value with an example, by type."""

EARLIEST_YEAR = 1990
"""Earliest plausible year; earlier times are broken clocks, and go to quarantine."""

LATEST_YEAR = 2199
"""Latest year of a record's time."""

OPEN_ENDS = frozenset({"until_ts"})
"""Columns in which a later time, such as 9999-12-31, means no end."""

NOTHING = ("null", "\\n", "nan", "nat", "none", "n/a", "#n/a", "<na>", "undefined", "nil", "-", "--", "[]", "{}")
"""Words that programs write for missing values, in any case."""

LISTABLE = frozenset({"title", "description", "category", "brand", "text", "topic"})
"""Columns of text that may be a list of texts in JSON and Parquet; they are joined by commas."""

PICTURE_FOLDER = "images"
"""Folder of a landing day with the pictures and videos that its records name; it may have folders of its own."""

FILE_FORMATS = ("parquet", "jsonl", "jsonl.gz", "csv", "csv.gz")
"""Endings of a landing file's name: `<entity>.<format>`, or `<entity>-<anything>.<format>` for several files."""
