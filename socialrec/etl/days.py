"""Landing days of platforms, which begin and end by the platform's own time zone."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from socialrec.settings.etl import PlatformSettings

Platforms = Mapping[str, PlatformSettings]


def local_day(moment: Column, platforms: Platforms) -> Column:
    """Day of a time in the time zone of its row's `platform`: UTC where the settings name no other zone."""
    local = moment
    for name, settings in sorted(platforms.items()):
        local = F.when(F.col("platform") == name, F.from_utc_timestamp(moment, settings.time_zone)).otherwise(local)
    return F.to_date(local)


def age_in_days(moment: Column, day: Column, platforms: Platforms) -> Column:
    """Whole days from a time to a day (date) of the row's platform, never below 0; 0 for an unknown time."""
    return F.greatest(F.datediff(day, F.coalesce(local_day(moment, platforms), day)), F.lit(0))
