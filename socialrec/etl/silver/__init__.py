"""One night of silver: duplicates, repeats, unknown ids.

Code of one entity belongs to `etl.entities`.
"""
