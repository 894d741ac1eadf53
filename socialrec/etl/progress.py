"""Pending work: landing days that bronze or silver lack, and whether a snapshot can be updated from the last one.

Nothing here needs Spark, so a job that finds nothing to do never starts it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from socialrec import __version__
from socialrec.contracts.columns import Table
from socialrec.etl.landing.files import LandingDay
from socialrec.lake import Lake


def day_tokens(lake: Lake, table: Table) -> dict[str, str]:
    """Input token of each day of a table, as `pack_tokens` recorded it in the commits."""
    return {
        day: json.loads(commit.fingerprint).get(day, "")
        for day, commit in lake.newest_commits(table).items()
        if commit.fingerprint.startswith("{")
    }


def pack_tokens(tokens: Mapping[str, str]) -> str:
    """Fingerprint of a commit that covers several days: JSON of a token per day."""
    return json.dumps(dict(tokens), sort_keys=True)


def landing_tokens(lake: Lake, tables: Iterable[Table], days: Sequence[LandingDay]) -> dict[str, str]:
    """Landing days that at least one of these bronze tables lacks in this content, with a token to commit for each.

    Files whose names, sizes and times are as recorded are not read again.
    """
    known = [day_tokens(lake, table) for table in tables]
    pending = {}
    for day in days:
        recorded = {tokens.get(day.ds, "") for tokens in known}
        stamp = day.stamp()
        seen = recorded.pop() if len(recorded) == 1 else ""
        if seen.partition(":")[0] == stamp:
            continue
        token = landing_token(day)
        if seen.partition(":")[2] != token.partition(":")[2]:
            pending[day.ds] = token
    return pending


def landing_token(day: LandingDay) -> str:
    """Token that bronze records of a landing day, `<stamp>:<content hash>`; reads every file."""
    return f"{day.stamp()}:{day.content()}"


def derived_tokens(lake: Lake, source: Table, until: str, *extra: object) -> dict[str, str]:
    """Token for each day of `source` up to `until`, which changes with the day's commit or the extras."""
    return {
        day: _digest((commit.attempt, *extra))[:16]
        for day, commit in lake.newest_commits(source).items()
        if day <= until
    }


@dataclass(frozen=True)
class IncrementalPlan:
    """Plan of a night's snapshot: from the previous snapshot (None: from scratch) and these days of input."""

    previous: str | None
    days: tuple[str, ...]
    fingerprint: str
    is_done: bool


def plan_roll(
    lake: Lake, targets: Sequence[Table], inputs: Sequence[Table], ds: str, *extra: object
) -> IncrementalPlan:
    """Continue from the newest earlier snapshot if its inputs have not changed since, else rebuild.

    `days` are those of the first input; the fingerprint covers all days of all inputs up to `ds`.
    """
    newest = {table.name: lake.newest_commits(table) for table in inputs}
    # A snapshot with other columns cannot be continued.
    columns = [column.name for table in targets for column in table.columns]

    def state(until: str) -> str:
        facts = [
            (name, day, commit.attempt)
            for name, commits in newest.items()
            for day, commit in sorted(commits.items())
            if day <= until
        ]
        return _digest((facts, columns, *extra))

    eve = (date.fromisoformat(ds) - timedelta(days=1)).isoformat()
    previous = lake.last_partition(targets[0], until=eve)
    if previous is not None and not _all_up_to_date(lake, targets, previous, state(previous)):
        previous = None
    days = [day for day in sorted(newest[inputs[0].name]) if (previous or "") < day <= ds]
    fingerprint = state(ds)
    return IncrementalPlan(previous, tuple(days), fingerprint, _all_up_to_date(lake, targets, ds, fingerprint))


def lookback(days: Iterable[str], window_days: int, known: Iterable[str]) -> list[str]:
    """Known days that are among `days` or at most `window_days` before one of them."""
    reach = {
        (date.fromisoformat(day) - timedelta(days=back)).isoformat() for day in days for back in range(window_days + 1)
    }
    return sorted(reach & set(known))


def _all_up_to_date(lake: Lake, targets: Sequence[Table], ds: str, fingerprint: str) -> bool:
    return all(lake.up_to_date(table, [ds], fingerprint) for table in targets)


def _digest(facts: object) -> str:
    return hashlib.sha256(repr((__version__, facts)).encode()).hexdigest()
