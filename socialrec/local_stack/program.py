"""Description of a process of a home."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Program:
    """Process that serves until it is stopped, or with `is_once` one that ends after its work."""

    command: list[str]
    environment: dict[str, str]
    address: tuple[str, int] | None = None
    """Host and port; programs started later wait until somebody listens there."""
    is_once: bool = False
    mark: Path | None = None
    """File created once the program has done its work; if it exists, the program is skipped."""
    user: str | None = None
    """User to run as; None means the user who started the supervisor."""

    @property
    def is_done(self) -> bool:
        """True if the work is already done."""
        return self.mark is not None and self.mark.exists()
