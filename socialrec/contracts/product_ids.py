"""Product ids from silver on: `<platform>:<id>`, so that two platforms may give one id to two products.

Where `etl.shared_ids` holds products, an id stays as the source gives it. `etl.keys` makes the same ones inside Spark.
"""

from __future__ import annotations

SEPARATOR = ":"
"""No platform's name holds it."""


def qualified_id(platform: str, source_id: str) -> str:
    """The id that silver gives to a product of a platform."""
    return f"{platform}{SEPARATOR}{source_id}"


def source_id(product_id: str, platform: str) -> str:
    """The id that the source gives to a product of this platform; an id that is shared is returned as it is."""
    return product_id.removeprefix(f"{platform}{SEPARATOR}")
