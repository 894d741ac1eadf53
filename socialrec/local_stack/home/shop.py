"""One shop per home: the home of a source, and the day and model of a night."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from socialrec.errors import UserError
from socialrec.orchestration.run_date import require_begun
from socialrec.settings import Settings, load_settings
from socialrec.sources import GENERATED, SOURCES, import_source, newest_day, platforms
from socialrec.sources.landing import Imported, landed_days


def shop_of(settings: Settings, source: str | None) -> Settings:
    """Settings of the home that a source belongs to.

    That is this home where nothing else has landed in it, else a home of the source's own inside it: users and products
    of two shops must not share a training.
    """
    others = set(platforms(settings.landing)) - {source}
    return load_settings(settings.home / source) if source and others else settings


def bring_in(
    settings: Settings, source: str | None, data: Path | None, ds: str | None = None, *, language: str | None = None
) -> Imported | None:
    """Land a source, by default the demo world where nothing has landed; None where a person's own files have landed.

    Raises UserError where the source or its language is unknown or its data are missing.
    """
    if source is None and data is not None:
        raise UserError(f"which source is {data}? name it with SOURCE=<name>, one of: {', '.join(SOURCES)}")
    if source is None:
        if newest_day(settings.landing) is not None:
            return None
        source = GENERATED
    return import_source(source, settings.landing, data, ds or yesterday(), language=language)


def night_of(settings: Settings, wanted: str | None = None) -> str:
    """Landing day of a night: the requested one, else the newest.

    Raises UserError where nothing has landed up to it, or it lies in the future.
    """
    newest = newest_day(settings.landing)
    if newest is None:
        raise UserError(f"nothing has landed in {settings.landing}: deliver files, or run `socialrec import demo`")
    if wanted is None:
        return newest
    require_begun(date.fromisoformat(wanted), datetime.now(UTC))
    oldest = min(days[0] for name in platforms(settings.landing) if (days := landed_days(settings.landing / name)))
    if wanted < oldest:
        raise UserError(f"nothing has landed up to {wanted}: the days in {settings.landing} are {oldest} to {newest}")
    return wanted


def require_version(text: str | None) -> str | None:
    """Check a registered version's number as typed; UserError where it is no number."""
    if text is not None and not re.fullmatch("[1-9][0-9]*", text):
        raise UserError(f"model version {text!r} is not a version's number, such as 3")
    return text


def yesterday() -> str:
    """Newest complete day, UTC."""
    return (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
