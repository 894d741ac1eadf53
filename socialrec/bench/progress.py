"""How benchmarks tell people how far they are."""

from __future__ import annotations

import sys
from collections.abc import Callable

Progress = Callable[[str], None]


def to_standard_error(line: str) -> None:
    """Progress for people; standard output is for the result."""
    print(line, file=sys.stderr, flush=True)
