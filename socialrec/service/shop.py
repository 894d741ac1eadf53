"""One home holds one shop: where a source lands, and which day a night of it works on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from socialrec.errors import UserError
from socialrec.settings import Settings, load_settings
from socialrec.sources import SOURCES, import_source, newest_day, platforms
from socialrec.sources.landing import Imported

DEFAULT_SOURCE = "demo"


def shop_of(settings: Settings, source: str | None) -> Settings:
    """The settings of the home that a source belongs to.

    That is this home where nothing else has landed in it, else a home of the source's own inside it: users and products
    of two shops must not be trained on as one.
    """
    others = set(platforms(settings.landing)) - {source}
    return load_settings(settings.home / source) if source and others else settings


def bring_in(settings: Settings, source: str | None, data: Path | None, ds: str | None = None) -> Imported | None:
    """Land a source, by default the demo world where nothing has landed; None where a person's own files are there.

    Raises UserError where the source is unknown or its data are missing.
    """
    if source is None and data is not None:
        raise UserError(f"which source is {data}? name it with SOURCE=<name>, one of: {', '.join(SOURCES)}")
    if source is None:
        if newest_day(settings.landing) is not None:
            return None
        source = DEFAULT_SOURCE
    return import_source(source, settings.landing, data, ds or yesterday())


def night_of(settings: Settings) -> str:
    """The newest landing day; UserError where nothing has landed."""
    newest = newest_day(settings.landing)
    if newest is None:
        raise UserError(f"nothing has landed in {settings.landing}: deliver files, or run `socialrec import demo`")
    return newest


def yesterday() -> str:
    """The newest whole day, UTC."""
    return (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
