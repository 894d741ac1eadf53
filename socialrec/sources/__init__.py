"""Importers into the landing format, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from socialrec.contracts.columns import day
from socialrec.errors import UserError

if TYPE_CHECKING:
    from socialrec.sources.landing import Imported

__all__ = ["SOURCES", "Order", "import_source", "newest_day", "platforms"]


@dataclass(frozen=True)
class Order:
    """Order of an import: landing folder, (newest) day, folder of raw files, folder of planted facts, and language of
    generated texts.
    """

    landing: Path
    ds: str
    data: Path | None
    truth: Path
    language: str | None = None


def _demo(order: Order) -> Imported:
    from socialrec.sources.demo.world import DemoWorld
    from socialrec.sources.demo.writing import write_demo

    if order.data is not None:
        raise UserError(f"source 'demo' makes its own data: leave out {order.data}")
    world = DemoWorld() if order.language is None else DemoWorld(language=order.language)
    return write_demo(order.landing, date.fromisoformat(order.ds), order.truth, world)


def _lastfm(order: Order) -> Imported:
    from socialrec.sources.lastfm import import_lastfm

    return import_lastfm(_folder(order, "lastfm", "the HetRec 2011 files"), order.landing, order.ds)


def _amazon(order: Order) -> Imported:
    from socialrec.sources.amazon import import_amazon

    return import_amazon(_folder(order, "amazon", "Amazon reviews"), order.landing, order.ds)


def _recbole(order: Order) -> Imported:
    from socialrec.sources.recbole import import_recbole

    return import_recbole(_folder(order, "recbole", "RecBole's atomic files"), order.landing, order.ds)


def _folder(order: Order, name: str, holding: str) -> Path:
    if order.data is None:
        raise UserError(f"source {name!r} needs the folder with {holding}: name it with DATA=<folder>")
    return order.data


GENERATED = "demo"
"""Source that makes its data itself, in a language to choose."""
SOURCES: dict[str, Callable[[Order], Imported]] = {
    GENERATED: _demo,
    "lastfm": _lastfm,
    "amazon": _amazon,
    "recbole": _recbole,
}
"""Importers by source, which write landing days, or keep earlier ones."""


def import_source(
    name: str, landing: Path, data: Path | None, ds: str, truth: Path | None = None, *, language: str | None = None
) -> Imported:
    """Import a source into the landing folder; `ds` is its newest landing day.

    Planted facts of generated sources go to `truth` (by default `truth/<name>` beside the landing folder), and their
    texts are in `language`. Raises UserError where there is no such source or language, or its data are missing or
    wrong.
    """
    if name not in SOURCES:
        raise UserError(f"no source {name!r}; there are: {', '.join(SOURCES)}")
    if language is not None and name != GENERATED:
        raise UserError(f"source {name!r} has texts of its own: leave out LANGUAGE={language}")
    return SOURCES[name](Order(landing, day(ds), data, truth or landing.parent / "truth" / name, language))


def platforms(landing: Path) -> list[str]:
    """Platforms that have delivered data, sorted."""
    if not landing.is_dir():
        return []
    return sorted(folder.name for folder in landing.iterdir() if not folder.name.startswith((".", "_")))


def newest_day(landing: Path) -> str | None:
    """Newest landing day over all platforms, None where nothing has landed; UserError on a folder's wrong name."""
    from socialrec.sources.landing import landed_days

    return max((ds for name in platforms(landing) for ds in landed_days(landing / name)), default=None)
