"""Landing day of a run: resolved here, once, for scheduled, backfilled and manual runs."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from socialrec.contracts.columns import DAY_PATTERN
from socialrec.contracts.runs import NEWEST_DAY
from socialrec.errors import UserError


def resolve(ds_param: str | None, logical_date: datetime | None, run_after: datetime) -> str:
    """Resolve the landing day `YYYY-MM-DD` of a run.

    The `ds` Param where one is given, else the logical date (runs made by hand may have none), but never a day that was
    not over when the run was due, because the form fills in the current time. Days are UTC. Raises UserError where the
    Param is not a day, or one that had not begun.
    """
    if ds_param:
        day = _checked(ds_param)
        require_begun(day, run_after)
        return day.isoformat()
    last_whole_day = run_after.astimezone(UTC).date() - timedelta(days=1)
    if logical_date is None:
        return last_whole_day.isoformat()
    return min(logical_date.astimezone(UTC).date(), last_whole_day).isoformat()


def require_begun(day: date, now: datetime) -> None:
    """Raise UserError where a landing day (UTC) lies in the future."""
    today = now.astimezone(UTC).date()
    if day > today:
        raise UserError(f"{day} is in the future: choose a landing day up to {today}, or leave it empty for yesterday")


def newest_published(export: Path) -> str:
    """Find the newest day whose lists were published below this folder; UserError where there is none."""
    pointer = export / NEWEST_DAY
    if not pointer.exists():
        raise UserError(f"nothing was published yet below {export}: run the socialrec_nightly DAG first")
    return pointer.read_text(encoding="utf-8").strip()


def folder_name(dag_run_id: str) -> str:
    """Make the name of a run's folder of receipts from its id: Airflow's ids contain `:` and `+`."""
    return re.sub(r"^[.-]", "_", re.sub(r"[^A-Za-z0-9._-]", "-", dag_run_id))


def _checked(text: str) -> date:
    try:
        if DAY_PATTERN.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise UserError(f"Param ds {text!r} is not a day in the form YYYY-MM-DD, such as 2026-01-31")
