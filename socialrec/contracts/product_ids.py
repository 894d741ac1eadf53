"""Product ids from silver on: `<platform>:<id>`, so that two platforms may give one id to two products.

Where `etl.shared_ids` holds products, an id stays as the source gives it. `etl.keys` makes the same ones inside Spark.
"""

from __future__ import annotations

SEPARATOR = ":"
"""Separator, which no platform's name contains."""


def qualified_id(platform: str, source_id: str) -> str:
    """Make silver's id for a product of a platform."""
    return f"{platform}{SEPARATOR}{source_id}"


def source_id(product_id: str, platform: str) -> str:
    """Return the source's id of a product of this platform; a shared id is returned unchanged."""
    return product_id.removeprefix(f"{platform}{SEPARATOR}")
