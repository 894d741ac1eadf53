"""Everything below a folder, as somebody reads it who looks for something."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq


def texts_below(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each file as text, Parquet by its rows; secrets aside."""
    for file in folder.rglob("*"):
        if file.is_file() and "secrets" not in file.parts:
            is_rows = file.suffix == ".parquet" and "_delta_log" not in file.parts
            yield file, str(pq.ParquetFile(file).read().to_pylist()) if is_rows else file.read_text(errors="replace")
