"""Landing days whose questions may still wait for an answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta


def open_days(landed: Iterable[str], ds: str, n_days: int) -> list[str]:
    """Landing days from `n_days` - 1 days before `ds` up to it, oldest first."""
    oldest = day_before(ds, n_days - 1)
    return sorted(day for day in landed if oldest <= day <= ds)


def day_before(ds: str, n_days: int = 1) -> str:
    """Day so many days before another."""
    return (date.fromisoformat(ds) - timedelta(days=n_days)).isoformat()
