"""Landing to bronze and quarantine: validation of records, refusal of erased users.

Cleaning and pseudonyms belong to `etl.silver`.
"""
