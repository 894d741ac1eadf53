"""The lake's tables as Airflow assets."""

from __future__ import annotations

from airflow.sdk import Asset

from socialrec.contracts import TABLES
from socialrec.contracts.columns import Table


def asset(table: Table) -> Asset:
    """The asset of one table, such as `gold.recommendations`."""
    return Asset(name=table.name, uri=f"socialrec://lake/{table.layer}/{table.noun}", group="lake")


def written_by(job: str) -> list[Asset]:
    """Assets of the tables whose contract names this job as their writer."""
    return [asset(table) for table in TABLES.values() if table.writer == job]
