"""Console of commands: text drawn with rich is made visible on its way to the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from socialrec.display.visible import lines


class VisibleConsole(Console):
    """Console whose texts contain no control characters; its own colours and cursor moves stay."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render an object with its text made visible."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=lines(segment.text))


def console(**options: Any) -> VisibleConsole:
    """Make a console for the messages of a command, without wrapping of long lines."""
    return VisibleConsole(**{"highlight": False, "soft_wrap": True, **options})
