"""Contracts of all tables: columns, types, keys, checks. Standard library only."""

from socialrec.contracts.bronze import BRONZE, BRONZE_PICTURES, QUARANTINE, QUARANTINED_PICTURES
from socialrec.contracts.columns import Table
from socialrec.contracts.gold import GOLD
from socialrec.contracts.silver import SILVER

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        *(*BRONZE.values(), BRONZE_PICTURES, *QUARANTINE.values(), QUARANTINED_PICTURES),
        *(*SILVER.values(), *GOLD),
    )
}
"""Tables of the lake by name, in the order of the data flow."""
