"""One night of silver: duplicates, repeats, ids that meet nothing.

What is particular to one entity stands in `etl.entities`.
"""
