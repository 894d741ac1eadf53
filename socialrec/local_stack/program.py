"""What a process of a home is, before it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Program:
    """A process that serves until it is stopped, or with `is_once` one that does something and ends."""

    command: list[str]
    environment: dict[str, str]
    address: tuple[str, int] | None = None
    """Host and port; what starts after it waits until somebody listens there."""
    is_once: bool = False
    mark: Path | None = None
    """Made once the program has done its work: where it is, there is nothing to do again."""
    user: str | None = None
    """Runs as this user; None means as the one who started it all."""

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to do again."""
        return self.mark is not None and self.mark.exists()
