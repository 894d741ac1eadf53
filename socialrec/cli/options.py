"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Home folder; by default SOCIALREC_HOME, else .socialrec")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs")]
DayOption = Annotated[str | None, typer.Option("--ds", help="Landing day, YYYY-MM-DD; by default the newest")]
UserArgument = Annotated[str, typer.Argument(help="A user's id as it landed, or 8 or more digits of a user key")]
