"""The command `socialrec bench`, and what its benchmarks share."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

SeedsOption = Annotated[int, typer.Option("--seeds", min=1, help="Number of splits to average over")]
WithoutOption = Annotated[
    str, typer.Option("--without", help="Signals to leave out by turns, such as social,opinion: paired tests")
]

bench = typer.Typer(no_args_is_help=True, help="Benchmarks against peers; each ends with one JSON object on a line.")


def public_data() -> Path | None:
    """Folder of the public data sets that the environment names."""
    return Path(named) if (named := os.environ.get("SOCIALREC_DATA_DIR")) else None


def print_result(line: str, as_json: bool) -> None:
    """Print a benchmark's line of JSON, or the same over several lines for people."""
    print(line if as_json else json.dumps(json.loads(line), indent=2))
