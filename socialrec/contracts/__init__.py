"""What each table is: columns, types, keys, checks. Standard library only."""

from socialrec.contracts.bronze import BRONZE, QUARANTINE
from socialrec.contracts.columns import Table
from socialrec.contracts.gold import GOLD
from socialrec.contracts.silver import SILVER

TABLES: dict[str, Table] = {
    table.name: table for table in (*BRONZE.values(), *QUARANTINE.values(), *SILVER.values(), *GOLD)
}
"""Every table of the lake by its name, left to right along the way of the data."""
