"""Progress messages of benchmarks."""

from __future__ import annotations

import sys
from collections.abc import Callable

Progress = Callable[[str], None]


def to_standard_error(line: str) -> None:
    """Print progress on standard error; standard output is for the result."""
    print(line, file=sys.stderr, flush=True)
